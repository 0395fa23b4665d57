/* SPDX-License-Identifier: MIT */
/*
 * The trap flag: a trap after each instruction, over SYSCALL as over any other; a handler runs
 * without it and gives it back. POPF that sets it traps after the next instruction.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 */
#include "sigraw.h"

static uint64_t places[64];
static int traps, codes, with_tf;
static bool clear_after;

static void trap(int sig, struct raw_info *info, struct raw_context *c)
{
	uint64_t flags;

	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	if (traps < 64)
		places[traps] = c->ip;
	traps++;
	codes += sig == S_TRAP && info->code == 2 && info->addr == c->ip && c->trapno == 1 &&
		 !c->err && !(flags & 0x100);
	with_tf += !!(c->eflags & 0x100);
	if (clear_after)
		c->eflags &= ~0x100ul;
}

extern char stepped_nops[], stepped_call[], stepped_end[];
long step_nops(long n), step_call(long n);
__asm__(".text\n"
	".macro STEP_ON\n	pushf\n	orl $0x100, (%rsp)\n	popf\n	.endm\n"
	".macro STEP_OFF\n	pushf\n	andl $~0x100, (%rsp)\n	popf\n	.endm\n"
	"step_nops:\n"
	"	STEP_ON\n"
	"stepped_nops:\n"
	"	nop\n"	    /* 1: trap behind it */
	"	nop\n"	    /* 2 */
	"	STEP_OFF\n" /* pushf, and, popf: two traps, as POPF clears it first */
	"	ret\n"
	"step_call:\n"
	"	mov %rdi, %rax\n"
	"	STEP_ON\n"
	"stepped_call:\n"
	"	nop\n"
	"	syscall\n" /* 2 bytes; the trap comes after the instruction behind it */
	"	nop\n"
	"	nop\n"
	"	STEP_OFF\n"
	"	ret\n");

static void check_nops(void)
{
	uint64_t at = (uintptr_t)stepped_nops;

	traps = codes = with_tf = 0;
	step_nops(0);
	is(traps, 5, "two NOPs and the way out are five traps");
	is(codes, traps, "each a TRAP_TRACE at its place, its handler without TF");
	is(with_tf, traps - 1, "which the frame has, but behind the POPF that cleared it");
	is((long)places[0], (long)at + 1, "the first comes after the first instruction");
	is((long)places[1], (long)at + 2, "the second after the second");
}

/* IRET gives TF back, which traps after one more instruction; SYSRET would trap at once. */
static void check_call(const char *name, long number, long wanted)
{
	uint64_t at = (uintptr_t)stepped_call;
	long result;

	traps = codes = with_tf = 0;
	result = step_call(number);
	is(result, wanted, name);
	is(codes, traps, "  each trap is a TRAP_TRACE at its place");
	is((long)places[0], (long)at + 1, "  one before the call");
	is((long)places[1], (long)at + 4, "  the next after the instruction behind it");
	ok(places[traps - 3] == at + 5 || traps >= 5, "  and so on");
}

static void fault_with_tf(void)
{
	__asm__ volatile("pushf; orl $0x100, (%%rsp); popf; ud2" ::: "memory");
}

int main(void)
{
	catch_all();
	action(S_TRAP, trap, 0, 0);
	check_nops();
	check_call("a step over a system call", NR_getpid, raw1(NR_getpid, 0));
	check_call("over an unknown one", 999, -38);
	check_call("over one without a number", -1, -38);
	clear_after = true;
	traps = 0;
	step_nops(0);
	is(traps, 1, "a handler that clears TF ends it");
	traps = 0;
	ok(trap_call(fault_with_tf) && caught.sig == S_ILL && caught.context.eflags & 0x100,
	   "a fault's frame has TF");
	is(traps, 0, "and no trap comes before it");
	return done();
}
