/* SPDX-License-Identifier: MIT */
/* Several CPUs, inside the architecture: smp.c, smp_call.c, tlb.c, clock_sync.c. */
#ifndef X86_SMP_H
#define X86_SMP_H

#include <core/compiler.h>
#include <x86/percpu.h>

/* One CPU that is being started; the table is shared with smp_boot.S. */
struct smp_slot {
	uint32_t apic_id;
	struct percpu *cpu;
};

/* All CPUs online, by id; the first smp_cpus entries count. Written during boot only. */
extern struct percpu *percpu_table[ARCH_MAX_CPUS];
extern unsigned smp_cpus;

/*
 * Starts the CPUs of these local APIC ids and waits for them, a second at most; how many came.
 * Thread context, interrupts on. Boot; tests call it for one that is not there.
 */
unsigned smp_start(const uint32_t *apic_ids, unsigned n);

/* smp_call.c: as arch_call_others(), for the CPUs in mask (bit n: CPU n), this one not among them. */
void smp_call(uint64_t mask, void (*fn)(void *), void *arg, bool wait);
/* VECTOR_CALL, VECTOR_RESCHED, VECTOR_HALT; sends the EOI. */
void smp_interrupt(unsigned vector);
/* Told of each NMI: does not return if it came to stop this CPU. */
void smp_nmi(void);

/*
 * tlb.c. tlb_flush: the app's pages in [start, end) were changed; returns when no CPU uses what stood
 * there before. everywhere: rights were taken away, or pages; else only this CPU is flushed. tables:
 * page-table pages were taken out, too. tlb_flush_core: rights in the core's half changed.
 */
void tlb_flush(uintptr_t start, uintptr_t end, bool everywhere, bool tables);
void tlb_flush_core(void);
/* Round the halt of an idle CPU, interrupts off before it: meanwhile it need not be flushed. */
void tlb_idle_enter(void);
void tlb_idle_leave(void);

/* clock.c: now, or the most it was ever told by any CPU. */
uint64_t clock_never_back(uint64_t now);

/* clock_sync.c: how the CPUs' counters stand to each other. */
enum clock_sync {
	CLOCK_IN_STEP,
	CLOCK_ADJUSTED, /* they did not, and have been set */
	CLOCK_APART,	/* they differ and cannot be set */
};
struct clock_counter {
	uint64_t (*read)(void);
	void (*adjust)(int64_t ticks); /* adds to this CPU's counter; NULL: cannot be done */
};
/* All CPUs online take part. off: by how many ticks they differed at most. Thread context. */
enum clock_sync clock_sync(const struct clock_counter *counter, uint64_t *off);

#endif
