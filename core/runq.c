/* SPDX-License-Identifier: MIT */
/*
 * The order in which threads have a CPU, as one number for each: its key; the lowest is next.
 *
 * FIFO and RR threads: 99 minus the priority, then a number that counts up, so that among equals the
 * one that came first is first; who was made to give way keeps its number and so its place, who yields
 * or has used up its slice gets a new one. All other threads are fair: above RUNQ_FAIR, the processor
 * time they have used, weighed by their nice value, so that those who have had least are next. Each
 * queue's fair keys go their own way; who moves takes the distance to the floor with it.
 *
 * Lock: runq.h. The masks of CPUs are atomic.
 */
#include "runq.h"

#define RUNQ_WEIGHT    1024		     /* of nice 0 */
#define WEIGHT_IDLE    3		     /* SCHED_IDLE, as on Linux */
#define YIELD_NS       (100 * NSEC_PER_USEC) /* that a yield counts */
#define PRIORITY_SHIFT 56
#define LOOK_MOST      32 /* threads that a CPU in search of one looks at in a queue */

struct runq runqs[ARCH_MAX_CPUS];
uint64_t runq_online = 1, runq_idle;

static uint64_t next_number;

static struct thread *thread_of(struct tree_node *n)
{
	return n ? container_of(n, struct thread, run) : NULL;
}

static bool key_less(const struct tree_node *a, const struct tree_node *b)
{
	return container_of(a, struct thread, run)->key < container_of(b, struct thread, run)->key;
}

void runq_init(struct runq *rq, unsigned cpu)
{
	rq->cpu = cpu;
	rq->bit = 1ull << cpu;
	rq->tree.less = key_less;
	rq->floor = RUNQ_FAIR + CREDIT_NS;
}

struct thread *runq_first_for(const struct runq *rq, unsigned cpu)
{
	struct tree_node *n = tree_first(&rq->tree);

	if (rq->first && rq->first->affinity >> cpu & 1)
		return rq->first;
	for (int i = 0; n && i < LOOK_MOST; i++, n = tree_next(n))
		if (thread_of(n)->affinity >> cpu & 1)
			return thread_of(n);
	return NULL;
}

void runq_move(struct thread *t, struct runq *to)
{
	/* A floor that is not quite up to date does not matter. */
	if (thread_is_fair(t))
		t->key = max(t->key + READ_ONCE(to->floor) - t->rq->floor, RUNQ_FAIR);
	__atomic_store_n(&t->rq, to, __ATOMIC_RELEASE);
}

/* 1.25 for each step, as on Linux. */
static uint32_t nice_weight(int nice)
{
	uint32_t w = RUNQ_WEIGHT;

	for (; nice < 0; nice++)
		w += w / 4;
	for (; nice > 0; nice--)
		w -= w / 5;
	return w;
}

static uint64_t key_at(const struct thread *t, uint64_t now)
{
	return thread_is_fair(t) ? t->key + runq_weighed(t, now - t->run_start) : t->key;
}

void runq_raise_floor(struct runq *rq, uint64_t now)
{
	if (runq_busy(rq) && thread_is_fair(rq->curr))
		runq_raise_to(rq, key_at(rq->curr, now));
}

bool runq_slice_over(const struct runq *rq, uint64_t now)
{
	const struct thread *first = rq->first, *curr = rq->curr;

	if (curr->policy.policy == SCHED_RR && !thread_is_fair(first) &&
	    curr->rr_used + (now - curr->run_start) >= RR_SLICE_NS)
		return first->key >> PRIORITY_SHIFT <= curr->key >> PRIORITY_SHIFT;
	return first->key < key_at(curr, now);
}

static uint64_t priority_key(unsigned priority)
{
	return (uint64_t)(SCHED_PRIORITY_MAX - priority) << PRIORITY_SHIFT |
	       __atomic_add_fetch(&next_number, 1, __ATOMIC_RELAXED);
}

void runq_give_way(const struct runq *rq, struct thread *t)
{
	const struct thread *first = rq->first;

	if (!thread_is_fair(t))
		t->key = priority_key(sched_priority(t));
	else if (first && thread_is_fair(first))
		t->key = max(t->key, first->key) + YIELD_NS;
}

void runq_rotate(struct thread *t)
{
	if (t->rr_used < RR_SLICE_NS)
		return;
	t->rr_used = 0;
	t->key = priority_key(sched_priority(t));
}

void runq_set_policy(const struct runq *rq, struct thread *t, const struct sched_policy *p)
{
	bool was_fair = thread_is_fair(t);

	t->policy = *p;
	t->rr_used = 0;
	t->weight = p->policy == SCHED_IDLE ? WEIGHT_IDLE : nice_weight(p->nice);
	if (sched_priority(t))
		t->key = priority_key(sched_priority(t));
	else if (!was_fair)
		t->key = rq->floor;
}

/* One of the idle CPUs of the mask, which is then no longer another waker's to choose. */
static struct runq *claim(uint64_t mask, unsigned preferred)
{
	uint64_t idle;

	while ((idle = __atomic_load_n(&runq_idle, __ATOMIC_SEQ_CST) & mask)) {
		unsigned cpu = idle >> preferred & 1 ? preferred : (unsigned)__builtin_ctzll(idle);

		if (__atomic_fetch_and(&runq_idle, ~(1ull << cpu), __ATOMIC_SEQ_CST) >> cpu & 1)
			return &runqs[cpu];
	}
	return NULL;
}

/* The CPU of the mask whose running thread matters least. */
static struct runq *least_important(uint64_t mask)
{
	struct runq *least = NULL;
	uint64_t most = 0;

	for (; mask; mask &= mask - 1) {
		struct runq *rq = &runqs[__builtin_ctzll(mask)];
		uint64_t key = READ_ONCE(rq->curr_key);

		if (!least || key > most) {
			least = rq;
			most = key;
		}
	}
	return least;
}

/* The one of the mask with the fewest that wait, home if it is as good. */
static struct runq *shortest(uint64_t mask, struct runq *home)
{
	struct runq *best = mask >> home->cpu & 1 ? home : NULL;

	for (; mask && (!best || READ_ONCE(best->queued)); mask &= mask - 1) {
		struct runq *rq = &runqs[__builtin_ctzll(mask)];

		if (!best || READ_ONCE(rq->queued) < READ_ONCE(best->queued))
			best = rq;
	}
	return best;
}

struct runq *runq_choose_of(uint64_t mask, struct runq *home, const struct thread *t)
{
	struct runq *rq;

	/* Its idle thread looks at the queue before it goes on idling. */
	if (mask >> home->cpu & 1 && home->curr == home->idle && !home->queued)
		return home;
	rq = claim(mask, home->cpu);
	if (rq)
		return rq;
	return thread_is_fair(t) ? shortest(mask, home) : least_important(mask);
}
