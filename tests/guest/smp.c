/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: set up alike, calling each other, sharing the core's allocators, log, timers and
 * clock, and never writing by a mapping that is gone. The work is done in the core (tests/core/smp.c).
 *
 * guest: core=testing run="--smp 1" args="1"
 * guest: core=testing run="--smp 2" args="2"
 * guest: core=testing run="--smp 4" args="4"
 * guest: core=testing run="--smp 4 --qemu '-cpu qemu64'" args="4"
 * guest: core=testing run="--smp 4 --icount" args="4 slow" timeout=120
 * guest: core=testing run="--smp 4 --cmdline cpus=2" args="2"
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "tap.h"

#define TEST_CPU_STATE 1019
#define TEST_SMP       1020

/* As in tests/core/smp.c. */
enum {
	COUNT,
	HAMMER,
	CALLS,
	SHOOTDOWN,
	IDLE_FLUSH,
	CLOCK,
	NEVER_BACK,
	TIMER,
	RESCHED,
	ABSENT,
	PANIC,
	BATCH,
	SEALED,
};
enum {
	IN_STEP,
	ADJUSTED,
	APART
};

struct state {
	unsigned long apic_id, cr0, cr3, cr4, efer, star, lstar, cstar, sfmask;
	unsigned long gs_base, block, tr, tss_sp, stack_top, sp, idt, gdt, xcr0, canary, apic_base;
	unsigned long ist[4], interrupts_on, sysenter_cs;
};

#define MAX_CPUS 64
#define APIC_BSP 0x100 /* of the APIC base: the boot CPU */

static struct state cpu[MAX_CPUS];

static long smp(int what, unsigned long a, unsigned long b)
{
	return raw(TEST_SMP, what, a, b, 0, 0, 0);
}

static void check_alike(int n)
{
	const struct state *s = &cpu[n], *boot = &cpu[0];

	is(s->cr0, boot->cr0, "CR0 is the boot CPU's");
	is(s->cr3, boot->cr3, "CR3");
	is(s->cr4, boot->cr4, "CR4");
	is(s->efer, boot->efer, "EFER");
	is(s->star, boot->star, "STAR");
	is(s->lstar, boot->lstar, "LSTAR");
	is(s->cstar, boot->cstar, "CSTAR");
	is(s->sfmask, boot->sfmask, "SFMASK");
	is(s->sysenter_cs, boot->sysenter_cs, "SYSENTER_CS");
	is(s->idt, boot->idt, "the IDT");
	is(s->tr, boot->tr, "the task register");
	is(s->xcr0, boot->xcr0, "XCR0");
	is(s->apic_base & ~APIC_BSP, boot->apic_base & ~APIC_BSP, "the local APIC's mode");
}

static void check_own(int n)
{
	const struct state *s = &cpu[n];

	is(s->gs_base, s->block, "GS leads to the CPU's block");
	is(s->gdt, 0, "the GDT is the block's");
	is(s->tss_sp, s->stack_top, "the TSS names the thread's stack");
	ok(s->sp < s->stack_top && s->stack_top - s->sp < 16384, "a call runs on that stack");
	ok(s->canary != 0 && !(s->canary & 0xff), "there is a canary");
	is(s->interrupts_on, 0, "a call runs with interrupts off");
	for (int i = 0; i < 4; i++)
		is(s->ist[i], s->block, "the interrupt stack's top leads to the block");
	for (int i = 0; i < n; i++) {
		ok(cpu[i].apic_id != s->apic_id, "the APIC id is no other CPU's");
		ok(cpu[i].block != s->block, "nor the block");
		ok(cpu[i].stack_top != s->stack_top, "nor the stack");
		ok(cpu[i].canary != s->canary, "nor the canary");
	}
}

static void check_states(int cpus)
{
	for (int i = 0; i < cpus; i++) {
		is(raw(TEST_CPU_STATE, i, (long)&cpu[i], 0, 0, 0, 0), 0, "CPU answers");
		check_own(i);
		check_alike(i);
		is(smp(TIMER, i, 0) > 0, 1, "its own timer interrupts it");
		if (i)
			is(smp(RESCHED, i, 0), 1, "it is told to look at its work");
	}
	is(raw(TEST_CPU_STATE, cpus, (long)&cpu[0], 0, 0, 0, 0), -ESRCH, "there are no more");
}

static void check_shootdowns(int cpus, bool slow)
{
	unsigned long at = (unsigned long)mmap(NULL, 4 << 20, PROT_NONE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Where nothing is, in tables of its own. */
	munmap((void *)at, 4 << 20);
	at = (at + (2 << 20) - 1) & ~((2ul << 20) - 1);
	is(smp(SHOOTDOWN, slow ? 2000 : 100000, at), 0, "nothing is written by what is unmapped");
	if (cpus == 1)
		return;
	is(smp(IDLE_FLUSH, 0, at), 0, "an idle CPU flushes later, without an interrupt");
	is(smp(IDLE_FLUSH, 1, at), 100, "but at once where page tables go");
	is(smp(BATCH, at, 0), 1, "many pages go with one interrupt");
}

/* Setting them is tried again where the host kept a CPU for so long that none could be compared. */
static long set_clock(long ahead)
{
	long got = 0;

	for (int i = 0; i < 10 && got != ADJUSTED; i++)
		got = smp(CLOCK, ahead, 1);
	return got;
}

static void check_clocks(int cpus)
{
	is(smp(CLOCK, 0, 1), IN_STEP, "equal counters are in step");
	if (cpus > 1) {
		is(set_clock(1000000000000), ADJUSTED, "counters ahead are set");
		is(set_clock(-1000000000000), ADJUSTED, "counters behind are set");
		is(smp(CLOCK, 1000000000000, 0), APART, "what cannot be set is told");
	}
	is(smp(NEVER_BACK, 1000, 0), 1000, "time that nobody was told");
	is(smp(NEVER_BACK, 900, 0), 1000, "is not taken back");
	is(smp(NEVER_BACK, 1001, 0), 1001, "and goes on");
}

int main(int argc, char **argv)
{
	int cpus = argc > 1 ? atoi(argv[1]) : 1;
	bool slow = argc > 2;

	if (argc > 2 && !strcmp(argv[2], "panic"))
		return (int)smp(PANIC, atoi(argv[3]), 0);
	is(smp(COUNT, 0, 0), cpus, "all CPUs are up");
	check_states(cpus);
	is(smp(CALLS, slow ? 100 : 3000, 0), 0, "all CPUs call all CPUs");
	is(smp(HAMMER, slow ? 150 : 4000, 0), 0, "pages, heap, random numbers, timers, clock, log");
	is(smp(HAMMER, slow ? 80 : 2000, 1), 0, "the same with a timer of each CPU's own");
	is(smp(SEALED, 0, 0), 0, "no CPU writes to what is sealed");
	check_shootdowns(cpus, slow);
	check_clocks(cpus);
	is(smp(ABSENT, 0, 0), 0, "a CPU that does not answer is left out");
	is(smp(COUNT, 0, 0), cpus, "and the others are there");
	return done();
}
