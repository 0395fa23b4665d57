/* SPDX-License-Identifier: MIT */
/* Wait queues, sleeps with a deadline, sleeping locks; built on sched_sleep() and sched_wake(). */
#include <abi/errno.h>
#include <arch/smp.h>
#include <core/sched.h>

#define MUTEX_SPINS 100

void waitq_init(struct waitq *q)
{
	q->lock = (struct spinlock)SPINLOCK_INIT;
	list_init(&q->waiters);
}

static bool wake_thread(struct waiter *w, uint32_t events)
{
	(void)events;
	sched_wake(w->thread);
	return false;
}

void waitq_add_callback(struct waitq *q, struct waiter *w)
{
	unsigned long irq = spin_lock_irqsave(&q->lock);

	w->queue = q;
	list_add_tail(&q->waiters, &w->node);
	spin_unlock_irqrestore(&q->lock, irq);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	w->thread = current_thread();
	w->wake = wake_thread;
	waitq_add_callback(q, w);
}

void waitq_remove(struct waiter *w)
{
	unsigned long irq = spin_lock_irqsave(&w->queue->lock);

	list_del(&w->node);
	spin_unlock_irqrestore(&w->queue->lock, irq);
}

void waitq_wake(struct waitq *q, uint32_t events)
{
	struct waiter *w, *tmp;
	unsigned long irq;

	/* A waiter that adds itself now looks at its condition after that: the fence is that order's. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&q->waiters))
		return;
	irq = spin_lock_irqsave(&q->lock);
	list_for_each_entry_safe (w, tmp, &q->waiters, node)
		if (w->wake(w, events))
			events |= WAKE_TAKEN;
	spin_unlock_irqrestore(&q->lock, irq);
}

bool waitq_wake_one(struct waitq *q, uint32_t events)
{
	unsigned long irq;
	struct waiter *w;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&q->waiters))
		return false;
	irq = spin_lock_irqsave(&q->lock);
	w = list_first(&q->waiters, struct waiter, node);
	if (w) {
		list_del(&w->node);
		w->wake(w, events);
	}
	spin_unlock_irqrestore(&q->lock, irq);
	return w;
}

/* The one that waits longest; it stays queued until it has what it waits for. */
static void wake_first(struct waitq *q)
{
	unsigned long irq;
	struct waiter *w;

	if (list_empty(&q->waiters))
		return;
	irq = spin_lock_irqsave(&q->lock);
	w = list_first(&q->waiters, struct waiter, node);
	if (w)
		w->wake(w, 0);
	spin_unlock_irqrestore(&q->lock, irq);
}

static void sleeper_fire(struct timer *t)
{
	sched_wake(container_of(t, struct sleeper, timer)->waiter.thread);
}

void sleeper_begin(struct sleeper *s, struct waitq *q, uint64_t deadline)
{
	s->deadline = deadline;
	s->queued = q;
	s->timed = deadline != TIME_NEVER;
	s->waiter.thread = current_thread();
	if (q)
		waitq_add(q, &s->waiter);
	if (s->timed) {
		s->timer.active = false;
		s->timer.fire = sleeper_fire;
		timer_start(&s->timer, deadline);
	}
}

int sleeper_check(struct sleeper *s)
{
	if (signal_waiting())
		return -ERESTARTSYS;
	if (s->timed && time_now() >= s->deadline)
		return -ETIMEDOUT;
	return 0;
}

void sleeper_end(struct sleeper *s)
{
	if (s->timed)
		timer_cancel(&s->timer);
	if (s->queued)
		waitq_remove(&s->waiter);
}

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	m->hand_over = false;
	waitq_init(&m->waiters);
}

static bool mutex_try(struct mutex *m)
{
	struct thread *nobody = NULL;

	return __atomic_compare_exchange_n(&m->owner, &nobody, current_thread(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
	struct thread *me = current_thread();
	bool lost = false;
	struct waiter w;

	if (likely(mutex_try(m)))
		return;
	/* Whoever has it on another CPU is often done sooner than a switch takes. */
	for (unsigned i = arch_cpu_count() > 1 ? MUTEX_SPINS : 0; i; i--) {
		arch_cpu_relax();
		if (!READ_ONCE(m->owner) && mutex_try(m))
			return;
	}
	waitq_add(&m->waiters, &w);
	for (;;) {
		thread_prepare_sleep();
		if (READ_ONCE(m->owner) == me || mutex_try(m))
			break;
		/* Woken, and another was faster: the next owner is to give it, not to let it go. */
		if (lost)
			WRITE_ONCE(m->hand_over, true);
		lost = true;
		sched_sleep();
	}
	thread_cancel_sleep();
	waitq_remove(&w);
}

/* Gives the mutex to the one that waits longest; false if nobody does. */
static bool hand_over(struct mutex *m)
{
	unsigned long irq = spin_lock_irqsave(&m->waiters.lock);
	struct waiter *w = list_first(&m->waiters.waiters, struct waiter, node);

	WRITE_ONCE(m->hand_over, false);
	if (w) {
		__atomic_store_n(&m->owner, w->thread, __ATOMIC_SEQ_CST);
		w->wake(w, 0);
	}
	spin_unlock_irqrestore(&m->waiters.lock, irq);
	return w;
}

void mutex_unlock(struct mutex *m)
{
	if (unlikely(READ_ONCE(m->hand_over)) && hand_over(m))
		return;
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	wake_first(&m->waiters);
}
