/* SPDX-License-Identifier: MIT */
/* Processor time (core/cputime.c): counting, sampling, the split, clocks and their timers. */
#include "../../core/cputime.c"

#include "test.h"

#define MS NSEC_PER_MSEC

static struct thread a, b;

static void begin_thread(struct thread *t, int tid)
{
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	cputime_thread_start(t);
}

static void begin(void)
{
	list_init(&threads);
	memset(&process, 0, sizeof(process));
	begin_thread(&a, 41);
	begin_thread(&b, 42);
}

/* An interrupt finds t running, after it has run for ns. */
static void run(struct thread *t, uint64_t ns, bool user)
{
	struct thread *was = fake_current;

	fake_current = t;
	t->state = THREAD_RUNNABLE;
	cputime_start(&t->cputime, fake_clock);
	fake_clock += ns;
	cputime_sample(user);
	cputime_stop(&t->cputime, fake_clock);
	fake_current = was;
}

static uint64_t read_id(int id)
{
	struct cpu_clock c;

	return cpu_clock_find(id, &c) ? cpu_clock_read(c) : TIME_NEVER;
}

TEST(a_thread_counts_while_it_runs)
{
	struct cputime c = {0};

	begin();
	cputime_start(&c, fake_clock);
	fake_clock += 5;
	CHECK_EQ(cputime_of(&c), 5);
	fake_clock += 5;
	cputime_stop(&c, fake_clock);
	fake_clock += 100;
	CHECK_EQ(cputime_of(&c), 10);
	cputime_start(&c, fake_clock);
	fake_clock += 3;
	CHECK_EQ(cputime_of(&c), 13);
}

TEST(the_process_has_all_threads_those_that_ended_too)
{
	struct cpu_clock c;

	begin();
	run(&a, 7 * MS, true);
	run(&b, 5 * MS, true);
	CHECK_EQ(read_id(CLOCK_PROCESS_CPUTIME_ID), 12 * MS);
	CHECK_EQ(read_id(~41 * 8 | CPUCLOCK_THREAD | CPUCLOCK_SCHED), 7 * MS);
	REQUIRE(cpu_clock_find(~42 * 8 | CPUCLOCK_THREAD | CPUCLOCK_SCHED, &c));
	cputime_thread_exit(&b);
	CHECK_EQ(cpu_clock_read(c), TIME_NEVER);
	CHECK_EQ(read_id(~42 * 8 | CPUCLOCK_THREAD | CPUCLOCK_SCHED), TIME_NEVER);
	CHECK_EQ(read_id(CLOCK_PROCESS_CPUTIME_ID), 12 * MS);
	CHECK_EQ(read_id(~0 * 8 | CPUCLOCK_SCHED), 12 * MS);
	CHECK_EQ(read_id(~APP_PID * 8 | CPUCLOCK_SCHED), 12 * MS);
	CHECK(!cpu_clock_find(~99 * 8 | CPUCLOCK_SCHED, &c));
	CHECK(!cpu_clock_find(~0 * 8 | 3, &c));
	CHECK(!cpu_clock_find(CLOCK_MONOTONIC, &c));
}

TEST(samples_split_it)
{
	struct cpu_split s;

	begin();
	run(&a, 30 * MS, true);
	run(&a, 10 * MS, false);
	REQUIRE(cputime_split(41, &s));
	CHECK_EQ(s.user, 30 * MS);
	CHECK_EQ(s.system, 10 * MS);
	/* One who sleeps on its own stack is not running in the core. */
	a.state = THREAD_SLEEPING;
	fake_current = &a;
	cputime_start(&a.cputime, fake_clock);
	fake_clock += 8 * MS;
	cputime_sample(false);
	cputime_stop(&a.cputime, fake_clock);
	CHECK_EQ(a.cputime.weight.system, 10 * MS);
	run(&b, 40 * MS, true);
	REQUIRE(cputime_split(0, &s));
	CHECK_EQ(s.user + s.system, 88 * MS);
	CHECK(s.user > 70 * MS && s.system >= 10 * MS);
	CHECK(!cputime_split(99, &s));
}

TEST(neither_part_goes_back)
{
	struct cpu_split told = {0, 0}, s;

	s = split(100, (struct cpu_split){1, 0}, &told);
	CHECK_EQ(s.user, 100);
	/* All later samples find the core: user time stands still, and no more. */
	s = split(110, (struct cpu_split){1, 99}, &told);
	CHECK_EQ(s.user, 100);
	CHECK_EQ(s.system, 10);
	s = split(120, (struct cpu_split){99, 1}, &told);
	CHECK_EQ(s.user, 110);
	CHECK_EQ(s.system, 10);
	s = split(50, (struct cpu_split){1, 1}, &told);
	CHECK_EQ(s.user + s.system, 120);
}

TEST(a_share_of_years_does_not_overflow)
{
	uint64_t year = 365ull * 86400 * NSEC_PER_SEC;

	CHECK_EQ(share(100, 0, 0), 100);
	CHECK_EQ(share(100, 1, 4), 25);
	CHECK(share(year, year / 2, year) > year / 2 - year / 1000000);
	CHECK(share(year, year / 2, year) <= year / 2 + year / 1000000);
	CHECK_EQ(share(200 * year, 7, 7), 200 * year);
}

/* ---- timers ---- */

static unsigned fired;

static void fire(struct cpu_timer *t)
{
	fired++;
	CHECK(cpu_clock_read(t->clock) >= t->deadline);
}

TEST(a_timer_by_a_clock_that_stands_still_waits)
{
	struct cpu_timer t = {.clock = {CPUCLOCK_SCHED, 41}, .fire = fire};

	begin();
	fired = 0;
	cpu_timer_start(&t, 20 * MS);
	fake_clock_advance(1000 * MS);
	CHECK_EQ(fired, 0);
	CHECK(t.wait <= CPU_TIMER_LATE);
	run(&a, 19 * MS, true);
	fake_clock_advance(100 * MS);
	CHECK_EQ(fired, 0);
	run(&a, MS, true);
	fake_clock_advance(CPU_TIMER_LATE);
	CHECK_EQ(fired, 1);
	fake_clock_advance(1000 * MS);
	CHECK_EQ(fired, 1);
}

TEST(a_timer_by_a_clock_that_runs_is_on_time)
{
	struct cpu_timer t = {.clock = {CPUCLOCK_SCHED, 41}, .fire = fire};

	begin();
	fired = 0;
	cputime_start(&a.cputime, fake_clock);
	cpu_timer_start(&t, 50 * MS);
	fake_clock_advance(50 * MS - 1);
	CHECK_EQ(fired, 0);
	fake_clock_advance(MS);
	CHECK_EQ(fired, 1);
	cpu_timer_start(&t, 40 * MS);
	fake_clock_advance(1);
	CHECK_EQ(fired, 2);
	cpu_timer_start(&t, 100 * MS);
	cpu_timer_cancel(&t);
	fake_clock_advance(200 * MS);
	CHECK_EQ(fired, 2);
}

TEST(a_timer_by_the_clock_of_a_thread_that_ends_does_not_fire)
{
	struct cpu_timer t = {.clock = {CPUCLOCK_SCHED, 42}, .fire = fire};

	begin();
	fired = 0;
	cpu_timer_start(&t, 20 * MS);
	cputime_thread_exit(&b);
	fake_clock_advance(1000 * MS);
	CHECK_EQ(fired, 0);
	CHECK(!t.timer.active);
}
