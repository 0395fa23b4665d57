/* SPDX-License-Identifier: MIT */
/*
 * A CPU's run queue: who waits for it, in the order in which they are to have it (core/runq.c; used by
 * sched.c and sys_sched.c). Everything of a queue and of the threads that belong to it (thread->rq) is
 * guarded by its lock, which is taken with interrupts off; a thread goes to another queue under the
 * lock of the one it leaves. No second queue's lock is taken inside.
 */
#ifndef CORE_RUNQ_H
#define CORE_RUNQ_H

#include <arch/cpu.h>
#include <core/sched.h>

#define SLICE_NS    (4 * NSEC_PER_MSEC)
#define CREDIT_NS   (3 * NSEC_PER_MSEC)	  /* by which a sleeper may be ahead of the others */
#define WAKE_NS	    (1 * NSEC_PER_MSEC)	  /* by which one must be to interrupt another */
#define RUNQ_WEIGHT 1024		  /* of nice 0 */
#define RR_SLICE_NS (100 * NSEC_PER_MSEC) /* SCHED_RR's, as on Linux */

struct runq {
	struct spinlock lock;
	uint32_t queued; /* threads that wait; others look at it without the lock */
	unsigned cpu;
	uint64_t bit; /* 1 << cpu */
	struct thread *curr, *idle;
	uint64_t curr_key; /* curr's when it came; others look at it without the lock */
	struct thread
		*leaving; /* left the CPU in the switch that goes on: dead, or for another CPU */
	struct thread *first; /* the first that waits; the tree has the others */
	struct tree tree;
	uint64_t
		floor; /* no fair thread that runs or waits is far below this key; never goes back */
	struct timer slice; /* runs while a thread waits */
	uint64_t switches, idle_ns;
} __aligned(64);

extern struct runq runqs[ARCH_MAX_CPUS];
/* A bit for each CPU that runs threads, and for each that has nothing to do. */
extern uint64_t runq_online, runq_idle;

static inline bool runq_allows(const struct runq *rq, const struct thread *t)
{
	return t->affinity & rq->bit;
}

/* The running one neither idles nor sleeps on its stack. */
static inline bool runq_busy(const struct runq *rq)
{
	return rq->curr != rq->idle && READ_ONCE(rq->curr->state) == THREAD_RUNNABLE;
}

/* Fair threads come after all others. */
#define RUNQ_FAIR (1ull << 63)
static inline bool thread_is_fair(const struct thread *t)
{
	return t->key & RUNQ_FAIR;
}

void runq_init(struct runq *rq, unsigned cpu);
/* The first that waits and may run on CPU cpu, or NULL. */
struct thread *runq_first_for(const struct runq *rq, unsigned cpu);
/* t belongs to rq's `to` from now on; it is in no tree. The lock of the one it leaves is held. */
void runq_move(struct thread *t, struct runq *to);
/* Raises the floor by what the running thread has reached. */
void runq_raise_floor(struct runq *rq, uint64_t now);
/* True if the running thread has had its share, as of now. */
bool runq_slice_over(const struct runq *rq, uint64_t now);
/* The running thread, accounted for, gives way to what waits: its place behind that. */
void runq_give_way(const struct runq *rq, struct thread *t);
/* After its slice a round-robin thread goes behind those of its priority. */
void runq_rotate(struct thread *t);
/* Where of several CPUs (mask) t should wait; home is t->rq, whose lock is held. */
struct runq *runq_choose_of(uint64_t mask, struct runq *home, const struct thread *t);
/* The key of a thread whose policy or priority has changed. */
void runq_set_policy(const struct runq *rq, struct thread *t, const struct sched_policy *p);

/* ---- inlined, because every switch or wake-up does it ---- */

/* Time that t has run, as its key counts it. */
static inline uint64_t runq_weighed(const struct thread *t, uint64_t ns)
{
	return likely(t->weight == RUNQ_WEIGHT) ? ns : ns * RUNQ_WEIGHT / t->weight;
}

/* The running thread's key is low: so far the floor may rise, unless a lower one waits. */
static inline void runq_raise_to(struct runq *rq, uint64_t low)
{
	if (rq->first && thread_is_fair(rq->first))
		low = min(low, rq->first->key);
	rq->floor = max(rq->floor, low);
}

/* The running thread t stops now, or starts again: what it has run since t->run_start counts. */
static inline void runq_account(struct runq *rq, struct thread *t, uint64_t now)
{
	uint64_t ns = now - t->run_start;

	cputime_stop(&t->cputime, now);
	t->run_start = now;
	if (likely(thread_is_fair(t))) {
		t->key += runq_weighed(t, ns);
		runq_raise_to(rq, t->key);
	} else {
		t->rr_used += ns;
	}
}

/* A thread that wakes must not live on what it did not use in a long sleep. */
static inline void runq_limit_credit(const struct runq *rq, struct thread *t)
{
	if (likely(thread_is_fair(t)))
		t->key = max(t->key, rq->floor - CREDIT_NS);
}

/* True if t, which begins to wait, should have the CPU before curr's slice is over. */
static inline bool runq_preempts(const struct thread *t, const struct thread *curr)
{
	if (unlikely(!thread_is_fair(t) || !thread_is_fair(curr)))
		return t->key < curr->key;
	if (unlikely(curr->policy.policy == SCHED_IDLE))
		return t->policy.policy != SCHED_IDLE;
	return t->key + WAKE_NS < curr->key;
}

/* True if t can wait nowhere else. */
static inline bool runq_only(const struct runq *home, const struct thread *t)
{
	return (READ_ONCE(runq_online) & t->affinity) == home->bit;
}

static inline void runq_insert(struct runq *rq, struct thread *t)
{
	struct thread *first = rq->first;

	t->queued = true;
	if (!first || t->key < first->key) {
		rq->first = t;
		t = first;
	}
	if (t)
		tree_insert(&rq->tree, &t->run);
	/* Whoever is about to idle says so first and looks here then: a full barrier on both sides. */
	__atomic_add_fetch(&rq->queued, 1, __ATOMIC_SEQ_CST);
}

static inline void runq_remove(struct runq *rq, struct thread *t)
{
	t->queued = false;
	WRITE_ONCE(rq->queued, rq->queued - 1);
	if (t == rq->first) {
		struct tree_node *n = rq->queued ? tree_first(&rq->tree) : NULL;

		t = rq->first = n ? container_of(n, struct thread, run) : NULL;
	}
	if (t)
		tree_remove(&rq->tree, &t->run);
}

/* Where t should wait; home is t->rq, whose lock is held. */
static inline struct runq *runq_choose(struct runq *home, const struct thread *t)
{
	uint64_t mask = READ_ONCE(runq_online) & t->affinity;

	return runq_only(home, t) ? home : runq_choose_of(mask, home, t);
}

#endif
