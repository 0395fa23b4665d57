/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that are noted and not acted on: the next one from ring 3, at the app's wish; and those
 * that a stub of the IDT makes when it is entered by hand, with or without an error code.
 */
#include <abi/errno.h>
#include <core/syscall.h>
#include <x86/arch.h>
#include <x86/percpu.h>
#include "ops.h"

#define STUB_SIZE   16
#define ERROR_SHIFT 8

extern const char vector_stubs[];
extern void probe_stub(const char *stub, uint64_t error);
extern void __real_exception_user(struct regs *r, unsigned vector, uint64_t error);
extern void __real_exception_core(struct regs *r, unsigned vector, uint64_t error);
void __wrap_exception_user(struct regs *r, unsigned vector, uint64_t error);
void __wrap_exception_core(struct regs *r, unsigned vector, uint64_t error);

static bool catching, catching_core;
static uint64_t skip, flags;
static long taken;

static void note(unsigned vector, uint64_t error)
{
	taken = (long)(vector | error << ERROR_SHIFT);
}

void __wrap_exception_user(struct regs *r, unsigned vector, uint64_t error)
{
	uint64_t now;

	__asm__ volatile("pushfq; popq %0; cld" : "=r"(now));
	/* A page of the app's that is not there yet is nobody's test. */
	if (!catching || vector == VECTOR_PF) {
		__real_exception_user(r, vector, error);
		return;
	}
	catching = false;
	flags = now & (FLAGS_DF | FLAGS_AC);
	note(vector, error);
	r->ip += skip;
	r->flags &= ~(uint64_t)FLAGS_TF;
}

void __wrap_exception_core(struct regs *r, unsigned vector, uint64_t error)
{
	if (!catching_core) {
		__real_exception_core(r, vector, error);
		return;
	}
	catching_core = false;
	note(vector, error);
}

static long stub(unsigned vector, uint64_t error)
{
	bool paranoid = vector == VECTOR_NMI || vector == VECTOR_DB || vector == VECTOR_DF ||
			vector == VECTOR_MC;

	/* Those find the block by their own stack. */
	if (vector >= 32 || paranoid)
		return -EINVAL;
	taken = -1;
	catching_core = true;
	probe_stub(vector_stubs + STUB_SIZE * vector, error);
	__asm__ volatile("sti");
	return taken;
}

long sys_test_vectors(unsigned op, uint64_t a, uint64_t b)
{
	switch (op) {
	case VECTORS_CATCH:
		skip = a;
		taken = -1;
		catching = true;
		return 0;
	case VECTORS_TAKEN:
		catching = false;
		return taken;
	case VECTORS_FLAGS:
		return (long)flags;
	case VECTORS_STUB:
		return stub(a, b);
	}
	return -EINVAL;
}
