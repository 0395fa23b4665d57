/* SPDX-License-Identifier: MIT */
/*
 * Threads on the CPUs: switching, sleeping, waking. Each CPU has a run queue (runq.h), whose lock also
 * guards the state of the threads that belong to it, but for a running thread's own announcement of its
 * sleep. The lock is held over a switch and released by the thread that goes on: so nobody finds a
 * thread that still uses its stack, nor runs it elsewhere before its state is saved.
 *
 * A thread that sleeps with nothing else to run idles on its own stack: waking it then costs no switch
 * and no FPU save. A CPU that runs dry takes a thread that waits for another. While threads wait, a
 * timer looks whether the running one has had its share; it fires on the boot CPU.
 */
#include <abi/errno.h>
#include <arch/smp.h>
#include <core/deferred.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/string.h>

#include "runq.h"

/* Becomes the boot CPU's idle thread; percpu_boot points at it from the first instruction of C. */
struct thread boot_thread = {
	.name = "idle",
	.rq = &runqs[0],
	.weight = RUNQ_WEIGHT,
	.affinity = ~0ull,
	.cputime = {.word = 1},
};

static struct spinlock dead_lock;
static struct thread *dead; /* to be freed; dead_lock */
static int next_tid = 1;

static void work_set(struct thread *t, uint32_t bits)
{
	__atomic_or_fetch(&t->work, bits, __ATOMIC_SEQ_CST);
}

static inline struct runq *this_rq(void)
{
	return current_thread()->rq;
}

/* t's queue, locked. Interrupts off. */
static inline struct runq *thread_lock(struct thread *t)
{
	for (;;) {
		struct runq *rq = __atomic_load_n(&t->rq, __ATOMIC_ACQUIRE);

		spin_lock(&rq->lock);
		if (likely(rq == t->rq))
			return rq;
		spin_unlock(&rq->lock);
	}
}

/* Releases the queue, and has its CPU look at its work if that is another one. */
static inline void unlock_and_kick(struct runq *rq, bool kick)
{
	unsigned cpu = rq->cpu;

	spin_unlock(&rq->lock);
	if (kick && cpu != arch_cpu_id())
		arch_send_resched(cpu);
}

/* ---- time ---- */

static void slice_begin(struct runq *rq, uint64_t now)
{
	if (!rq->slice.active)
		timer_start(&rq->slice, now + SLICE_NS);
}

/* While threads wait: makes the running one give way if it has had its share. Interrupt context. */
static void slice_end(struct timer *slice)
{
	struct runq *rq = container_of(slice, struct runq, slice);
	bool kick = false;
	uint64_t now, idle;

	spin_lock(&rq->lock);
	if (!rq->queued) {
		spin_unlock(&rq->lock);
		return;
	}
	now = time_now();
	runq_raise_floor(rq, now);
	if (!runq_busy(rq)) {
		kick = true;
	} else if (runq_slice_over(rq, now)) {
		work_set(rq->curr, WORK_RESCHED);
		kick = true;
	}
	slice_begin(rq, now);
	/* One that has gone idle since, and looked for work before there was any here. */
	idle = __atomic_load_n(&runq_idle, __ATOMIC_RELAXED) & rq->first->affinity &
	       ~(1ull << arch_cpu_id());
	unlock_and_kick(rq, kick);
	if (idle)
		arch_send_resched((unsigned)__builtin_ctzll(idle));
}

/* The running thread stops using the processor (it idles or gives way), or begins to: now. */
static uint64_t account_stop(struct thread *t)
{
	uint64_t now = time_now();

	runq_account(t->rq, t, now);
	return now;
}

static uint64_t account_start(struct thread *t)
{
	uint64_t now = time_now();

	t->run_start = now;
	cputime_start(&t->cputime, now);
	return now;
}

uint64_t sched_switches(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < arch_cpu_count(); i++)
		n += READ_ONCE(runqs[i].switches);
	return n;
}

uint64_t sched_busy_cpus(void)
{
	return READ_ONCE(runq_online) & ~READ_ONCE(runq_idle);
}

uint64_t sched_cpu_idle_time(unsigned cpu)
{
	return READ_ONCE(runqs[cpu].idle_ns);
}

uint64_t sched_idle_time(void)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < arch_cpu_count(); i++)
		ns += READ_ONCE(runqs[i].idle_ns);
	return ns;
}

/* ---- waiting for a CPU ---- */

/* t, which belongs to rq, waits there from now on. The lock is held; released. */
static __noinline void enqueue(struct runq *rq, struct thread *t)
{
	if (unlikely(!rq->slice.active) && rq->curr != rq->idle) {
		uint64_t now = time_now();

		runq_raise_floor(rq, now);
		slice_begin(rq, now);
	}
	runq_limit_credit(rq, t);
	runq_insert(rq, t);
	if (runq_busy(rq)) {
		if (likely(!runq_preempts(t, rq->curr))) {
			spin_unlock(&rq->lock);
			return;
		}
		work_set(rq->curr, WORK_RESCHED);
	}
	unlock_and_kick(rq, true);
}

/* Has t, runnable and neither running nor queued, wait where it best does. rq is its queue, locked. */
static void place(struct runq *rq, struct thread *t)
{
	struct runq *to;

	while ((to = runq_choose(rq, t)) != rq) {
		runq_move(t, to);
		spin_unlock(&rq->lock);
		spin_lock(&to->lock);
		rq = to;
		/* Meanwhile it may have been told to run elsewhere. */
		if (likely(runq_allows(rq, t)))
			break;
	}
	enqueue(rq, t);
}

/* Makes t runnable if it sleeps; else, with notify, makes it look at its work. */
static inline void wake(struct thread *t, bool notify)
{
	unsigned long irq = arch_irq_save();
	struct runq *rq = thread_lock(t);

	if (t->state == THREAD_SLEEPING) {
		__atomic_store_n(&t->state, THREAD_RUNNABLE, __ATOMIC_RELEASE);
		/* It may be idling in its own sched_sleep(). */
		if (rq->curr == t)
			unlock_and_kick(rq, true);
		else if (likely(runq_only(rq, t)))
			enqueue(rq, t);
		else
			place(rq, t);
	} else {
		unlock_and_kick(rq, notify && rq->curr == t);
	}
	arch_irq_restore(irq);
}

void sched_wake(struct thread *t)
{
	wake(t, false);
}

void sched_notify(struct thread *t)
{
	wake(t, true);
}

/* Takes a thread that waits for another CPU. Interrupts off. */
static bool steal(struct runq *rq)
{
	unsigned cpus = arch_cpu_count();
	struct thread *t = NULL;

	for (unsigned i = 1; i < cpus && !t; i++) {
		struct runq *from = &runqs[(rq->cpu + i) % cpus];

		if (!READ_ONCE(from->queued))
			continue;
		spin_lock(&from->lock);
		/* An idle CPU is about to run its own. */
		if (from->queued > 1 || runq_busy(from))
			t = runq_first_for(from, rq->cpu);
		if (t) {
			runq_remove(from, t);
			runq_move(t, rq);
		}
		spin_unlock(&from->lock);
	}
	if (!t)
		return false;
	spin_lock(&rq->lock);
	place(rq, t);
	return true;
}

/* ---- switching ---- */

/* Thread left has no CPU any more: it is dead, or to run on another. rq is locked; released. */
static __noinline void left_for_good(struct runq *rq, struct thread *left)
{
	rq->leaving = NULL;
	if (left->state == THREAD_DEAD) {
		spin_unlock(&rq->lock);
		spin_lock(&dead_lock);
		left->next_dead = dead;
		dead = left;
		spin_unlock(&dead_lock);
	} else {
		place(rq, left);
	}
}

static inline void switched(void)
{
	struct runq *rq = this_rq();

	if (unlikely(rq->leaving))
		left_for_good(rq, rq->leaving);
	else
		spin_unlock(&rq->lock);
}

void sched_switched(void)
{
	switched();
}

/*
 * Who is to have rq's CPU, prev accounted for: the first that waits, taken out, or prev if that comes
 * first or if it is all there is. Sets aside a prev that leaves the CPU for good.
 */
static struct thread *pick(struct runq *rq, struct thread *prev)
{
	struct thread *first = rq->first;
	bool stays;

	if (likely(prev->state == THREAD_SLEEPING && first)) {
		runq_remove(rq, first);
		return first;
	}
	stays = prev->state != THREAD_DEAD && runq_allows(rq, prev);
	if (stays && prev != rq->idle && prev->state == THREAD_RUNNABLE && first &&
	    prev->key <= first->key)
		first = NULL;
	if (!first)
		first = stays || prev->state == THREAD_SLEEPING ? prev : rq->idle;
	else
		runq_remove(rq, first);
	if (first == prev || prev == rq->idle)
		return first;
	if (!stays && prev->state != THREAD_SLEEPING)
		rq->leaving = prev;
	else if (prev->state == THREAD_RUNNABLE)
		runq_insert(rq, prev);
	return first;
}

/*
 * Switches to the thread that should have this CPU; the caller's waits on if it is runnable. With yield
 * it lets those that wait go first. Interrupts off.
 */
static void schedule(bool yield)
{
	struct thread *prev = current_thread(), *next;
	struct runq *rq = prev->rq;
	uint64_t now;

	spin_lock(&rq->lock);
	__atomic_and_fetch(&prev->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
	now = time_now();
	runq_account(rq, prev, now);
	if (yield)
		runq_give_way(rq, prev);
	else if (unlikely(prev->policy.policy == SCHED_RR))
		runq_rotate(prev);
	next = pick(rq, prev);
	/* Here, since next may go on at any of the places that came here: what waits must not starve. */
	if (rq->queued && next != rq->idle)
		slice_begin(rq, now);
	cputime_start(&next->cputime, now);
	if (next == prev) {
		spin_unlock(&rq->lock);
		return;
	}
	rq->switches++;
	rq->curr = next;
	rq->curr_key = next->key;
	next->run_start = now;
	/* What an interrupt left to prev's exit must not wait for prev to run again. */
	if (deferred_pending())
		work_set(next, WORK_DEFERRED);
	arch_thread_switch(prev, next);
	switched();
}

void sched_yield(void)
{
	if (!READ_ONCE(this_rq()->queued))
		return;
	arch_irq_disable();
	schedule(true);
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
		schedule(false);
}

/* ---- sleeping and idling ---- */

void thread_prepare_sleep(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
}

void thread_cancel_sleep(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_RUNNABLE, __ATOMIC_SEQ_CST);
}

/* Halts until something happens. */
static void halt(struct runq *rq)
{
	uint64_t from = account_stop(current_thread());

	arch_idle();
	arch_irq_disable();
	rq->idle_ns += account_start(current_thread()) - from;
}

/* One round of having nothing to do. Interrupts off, and so on return. */
static void idle_round(struct runq *rq)
{
	uint64_t me = 1ull << rq->cpu;

	if (deferred_pending()) {
		arch_irq_enable();
		deferred_run();
		arch_irq_disable();
		return;
	}
	if (runq_online == 1) {
		halt(rq);
		return;
	}
	/* First: who makes a thread wait elsewhere from now on knows of this CPU. */
	__atomic_or_fetch(&runq_idle, me, __ATOMIC_SEQ_CST);
	if (!steal(rq))
		halt(rq);
	__atomic_and_fetch(&runq_idle, ~me, __ATOMIC_SEQ_CST);
}

void sched_sleep(void)
{
	struct thread *t = current_thread();

	arch_irq_disable();
	while (READ_ONCE(t->state) == THREAD_SLEEPING) {
		if (READ_ONCE(t->rq->queued))
			schedule(false);
		else
			idle_round(t->rq);
	}
	arch_irq_enable();
}

static void reap(void)
{
	struct thread *t, *next;
	unsigned long irq;

	if (likely(!READ_ONCE(dead)))
		return;
	irq = spin_lock_irqsave(&dead_lock);
	t = dead;
	dead = NULL;
	spin_unlock_irqrestore(&dead_lock, irq);
	for (; t; t = next) {
		next = t->next_dead;
		thread_discard(t);
	}
}

_Noreturn void sched_idle(void)
{
	struct runq *rq = this_rq();

	for (;;) {
		reap();
		arch_irq_disable();
		if (READ_ONCE(rq->queued))
			schedule(false);
		else
			idle_round(rq);
		arch_irq_enable();
	}
}

/* ---- threads ---- */

void sched_init(void)
{
	for (unsigned i = 0; i < ARCH_MAX_CPUS; i++) {
		runq_init(&runqs[i], i);
		runqs[i].slice.fire = slice_end;
	}
	runqs[0].curr = runqs[0].idle = &boot_thread;
}

void sched_start_cpu(void)
{
	struct thread *t = current_thread();
	struct runq *rq = &runqs[arch_cpu_id()];

	t->rq = rq;
	t->affinity = 1ull << rq->cpu;
	t->weight = boot_thread.weight;
	account_start(t);
	rq->curr = rq->idle = t;
	__atomic_or_fetch(&runq_online, 1ull << rq->cpu, __ATOMIC_SEQ_CST);
}

void thread_discard(struct thread *t)
{
	arch_thread_destroy(t);
	kfree(t);
}

/* What a new thread has of its maker's importance. */
static void inherit(struct thread *t, const struct thread *from)
{
	struct sched_policy p = from->policy;

	if (p.reset_on_fork) {
		bool keep = p.policy != SCHED_FIFO && p.policy != SCHED_RR && p.nice >= 0;

		p = (struct sched_policy){.nice = keep ? p.nice : 0};
	}
	t->rq = from->rq;
	t->affinity = from->affinity;
	t->key = RUNQ_FAIR;
	runq_set_policy(t->rq, t, &p);
	/* No better than its maker, who would gain by making threads. */
	if (thread_is_fair(t))
		t->key = max(t->rq->floor, thread_is_fair(from) ? from->key : 0);
}

struct thread *thread_new(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = kzalloc(sizeof(*t));

	reap();
	if (!t)
		return NULL;
	ksnprintf(t->name, sizeof(t->name), "%s", name);
	t->tid = __atomic_fetch_add(&next_tid, 1, __ATOMIC_RELAXED);
	/* What is asked before a call of the creator's is asked before one of its. */
	t->work = current_thread()->work & WORK_ON_ENTRY;
	inherit(t, current_thread());
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
	current_thread()->state = THREAD_DEAD;
	schedule(false);
	panic("a dead thread runs");
}

/* ---- what the app may ask for ---- */

uint64_t sched_get_affinity(const struct thread *t)
{
	return t->affinity & READ_ONCE(runq_online);
}

int sched_set_affinity(struct thread *t, uint64_t mask)
{
	unsigned long irq;
	struct runq *rq;

	if (!(mask & READ_ONCE(runq_online)))
		return -EINVAL;
	irq = arch_irq_save();
	rq = thread_lock(t);
	t->affinity = mask;
	if (runq_allows(rq, t)) {
		spin_unlock(&rq->lock);
	} else if (t->queued) {
		runq_remove(rq, t);
		place(rq, t);
	} else {
		/* It leaves where it is at its next exit to ring 3, or is woken elsewhere. */
		work_set(t, WORK_RESCHED);
		unlock_and_kick(rq, rq->curr == t);
	}
	arch_irq_restore(irq);
	return 0;
}

/* Another policy, or with NULL another priority to inherit. */
static void change(struct thread *t, const struct sched_policy *p, uint8_t inherited)
{
	unsigned long irq = arch_irq_save();
	struct runq *rq = thread_lock(t);
	struct sched_policy same = t->policy;
	bool queued = t->queued;

	if (queued)
		runq_remove(rq, t);
	if (!p)
		t->inherited = inherited;
	runq_set_policy(rq, t, p ? p : &same);
	if (queued) {
		place(rq, t);
	} else {
		if (rq->curr == t)
			rq->curr_key = t->key;
		work_set(t, WORK_RESCHED);
		unlock_and_kick(rq, rq->curr == t);
	}
	arch_irq_restore(irq);
}

void sched_set_policy(struct thread *t, struct sched_policy p)
{
	change(t, &p, 0);
}

void sched_inherit(struct thread *t, uint8_t priority)
{
	change(t, NULL, priority);
}
