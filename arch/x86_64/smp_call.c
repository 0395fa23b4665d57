/* SPDX-License-Identifier: MIT */
/*
 * Calls between CPUs (contract: arch/smp.h). Each CPU has one slot for its call and one word with a
 * bit for each CPU that has a call for it. Whoever sets the first bit of a word interrupts its owner,
 * so calls that come meanwhile need no interrupt of their own. No lock: a slot belongs to its CPU
 * until its bits are set, then to the called ones until they have counted it down to zero.
 */
#include <arch/clock.h>
#include <arch/smp.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/percpu.h>
#include <x86/smp.h>

#define HALT_LIMIT_NS (500 * NSEC_PER_MSEC)
#define NOBODY	      UINT32_MAX

static uint32_t halting = NOBODY; /* the CPU that stops the others */
static uint64_t halted;		  /* bit n: CPU n has stopped */

static inline uint64_t others(void)
{
	uint64_t all = smp_cpus == 64 ? ~0ull : (1ull << smp_cpus) - 1;

	return all & ~(1ull << arch_cpu_id());
}

static void run(struct call *c)
{
	void (*fn)(void *) = c->fn;
	void *arg = c->arg;

	/* Nobody waits: the slot may be used again as soon as all have taken the call. */
	if (!c->wait) {
		__atomic_sub_fetch(&c->left, 1, __ATOMIC_RELEASE);
		fn(arg);
		return;
	}
	fn(arg);
	__atomic_sub_fetch(&c->left, 1, __ATOMIC_RELEASE);
}

/* Runs what other CPUs have asked for. Interrupts off. */
static void serve(struct percpu *p)
{
	uint64_t from = __atomic_exchange_n(&p->calls, 0, __ATOMIC_ACQ_REL);

	for (; from; from &= from - 1)
		run(&percpu_table[__builtin_ctzll(from)]->call);
}

/* Until p's call is taken, or done; meanwhile the others may wait for this CPU. */
static void wait_done(struct percpu *p)
{
	while (__atomic_load_n(&p->call.left, __ATOMIC_ACQUIRE)) {
		unsigned long irq = arch_irq_save();

		serve(p);
		arch_irq_restore(irq);
		arch_cpu_relax();
	}
}

void smp_call(uint64_t mask, void (*fn)(void *), void *arg, bool wait)
{
	struct percpu *p = percpu();
	uint64_t me = 1ull << p->id, ring = 0;

	BUG_ON(mask & me);
	if (!mask)
		return;
	wait_done(p); /* the last one, if nobody waited for it */
	p->call = (struct call){fn, arg, 0, wait};
	for (uint64_t m = mask; m; m &= m - 1)
		p->call.left++;
	for (uint64_t m = mask; m; m &= m - 1) {
		unsigned id = __builtin_ctzll(m);

		if (!__atomic_fetch_or(&percpu_table[id]->calls, me, __ATOMIC_SEQ_CST))
			ring |= 1ull << id;
	}
	if (ring == others() && ring & (ring - 1)) {
		apic_send_others(APIC_FIXED | VECTOR_CALL);
		ring = 0;
	}
	for (; ring; ring &= ring - 1)
		apic_send(percpu_table[__builtin_ctzll(ring)]->apic_id, APIC_FIXED | VECTOR_CALL);
	if (wait)
		wait_done(p);
}

void arch_call_others(void (*fn)(void *), void *arg, bool wait)
{
	smp_call(others(), fn, arg, wait);
}

void arch_call_cpu(unsigned id, void (*fn)(void *), void *arg)
{
	unsigned long irq;

	BUG_ON(!arch_cpu_online(id));
	if (id != arch_cpu_id()) {
		smp_call(1ull << id, fn, arg, true);
		return;
	}
	irq = arch_irq_save();
	fn(arg);
	arch_irq_restore(irq);
}

void arch_send_resched(unsigned id)
{
	apic_send(percpu_table[id]->apic_id, APIC_FIXED | VECTOR_RESCHED);
}

static _Noreturn void halt_here(void)
{
	__atomic_or_fetch(&halted, 1ull << arch_cpu_id(), __ATOMIC_RELEASE);
	arch_halt();
}

void smp_interrupt(unsigned vector)
{
	apic_eoi();
	if (vector == VECTOR_CALL)
		serve(percpu());
	else if (vector != VECTOR_RESCHED) /* which is over: the way out looks at the work word */
		halt_here();
}

void smp_nmi(void)
{
	uint32_t by = __atomic_load_n(&halting, __ATOMIC_ACQUIRE);

	if (unlikely(by != NOBODY && by != arch_cpu_id()))
		halt_here();
}

/* Sends command to those of mask that run yet, and waits for them. */
static void halt_by(uint64_t mask, uint32_t command)
{
	uint64_t end = arch_clock_now() + HALT_LIMIT_NS;
	uint64_t left = mask & ~__atomic_load_n(&halted, __ATOMIC_ACQUIRE);

	for (; left; left &= left - 1)
		apic_send(percpu_table[__builtin_ctzll(left)]->apic_id, command);
	while (mask & ~__atomic_load_n(&halted, __ATOMIC_ACQUIRE) && arch_clock_now() < end)
		arch_cpu_relax();
}

void arch_halt_others(void)
{
	uint32_t me = arch_cpu_id(), by = NOBODY;
	uint64_t mask = others();

	if (!mask)
		return;
	if (!__atomic_compare_exchange_n(&halting, &by, me, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		if (by != me)
			halt_here();
		return;
	}
	/* Whoever holds a lock with interrupts off gives it back before it answers the first. */
	halt_by(mask, APIC_FIXED | VECTOR_HALT);
	halt_by(mask, APIC_NMI);
}
