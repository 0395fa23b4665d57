/* SPDX-License-Identifier: MIT */
/*
 * Translations that CPUs keep of page tables that have changed: flushing here and on the others.
 *
 * A CPU that halts in the idle loop says so in its word. A change of the app's pages then only marks
 * the word: the CPU flushes when it wakes, before anything can run that touches the app's half. Marking
 * and waking are atomic exchanges of one word and the page tables change before the marking, so either
 * the CPU sees the mark or who changes sees that it is awake and interrupts it.
 *
 * Where page-table pages were taken out, idle CPUs are interrupted too: they may walk the tables
 * speculatively, through what they keep of the upper levels, when the pages hold something else
 * already (SDM volume 3, section 4.10.4).
 */
#include <core/compiler.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include <x86/smp.h>

#define FLUSH_PAGES_MAX 32 /* above that the whole TLB is cheaper */

/* percpu.tlb */
enum {
	TLB_ACTIVE, /* 0: must be told at once */
	TLB_IDLE,
	TLB_STALE, /* idle, and flushes when it wakes */
};

struct range {
	uintptr_t start, end;
};

static void flush_all_user(void)
{
	write_cr3(read_cr3()); /* the app's pages are never global */
}

static void flush_range(void *arg)
{
	const struct range *r = arg;

	if ((r->end - r->start) / PAGE_SIZE > FLUSH_PAGES_MAX) {
		flush_all_user();
		return;
	}
	for (uintptr_t va = r->start; va < r->end; va += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* True if CPU p idles and has been told to flush when it wakes. */
static bool leave_mark(struct percpu *p)
{
	uint32_t idle = TLB_IDLE;

	return __atomic_compare_exchange_n(&p->tlb, &idle, TLB_STALE, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST) ||
	       idle == TLB_STALE;
}

static __noinline void flush_others(struct range *r, bool tables)
{
	uint64_t mask = 0;

	for (unsigned id = 0; id < smp_cpus; id++)
		if (id != arch_cpu_id() && (tables || !leave_mark(percpu_table[id])))
			mask |= 1ull << id;
	smp_call(mask, flush_range, r, true);
}

void tlb_flush(uintptr_t start, uintptr_t end, bool everywhere, bool tables)
{
	struct range r = {start, end};

	flush_range(&r);
	if (everywhere && smp_cpus > 1)
		flush_others(&r, tables);
}

/* Global pages outlive a CR3 write. SDM volume 3, section 4.10.4.1. */
static void flush_core(void *unused)
{
	(void)unused;
	if (!cpu_features.pge) {
		write_cr3(read_cr3());
		return;
	}
	write_cr4(read_cr4() & ~CR4_PGE);
	write_cr4(read_cr4() | CR4_PGE);
}

void tlb_flush_core(void)
{
	flush_core(NULL);
	smp_call(((1ull << (smp_cpus - 1)) - 1) << 1, flush_core, NULL, true);
}

void tlb_idle_enter(void)
{
	/* What was read of the app's half before, the store does not overtake. */
	__atomic_store_n(&percpu()->tlb, TLB_IDLE, __ATOMIC_RELEASE);
}

void tlb_idle_leave(void)
{
	if (__atomic_exchange_n(&percpu()->tlb, TLB_ACTIVE, __ATOMIC_SEQ_CST) == TLB_STALE)
		flush_all_user();
}
