// SPDX-License-Identifier: MIT
/* core/runq.c: in which order threads have a CPU, and which CPU a thread waits for. */
#include "test.h"

#include "../../core/runq.c"

#define MS NSEC_PER_MSEC

static struct thread t[8], idle;
static struct runq *const rq = &runqs[0];

static void become(struct thread *th, unsigned policy, unsigned priority, int nice)
{
	const struct sched_policy p = {(uint8_t)policy, (uint8_t)priority, (int8_t)nice, false};

	runq_set_policy(th->rq, th, &p);
}

static void begin(void)
{
	memset(runqs, 0, sizeof(runqs));
	memset(t, 0, sizeof(t));
	runq_online = 1;
	runq_idle = 0;
	idle = (struct thread){.rq = rq, .weight = RUNQ_WEIGHT, .affinity = ~0ull};
	for (unsigned i = 0; i < 4; i++) {
		runq_init(&runqs[i], i);
		runqs[i].curr = runqs[i].idle = &idle;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		t[i].rq = rq;
		t[i].affinity = ~0ull;
		t[i].key = rq->floor;
		become(&t[i], SCHED_OTHER, 0, 0);
	}
}

static struct thread *next(void)
{
	struct thread *first = rq->first;

	if (first)
		runq_remove(rq, first);
	return first;
}

TEST(who_has_had_least_is_next)
{
	begin();
	t[0].key += 3 * MS;
	t[1].key += 1 * MS;
	t[2].key += 2 * MS;
	for (int i = 0; i < 3; i++)
		runq_insert(rq, &t[i]);
	CHECK_EQ(rq->queued, 3);
	CHECK(next() == &t[1] && next() == &t[2] && next() == &t[0] && !next());
	CHECK_EQ(rq->queued, 0);
}

TEST(any_can_be_taken_out)
{
	begin();
	for (unsigned i = 0; i < 8; i++) {
		t[i].key += (i * 5 % 8) * MS;
		runq_insert(rq, &t[i]);
	}
	runq_remove(rq, &t[5]); /* 1 */
	runq_remove(rq, &t[0]); /* the first */
	CHECK(!t[0].queued && t[1].queued);
	CHECK(next() == &t[2] && next() == &t[7] && next() == &t[4]);
}

TEST(weights_are_nice_values)
{
	uint64_t before;

	begin();
	before = rq->floor;
	become(&t[0], SCHED_OTHER, 0, 10);
	become(&t[1], SCHED_OTHER, 0, -10);
	become(&t[2], SCHED_IDLE, 0, 0);
	CHECK(t[0].weight >= 105 && t[0].weight <= 115);
	CHECK(t[1].weight >= 9300 && t[1].weight <= 9700);
	CHECK_EQ(t[2].weight, 3);
	for (int i = 0; i < 3; i++)
		runq_account(rq, &t[i], 10 * MS);
	CHECK_EQ(t[0].cputime.word, 2 * 10 * MS - 1);
	CHECK(t[0].key - before > 85 * MS && t[0].key - before < 100 * MS);
	CHECK(t[1].key - before > 1 * MS && t[1].key - before < 2 * MS);
}

TEST(priorities_come_first_and_equals_in_turn)
{
	begin();
	become(&t[0], SCHED_OTHER, 0, -20);
	become(&t[1], SCHED_FIFO, 10, 0);
	become(&t[2], SCHED_FIFO, 20, 0);
	become(&t[3], SCHED_RR, 10, 0);
	become(&t[4], SCHED_FIFO, 99, 0);
	for (int i = 0; i < 5; i++)
		runq_insert(rq, &t[i]);
	CHECK(next() == &t[4] && next() == &t[2] && next() == &t[1] && next() == &t[3] &&
	      next() == &t[0]);
}

TEST(a_fifo_thread_keeps_its_place_and_loses_it_by_yielding)
{
	begin();
	become(&t[0], SCHED_FIFO, 10, 0);
	become(&t[1], SCHED_FIFO, 10, 0);
	runq_insert(rq, &t[1]);
	runq_account(rq, &t[0], 1000 * MS);
	CHECK(t[0].key < t[1].key);
	rq->curr = &t[0];
	CHECK(!runq_slice_over(rq, 2000 * MS));
	runq_give_way(rq, &t[0]);
	CHECK(t[0].key > t[1].key);
}

TEST(a_round_robin_thread_has_a_slice)
{
	begin();
	become(&t[0], SCHED_RR, 10, 0);
	become(&t[1], SCHED_RR, 10, 0);
	become(&t[2], SCHED_RR, 9, 0);
	rq->curr = &t[0];
	runq_insert(rq, &t[2]);
	CHECK(!runq_slice_over(rq, 200 * MS));
	runq_insert(rq, &t[1]);
	CHECK(!runq_slice_over(rq, 99 * MS));
	CHECK(runq_slice_over(rq, 100 * MS));
	runq_account(rq, &t[0], 100 * MS);
	runq_rotate(&t[0]);
	CHECK(t[0].key > t[1].key && t[0].key < t[2].key);
}

TEST(a_sleeper_is_ahead_but_not_by_its_whole_sleep)
{
	begin();
	rq->curr = &t[1];
	runq_raise_floor(rq, 5000 * MS);
	CHECK(rq->floor >= t[1].key + 5000 * MS);
	runq_account(rq, &t[1], 5000 * MS);
	runq_limit_credit(rq, &t[0]);
	CHECK(runq_preempts(&t[0], &t[1]));
	CHECK(t[1].key - t[0].key < 5 * MS);
	t[0].key = t[1].key - MS / 2;
	CHECK(!runq_preempts(&t[0], &t[1]));
}

TEST(what_is_important_interrupts_what_is_not)
{
	begin();
	become(&t[0], SCHED_FIFO, 1, 0);
	become(&t[1], SCHED_FIFO, 2, 0);
	become(&t[3], SCHED_IDLE, 0, 0);
	CHECK(runq_preempts(&t[0], &t[2]) && !runq_preempts(&t[2], &t[0]));
	CHECK(runq_preempts(&t[1], &t[0]) && !runq_preempts(&t[0], &t[1]));
	CHECK(runq_preempts(&t[2], &t[3]) && !runq_preempts(&t[3], &t[2]));
}

TEST(who_moves_keeps_its_distance)
{
	begin();
	runqs[2].floor += 7000 * MS;
	t[0].key += MS;
	runq_move(&t[0], &runqs[2]);
	CHECK(t[0].rq == &runqs[2]);
	CHECK_EQ(t[0].key - runqs[2].floor, MS);
	become(&t[1], SCHED_FIFO, 5, 0);
	t[2].key = t[1].key;
	runq_move(&t[1], &runqs[2]);
	CHECK_EQ(t[1].key, t[2].key);
}

TEST(idle_cpus_are_chosen_once)
{
	begin();
	runq_online = 15;
	rq->curr = &t[7];
	runq_idle = 4 | 8;
	CHECK(runq_choose(rq, &t[0]) == &runqs[2]);
	CHECK(runq_choose(rq, &t[0]) == &runqs[3]);
	CHECK_EQ(runq_idle, 0);
	runq_idle = 1 | 4;
	CHECK(runq_choose(rq, &t[0]) == rq);
}

TEST(affinity_is_kept)
{
	begin();
	runq_online = 15;
	for (int i = 0; i < 4; i++)
		runqs[i].curr = &t[7];
	runq_idle = 1 | 2;
	t[0].affinity = 8;
	CHECK(runq_choose(rq, &t[0]) == &runqs[3]);
	t[0].affinity = 1;
	CHECK(runq_choose(rq, &t[0]) == rq);
	t[1].affinity = 2;
	runq_insert(rq, &t[1]);
	t[0].affinity = 4;
	runq_insert(rq, &t[0]);
	CHECK(runq_first_for(rq, 2) == &t[0] && runq_first_for(rq, 1) == &t[1] &&
	      !runq_first_for(rq, 3));
}

TEST(busy_cpus_share)
{
	begin();
	runq_online = 7;
	for (int i = 0; i < 3; i++)
		runqs[i].curr = &t[7];
	rq->queued = 2;
	runqs[1].queued = 1;
	CHECK(runq_choose(rq, &t[0]) == &runqs[2]);
	runqs[2].queued = 2;
	CHECK(runq_choose(rq, &t[0]) == &runqs[1]);
	/* A FIFO thread takes the CPU whose thread matters least. */
	become(&t[1], SCHED_FIFO, 50, 0);
	become(&t[2], SCHED_FIFO, 40, 0);
	runqs[0].curr_key = runqs[2].curr_key = t[1].key;
	runqs[1].curr_key = t[2].key;
	become(&t[0], SCHED_FIFO, 60, 0);
	CHECK(runq_choose(rq, &t[0]) == &runqs[1]);
	runqs[2].curr_key = t[6].key;
	CHECK(runq_choose(rq, &t[0]) == &runqs[2]);
}
