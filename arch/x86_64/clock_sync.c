/* SPDX-License-Identifier: MIT */
/*
 * Whether the counters of all CPUs are in step, and setting those that are not by the boot CPU's.
 * All CPUs read in turns under one lock: a reading below the one before it tells that they differ
 * (counters of which no such reading is found nobody can tell apart, which is enough). The boot CPU
 * has the first turn and the last, so that a difference is found too where CPUs hardly run at the same
 * time, if only it is more than the time between. Boot; tests bring counters of their own. Bounded.
 */
#include <arch/clock.h>
#include <arch/smp.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <x86/smp.h>

#define ROUNDS	  400
#define EXCHANGES 64
#define TRIES	  4
#define GATHER_NS (20 * NSEC_PER_MSEC)

static struct {
	struct spinlock lock; /* guards last and most */
	uint64_t last, most;
	const struct clock_counter *counter;
	uint32_t arrived, done;
	uint64_t give_up; /* monotonic time: CPUs that have not come do it without the others */
} turns;

static void take_turn(void)
{
	uint64_t now;

	spin_lock(&turns.lock);
	now = turns.counter->read();
	if (now < turns.last)
		turns.most = max(turns.most, turns.last - now);
	turns.last = now;
	spin_unlock(&turns.lock);
}

/* On each CPU, interrupts off. */
static void take_turns(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&turns.arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&turns.arrived, __ATOMIC_ACQUIRE) < arch_cpu_count() &&
	       arch_clock_now() < turns.give_up)
		arch_cpu_relax();
	for (int i = 0; i < ROUNDS; i++) {
		take_turn();
		arch_cpu_relax();
	}
	__atomic_add_fetch(&turns.done, 1, __ATOMIC_RELEASE);
}

/* By how many ticks a reading was below the one before it. */
static uint64_t difference(const struct clock_counter *counter)
{
	unsigned long irq;

	turns.last = turns.most = 0;
	turns.arrived = turns.done = 0;
	turns.counter = counter;
	turns.give_up = arch_clock_now() + GATHER_NS;
	take_turn();
	arch_call_others(take_turns, NULL, false);
	irq = arch_irq_save();
	take_turns(NULL);
	arch_irq_restore(irq);
	while (__atomic_load_n(&turns.done, __ATOMIC_ACQUIRE) < arch_cpu_count())
		arch_cpu_relax();
	take_turn();
	return turns.most;
}

static struct {
	uint32_t asked, answered;
	uint64_t answer;
	const struct clock_counter *counter;
} exchange;

/* On the CPU that is to be set, interrupts off. */
static void answer(void *unused)
{
	(void)unused;
	for (uint32_t i = 1; i <= EXCHANGES; i++) {
		while (__atomic_load_n(&exchange.asked, __ATOMIC_ACQUIRE) < i)
			arch_cpu_relax();
		exchange.answer = exchange.counter->read();
		__atomic_store_n(&exchange.answered, i, __ATOMIC_RELEASE);
	}
}

/*
 * How far the counter of CPU id is behind this one's: the answer of the shortest exchange was read
 * halfway between asking and having it, give or take half of its time.
 */
static int64_t behind(unsigned id, const struct clock_counter *counter)
{
	uint64_t shortest = UINT64_MAX;
	int64_t found = 0;

	exchange.counter = counter;
	exchange.asked = exchange.answered = 0;
	smp_call(1ull << id, answer, NULL, false);
	for (uint32_t i = 1; i <= EXCHANGES; i++) {
		uint64_t before = counter->read(), after;

		__atomic_store_n(&exchange.asked, i, __ATOMIC_RELEASE);
		while (__atomic_load_n(&exchange.answered, __ATOMIC_ACQUIRE) < i)
			arch_cpu_relax();
		after = counter->read();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		found = (int64_t)(before + shortest / 2 - exchange.answer);
	}
	return found;
}

struct adjustment {
	const struct clock_counter *counter;
	int64_t ticks;
};

static void adjust(void *arg)
{
	const struct adjustment *a = arg;

	a->counter->adjust(a->ticks);
}

enum clock_sync clock_sync(const struct clock_counter *counter, uint64_t *off)
{
	uint64_t most = difference(counter);

	*off = most;
	if (!most)
		return CLOCK_IN_STEP;
	for (int try = 0; try < TRIES && counter->adjust; try++) {
		for (unsigned id = 1; id < arch_cpu_count(); id++) {
			struct adjustment a = {counter, behind(id, counter)};

			arch_call_cpu(id, adjust, &a);
		}
		if (!difference(counter))
			return CLOCK_ADJUSTED;
	}
	return CLOCK_APART;
}
