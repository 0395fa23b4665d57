/* SPDX-License-Identifier: MIT */
/*
 * SYSENTER, which has no way back: Intel's processors take it in 64-bit mode, and the core answers
 * with a signal whose frame says ENOSYS in RAX; AMD's do not know it there. An instruction that faults
 * for another reason keeps its RAX.
 *
 * guest: run="--qemu '-cpu max,vendor=GenuineIntel'"
 * guest:
 */
#include "sigraw.h"
#include "vendor.h"

#define VALUE 0x1234567887654321

static const char *instruction;

static void sysenter(void)
{
	__asm__ volatile("sysenter" ::"a"(VALUE) : "rcx", "rdx", "memory");
}

static void clear_if(void)
{
	__asm__ volatile("cli" ::"a"(VALUE) : "memory");
}

static void caught_is(int sig, long vector, uint64_t ax)
{
	is(caught.sig, sig, instruction);
	is((long)caught.context.trapno, vector, "  its vector");
	is((long)caught.context.ax, (long)ax, "  RAX in its frame");
}

static void run(const char *name, void (*fn)(void), int sig, long vector, uint64_t ax)
{
	instruction = name;
	memset(&caught, 0, sizeof(caught));
	ok(trap_call(fn), "%s is an exception", name);
	caught_is(sig, vector, ax);
}

int main(void)
{
	catch_all();
	if (on_intel())
		run("SYSENTER", sysenter, S_SEGV, 13, (uint64_t)-38);
	else
		run("SYSENTER", sysenter, S_ILL, 6, VALUE);
	run("CLI", clear_if, S_SEGV, 13, VALUE);
	return done();
}
