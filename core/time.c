/* SPDX-License-Identifier: MIT */
/*
 * Timers in two trees by deadline, one of monotonic time and one of the wall clock's, so that setting
 * that clock moves no timer; the hardware is armed for the earliest. A cancelled timer leaves it
 * armed: the interrupt finds nothing due and arms for the next, which is cheaper than arming twice
 * round every sleep that ends early.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>

static bool timer_less(const struct tree_node *a, const struct tree_node *b)
{
	return container_of(a, struct timer, node)->deadline <
	       container_of(b, struct timer, node)->deadline;
}

static struct spinlock timer_lock; /* guards all of these */
static struct tree timers[] = {
	[TIMER_MONOTONIC] = {.less = timer_less}, [TIMER_REALTIME] = {.less = timer_less}};
static uint64_t wall_offset;		/* of the wall clock: what it is ahead of monotonic time */
static struct timer *running;		/* the one whose fire is being called */
static bool firing;			/* a CPU is in timer_interrupt() */
static uint64_t armed_for = TIME_NEVER; /* what the hardware waits for */

void time_init(void)
{
	uint64_t seconds = arch_wall_clock();

	if (!seconds)
		log_warn("clock: no wall clock: time starts in 1970");
	time_set_realtime(max(seconds * NSEC_PER_SEC, time_now()));
}

uint64_t time_now(void)
{
	return arch_clock_now();
}

uint64_t time_realtime(void)
{
	return arch_clock_realtime();
}

uint64_t time_raw(void)
{
	return arch_clock_raw();
}

static int tai_offset;

int time_tai_offset(void)
{
	return READ_ONCE(tai_offset);
}

void time_set_tai_offset(int seconds)
{
	WRITE_ONCE(tai_offset, seconds);
}

/* When t is due in monotonic time, as the wall clock is set now. */
static uint64_t due_at(const struct timer *t)
{
	if (likely(t->base == TIMER_MONOTONIC))
		return t->deadline;
	return t->deadline > wall_offset ? t->deadline - wall_offset : 0;
}

static struct timer *first_of(enum timer_base base)
{
	struct tree_node *n = tree_first(&timers[base]);

	return n ? container_of(n, struct timer, node) : NULL;
}

/* The earliest, or NULL. Timer lock held. */
static struct timer *first(void)
{
	struct timer *t = first_of(TIMER_MONOTONIC), *wall = first_of(TIMER_REALTIME);

	return !t || (unlikely(wall) && due_at(wall) < due_at(t)) ? wall : t;
}

/* For a deadline of monotonic time. Timer lock held. */
static void arm(uint64_t deadline)
{
	if (deadline < armed_for) {
		armed_for = deadline;
		arch_timer_set(deadline);
	}
}

/* For the earliest, whatever the hardware is armed for. Timer lock held. */
static void arm_anew(void)
{
	const struct timer *t = first();

	armed_for = TIME_NEVER;
	if (t)
		arm(due_at(t));
}

void timer_start_on(struct timer *t, enum timer_base base, uint64_t deadline)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);

	if (t->active)
		tree_remove(&timers[t->base], &t->node);
	t->base = base;
	t->deadline = deadline;
	t->active = true;
	tree_insert(&timers[base], &t->node);
	arm(due_at(t));
	spin_unlock_irqrestore(&timer_lock, irq);
}

void timer_start(struct timer *t, uint64_t deadline)
{
	timer_start_on(t, TIMER_MONOTONIC, deadline);
}

void timer_rearm(void)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);

	/* Whoever is firing arms when it is done. */
	if (!firing) {
		arm_anew();
	}
	spin_unlock_irqrestore(&timer_lock, irq);
}

/* The wall clock never shows less than monotonic time. Timer lock held. */
static int set_offset(uint64_t offset)
{
	if (offset > INT64_MAX)
		return -EINVAL;
	wall_offset = offset;
	arch_clock_set_realtime(offset);
	return 0;
}

void (*time_was_set)(void);

/* What waits by the wall clock is told. Timer lock held; released. */
static void end_setting(unsigned long irq, int err)
{
	spin_unlock_irqrestore(&timer_lock, irq);
	timer_rearm();
	if (!err && time_was_set)
		time_was_set();
}

int time_set_realtime(uint64_t ns)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);
	int err = set_offset(ns - time_now());

	end_setting(irq, err);
	return err;
}

int time_step(int64_t ns)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);
	int err = set_offset(wall_offset + (uint64_t)ns);

	end_setting(irq, err);
	return err;
}

/* False if it was being fired, and so may have been started again. */
static bool take_out(struct timer *t)
{
	unsigned long irq = spin_lock_irqsave(&timer_lock);
	bool out = running != t;

	if (t->active) {
		tree_remove(&timers[t->base], &t->node);
		t->active = false;
	}
	spin_unlock_irqrestore(&timer_lock, irq);
	return out;
}

void timer_cancel(struct timer *t)
{
	while (unlikely(!take_out(t)))
		while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) == t)
			arch_cpu_relax();
}

/* The earliest timer if it is due, taken out. Timer lock held. */
static struct timer *take_due(void)
{
	struct timer *t = first();

	if (!t || due_at(t) > time_now())
		return NULL;
	tree_remove(&timers[t->base], &t->node);
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
	arm_anew();
	spin_unlock_irqrestore(&timer_lock, irq);
}
