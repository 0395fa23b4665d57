/* SPDX-License-Identifier: MIT */
/*
 * The run queue and switching. One CPU runs threads so far; the queue's lock is where it will be
 * for more. A thread that sleeps with nothing else to run idles on its own stack: waking it then
 * costs no switch and no FPU save.
 */
#include <core/deferred.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/string.h>

#define SLICE_NS (4 * NSEC_PER_MSEC)

/* Becomes the idle thread; percpu_boot points at it from the first instruction of C. */
struct thread boot_thread = {.name = "idle"};

static struct spinlock queue_lock; /* guards the two lists and every thread's state */
static struct list run_queue = LIST_INIT(run_queue);
static struct list dead = LIST_INIT(dead);
static struct timer slice_timer;
static int next_tid = 1;
static uint64_t switches, idle_ns;

static void work_set(struct thread *t, uint32_t bits)
{
	__atomic_or_fetch(&t->work, bits, __ATOMIC_RELAXED);
}

/* Another thread waits while this one runs: time to share. Interrupt context. */
static void slice_over(struct timer *t)
{
	(void)t;
	work_set(current_thread(), WORK_RESCHED);
}

void sched_init(void)
{
	slice_timer.fire = slice_over;
	list_init(&boot_thread.run);
}

/* The next to run, or NULL. Queue lock held. */
static struct thread *pick(void)
{
	struct thread *t = list_first(&run_queue, struct thread, run);

	if (t)
		list_del(&t->run);
	return t;
}

/* The running thread stops using the processor (it idles or gives way), or begins to: now. */
static uint64_t account_stop(struct thread *t)
{
	uint64_t now = time_now();

	t->cpu_ns += now - t->run_start;
	return now;
}

static uint64_t account_start(struct thread *t)
{
	return t->run_start = time_now();
}

uint64_t sched_cpu_time(void)
{
	struct thread *t = current_thread();

	return t->cpu_ns + (time_now() - t->run_start);
}

/*
 * Switches to the next runnable thread; the caller's is queued again if it is runnable. Without one,
 * a runnable caller goes on and a dead one gives way to the idle thread. Interrupts off.
 */
static void schedule(void)
{
	struct thread *prev = current_thread(), *next;
	bool waiting;

	spin_lock(&queue_lock);
	__atomic_and_fetch(&prev->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
	next = pick();
	if (!next)
		next = prev->state == THREAD_DEAD ? &boot_thread : prev;
	if (prev->state == THREAD_RUNNABLE && next != prev && prev != &boot_thread)
		list_add_tail(&run_queue, &prev->run);
	switches += next != prev;
	waiting = !list_empty(&run_queue);
	spin_unlock(&queue_lock);
	if (next == prev)
		return;
	/* Here, since next may go on at any of the places that came here: what waits must not starve. */
	if (waiting && !slice_timer.active)
		timer_start(&slice_timer, time_now() + SLICE_NS);
	/* What an interrupt left to prev's exit must not wait for prev to run again. */
	if (deferred_pending())
		work_set(next, WORK_DEFERRED);
	account_stop(prev);
	account_start(next);
	arch_thread_switch(prev, next);
}

uint64_t sched_switches(void)
{
	return READ_ONCE(switches);
}

uint64_t sched_idle_time(void)
{
	return READ_ONCE(idle_ns);
}

static bool queue_empty(void)
{
	return list_empty(&run_queue);
}

void thread_discard(struct thread *t)
{
	arch_thread_destroy(t);
	kfree(t);
}

static void reap(void)
{
	struct thread *t, *tmp;
	struct list gone = LIST_INIT(gone);
	unsigned long irq = spin_lock_irqsave(&queue_lock);

	list_for_each_entry_safe (t, tmp, &dead, run) {
		list_del(&t->run);
		list_add_tail(&gone, &t->run);
	}
	spin_unlock_irqrestore(&queue_lock, irq);
	list_for_each_entry_safe (t, tmp, &gone, run) {
		thread_discard(t);
	}
}

struct thread *thread_new(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = kzalloc(sizeof(*t));

	reap();
	if (!t)
		return NULL;
	list_init(&t->run);
	ksnprintf(t->name, sizeof(t->name), "%s", name);
	t->tid = __atomic_fetch_add(&next_tid, 1, __ATOMIC_RELAXED);
	/* What is asked before a call of the creator's is asked before one of its. */
	t->work = current_thread()->work & WORK_ON_ENTRY;
	if (arch_thread_init(t, fn, arg)) {
		kfree(t);
		return NULL;
	}
	t->state = THREAD_SLEEPING;
	return t;
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_new(name, fn, arg);

	if (t)
		sched_wake(t);
	return t;
}

_Noreturn void thread_exit(void)
{
	arch_irq_disable();
	spin_lock(&queue_lock);
	current_thread()->state = THREAD_DEAD;
	list_add_tail(&dead, &current_thread()->run);
	spin_unlock(&queue_lock);
	schedule();
	panic("a dead thread runs");
}

void sched_wake(struct thread *t)
{
	unsigned long irq = spin_lock_irqsave(&queue_lock);
	bool queued = false;

	if (t->state == THREAD_SLEEPING) {
		t->state = THREAD_RUNNABLE;
		/* The running thread may be idling in its own sched_sleep(). */
		if (t != current_thread()) {
			list_add_tail(&run_queue, &t->run);
			queued = true;
		}
	}
	spin_unlock_irqrestore(&queue_lock, irq);
	if (queued && !slice_timer.active)
		timer_start(&slice_timer, time_now() + SLICE_NS);
}

void sched_yield(void)
{
	if (queue_empty())
		return;
	arch_irq_disable();
	schedule();
	arch_irq_enable();
}

void thread_prepare_sleep(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
}

void thread_cancel_sleep(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_RUNNABLE, __ATOMIC_SEQ_CST);
}

/* One round of having nothing to do: deferred work, else halt. Interrupts off, and so on return. */
static void idle_round(void)
{
	if (deferred_pending()) {
		arch_irq_enable();
		deferred_run();
	} else {
		uint64_t from = account_stop(current_thread());

		arch_idle();
		idle_ns += account_start(current_thread()) - from;
	}
	arch_irq_disable();
}

void sched_sleep(void)
{
	struct thread *t = current_thread();

	arch_irq_disable();
	while (READ_ONCE(t->state) == THREAD_SLEEPING) {
		if (queue_empty())
			idle_round();
		else
			schedule();
	}
	arch_irq_enable();
}

void sched_exit_work(uint32_t work)
{
	if (work & WORK_DEFERRED) {
		arch_irq_enable();
		deferred_run();
		arch_irq_disable();
	}
	if (work & WORK_RESCHED)
		schedule();
}

_Noreturn void sched_idle(void)
{
	for (;;) {
		reap();
		arch_irq_disable();
		if (queue_empty())
			idle_round();
		else
			schedule();
		arch_irq_enable();
	}
}
