/* SPDX-License-Identifier: MIT */
/*
 * Timers in a tree by deadline; the hardware is armed for the earliest. A cancelled timer leaves it
 * armed: the interrupt finds nothing due and arms for the next, which is cheaper than arming twice
 * round every sleep that ends early.
 */
#include <arch/clock.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>

static bool timer_less(const struct tree_node *a, const struct tree_node *b)
{
	return container_of(a, struct timer, node)->deadline <
	       container_of(b, struct timer, node)->deadline;
}

static struct spinlock timer_lock;
static struct tree timers = {.less = timer_less};
static struct timer *running;		/* the one whose fire is being called */
static bool firing;			/* a CPU is in timer_interrupt() */
static uint64_t armed_for = TIME_NEVER; /* what the hardware waits for */

void time_init(void)
{
	uint64_t seconds = arch_wall_clock();

	if (!seconds)
		log_warn("clock: no wall clock: time starts in 1970");
	time_set_realtime(seconds * NSEC_PER_SEC);
}

uint64_t time_now(void)
{
	return arch_clock_now();
}

uint64_t time_realtime(void)
{
	return arch_clock_realtime();
}

void time_set_realtime(uint64_t ns)
{
	arch_clock_set_realtime(ns - time_now());
}

/* Timer lock held. */
static void arm(void)
{
	struct tree_node *n = tree_first(&timers);
	uint64_t deadline = n ? container_of(n, struct timer, node)->deadline : TIME_NEVER;

	if (deadline < armed_for) {
		armed_for = deadline;
		arch_timer_set(deadline);
	}
}

void timer_start(struct timer *t, uint64_t deadline)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);

	if (t->active)
		tree_remove(&timers, &t->node);
	t->deadline = deadline;
	t->active = true;
	tree_insert(&timers, &t->node);
	arm();
	spin_unlock_irqrestore(&timer_lock, irq);
}

void timer_cancel(struct timer *t)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);

	if (t->active) {
		tree_remove(&timers, &t->node);
		t->active = false;
	}
	spin_unlock_irqrestore(&timer_lock, irq);
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) == t)
		arch_cpu_relax();
}

/* The earliest timer if it is due, taken out. Timer lock held. */
static struct timer *take_due(void)
{
	struct tree_node *n = tree_first(&timers);
	struct timer *t = n ? container_of(n, struct timer, node) : NULL;

	if (!t || t->deadline > time_now())
		return NULL;
	tree_remove(&timers, n);
	t->active = false;
	return t;
}

void timer_interrupt(void)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);
	struct timer *t;

	/* It looks at what is due until nothing is, so it finds what this CPU was interrupted for. */
	if (unlikely(firing)) {
		spin_unlock_irqrestore(&timer_lock, irq);
		return;
	}
	firing = true;
	armed_for = 0; /* whoever starts a timer below leaves the arming to us */
	while ((t = take_due())) {
		running = t;
		spin_unlock(&timer_lock);
		t->fire(t);
		spin_lock(&timer_lock);
		__atomic_store_n(&running, NULL, __ATOMIC_RELEASE);
	}
	firing = false;
	armed_for = TIME_NEVER;
	arm();
	spin_unlock_irqrestore(&timer_lock, irq);
}
