/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints and watchpoints on the core and the app, at the tests' wish, on the CPU of the caller.
 * What an entry on an IST stack touches before it puts breakpoints off is refused: a #DB there would
 * start over on its own stack without end. So is what the CPU itself reads to enter.
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include "ops.h"
#include "testing.h"

#define DR7_ENABLE(n)	  (2ull << 2 * (n)) /* the global bits */
#define DR7_KIND(n, kind) ((uint64_t)(kind) << (16 + 4 * (n)))
#define STUB_SIZE	  16

extern const char entry_syscall[], return_iret[], vector_stubs[], entry_nmi[], nmi_run[], nmi_end[];
extern const char exception_paranoid_entry[], exception_paranoid_ready[], exceptions_end[];
extern void interrupt_dispatch(struct regs *r);
extern uint8_t cpu_paranoid_fsgsbase;
extern void __real_exception_paranoid(struct regs *r, unsigned vector, uint64_t error);
void __wrap_exception_paranoid(struct regs *r, unsigned vector, uint64_t error);
void __wrap_exception_user(struct regs *r, unsigned vector, uint64_t error);

static uint64_t hits, nested, flags;
static bool send_nmi, die;

void __wrap_exception_paranoid(struct regs *r, unsigned vector, uint64_t error)
{
	if (vector == VECTOR_DB) {
		hits++;
		nested += testing_in_nmi;
		flags = r->flags;
		if (die)
			*(volatile uint64_t *)0x4141414141414141 = 0;
		if (send_nmi) {
			send_nmi = false;
			testing_send_nmi();
		}
	}
	__real_exception_paranoid(r, vector, error);
}

static bool within(uintptr_t addr, const void *from, const void *to)
{
	return addr + 8 > (uintptr_t)from && addr < (uintptr_t)to;
}

static bool forbidden(uintptr_t addr)
{
	const struct percpu *p = percpu();
	const char *stub = vector_stubs + STUB_SIZE * VECTOR_DB;

	if (within(addr, stub, stub + 2 * STUB_SIZE) || within(addr, entry_nmi, nmi_run) ||
	    within(addr, exception_paranoid_entry, exception_paranoid_ready))
		return true;
	for (unsigned i = 1; i <= IST_COUNT; i++)
		if (within(addr, (char *)p->ist_top[i] - IST_STACK_SIZE, (char *)p->ist_top[i]))
			return true;
	return within(addr, p->gdt, &p->gdt[GDT_ENTRIES]) || within(addr, &p->tss, &p->tss + 1);
}

static void write_dr(unsigned n, uint64_t v)
{
	switch (n) {
	case 0:
		__asm__ volatile("movq %0, %%dr0" ::"r"(v));
		break;
	case 1:
		__asm__ volatile("movq %0, %%dr1" ::"r"(v));
		break;
	case 2:
		__asm__ volatile("movq %0, %%dr2" ::"r"(v));
		break;
	case 3:
		__asm__ volatile("movq %0, %%dr3" ::"r"(v));
		break;
	}
}

static long set(uintptr_t addr, unsigned kind)
{
	static unsigned next;
	uint64_t dr7;

	if (forbidden(addr))
		return -EPERM;
	if (kind != DEBUG_EXECUTE && kind != DEBUG_PORT && kind != DEBUG_WRITE &&
	    kind != DEBUG_ACCESS)
		return -EINVAL;
	__asm__ volatile("movq %%dr7, %0" : "=r"(dr7));
	if (!(dr7 & DR7_ENABLES))
		next = 0;
	if (next == 4)
		return -ENOSPC;
	write_dr(next, addr);
	dr7 |= DR7_ENABLE(next) | DR7_KIND(next, kind);
	next++;
	__asm__ volatile("movq %0, %%dr7" ::"r"(dr7));
	return 0;
}

static long symbol(unsigned which)
{
	const struct percpu *p = percpu();
	const void *at[] = {
		[DEBUG_AT_ENTRY] = entry_syscall,
		[DEBUG_AT_ENTRY_END] = return_iret,
		[DEBUG_AT_EXCEPTION] = (const void *)__wrap_exception_user,
		[DEBUG_AT_INTERRUPT] = (const void *)interrupt_dispatch,
		[DEBUG_AT_STUBS] = vector_stubs,
		[DEBUG_AT_STUBS_END] = exceptions_end,
		[DEBUG_AT_NMI] = entry_nmi,
		[DEBUG_AT_NMI_END] = nmi_end,
		[DEBUG_AT_PERCPU] = p,
		[DEBUG_AT_PERCPU_END] = &p->fpu_owner,
		[DEBUG_AT_COUNTERS] = p->interrupts,
		[DEBUG_AT_FSGSBASE] = &cpu_paranoid_fsgsbase,
		[DEBUG_AT_THREAD] = p->current,
	};

	return which < ARRAY_SIZE(at) ? (long)at[which] : -EINVAL;
}

/* Addresses of the core are negative as results: the caller gets them by a's pointer. */
static long tell_symbol(unsigned which, uint64_t where)
{
	long v = symbol(which);

	return copy_to_user((void __user *)where, &v, sizeof(v));
}

long sys_test_debug(unsigned op, uint64_t a, uint64_t b)
{
	switch (op) {
	case DEBUG_SET:
		return set(a, b);
	case DEBUG_CLEAR:
		__asm__ volatile("movq %0, %%dr7" ::"r"((uint64_t)DR7_FIXED));
		hits = nested = 0;
		return 0;
	case DEBUG_HITS:
		return (long)hits;
	case DEBUG_NESTED:
		return (long)nested;
	case DEBUG_SYMBOL:
		return tell_symbol(a, b);
	case DEBUG_FLAGS:
		return (long)flags;
	case DEBUG_DIE:
		die = true;
		return 0;
	case DEBUG_NMI:
		send_nmi = true;
		return 0;
	}
	return -EINVAL;
}
