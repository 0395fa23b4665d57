/* SPDX-License-Identifier: MIT */
/* The queue of timers (core/time.c): order, bases, a wall clock that is set, the hardware's deadline. */

/* fake_core.c has a queue of its own, for the tests of others. */
#define time_init	    queue_time_init
#define time_now	    queue_time_now
#define time_raw	    queue_time_raw
#define time_realtime	    queue_time_realtime
#define time_set_realtime   queue_time_set_realtime
#define time_step	    queue_time_step
#define time_tai_offset	    queue_time_tai_offset
#define time_set_tai_offset queue_time_set_tai_offset
#define timer_rearm	    queue_timer_rearm
#define timer_start	    queue_timer_start
#define timer_start_on	    queue_timer_start_on
#define timer_cancel	    queue_timer_cancel
#define timer_interrupt	    queue_timer_interrupt

#include "../../core/time.c"

#include "test.h"

#define HOUR (3600 * NSEC_PER_SEC)

static uint64_t realtime_offset;

uint64_t arch_clock_raw(void)
{
	return fake_clock;
}

uint64_t arch_clock_realtime(void)
{
	return fake_clock + realtime_offset;
}

void arch_clock_set_realtime(uint64_t offset)
{
	realtime_offset = offset;
}

struct test_timer {
	struct timer timer;
	unsigned fired;
	uint64_t at; /* when it was due, in monotonic time */
};

static unsigned early, total;
static uint64_t last;

static void fire(struct timer *timer)
{
	struct test_timer *t = container_of(timer, struct test_timer, timer);

	t->fired++;
	total++;
	early += fake_clock < t->at;
	CHECK(t->at >= last);
	last = t->at;
}

static void begin(void)
{
	fake_clock = 5 * NSEC_PER_SEC;
	CHECK_EQ(time_set_realtime(1000 * HOUR), 0);
	early = total = 0;
	last = 0;
}

/* The hardware's interrupts until end. */
static void run_until(uint64_t end)
{
	while (armed_for <= end) {
		CHECK_EQ(armed_for, fake_timer_deadline);
		fake_clock = max(fake_clock, armed_for);
		timer_interrupt();
	}
	fake_clock = end;
}

TEST(ten_thousand_fire_once_each_in_order_and_none_early)
{
	static struct test_timer t[10000];
	uint64_t random = 1;

	begin();
	memset(t, 0, sizeof(t));
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		t[i].timer.fire = fire;
		t[i].at = fake_clock + 1 + (random >> 33) % NSEC_PER_SEC;
		if (i % 2)
			timer_start(&t[i].timer, t[i].at);
		else
			timer_start_on(&t[i].timer, TIMER_REALTIME, t[i].at + realtime_offset);
	}
	run_until(fake_clock + 2 * NSEC_PER_SEC);
	CHECK_EQ(total, ARRAY_SIZE(t));
	CHECK_EQ(early, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		REQUIRE(t[i].fired == 1);
	CHECK_EQ(armed_for, TIME_NEVER);
}

TEST(the_wall_clocks_follow_when_it_is_set_and_the_others_do_not)
{
	struct test_timer wall = {.timer.fire = fire}, mono = {.timer.fire = fire};
	uint64_t now;

	begin();
	now = fake_clock;
	mono.at = now + 2 * HOUR;
	timer_start(&mono.timer, mono.at);
	timer_start_on(&wall.timer, TIMER_REALTIME, time_realtime() + HOUR);
	CHECK_EQ(fake_timer_deadline, now + HOUR);
	/* Half an hour on: so much sooner, and the hardware knows. */
	CHECK_EQ(time_step((int64_t)(HOUR / 2)), 0);
	CHECK_EQ(fake_timer_deadline, now + HOUR / 2);
	/* Back by two: the other is first now. */
	CHECK_EQ(time_step(-2 * (int64_t)HOUR), 0);
	run_until(now + 2 * HOUR - 1);
	CHECK_EQ(total, 0);
	run_until(now + 2 * HOUR);
	CHECK_EQ(mono.fired, 1);
	wall.at = now + 2 * HOUR + HOUR / 2;
	run_until(wall.at - 1);
	CHECK_EQ(wall.fired, 0);
	run_until(wall.at);
	CHECK_EQ(wall.fired, 1);
	/* Set beyond its moment: at once. */
	wall.at = 0;
	last = 0;
	timer_start_on(&wall.timer, TIMER_REALTIME, time_realtime() + HOUR);
	CHECK_EQ(time_set_realtime(time_realtime() + 3 * HOUR), 0);
	CHECK(armed_for <= fake_clock);
	run_until(fake_clock);
	CHECK_EQ(wall.fired, 2);
}

TEST(the_wall_clock_is_never_behind_monotonic_time)
{
	begin();
	CHECK_EQ(time_set_realtime(fake_clock - 1), -EINVAL);
	CHECK_EQ(time_set_realtime(fake_clock), 0);
	CHECK_EQ(time_step(-1), -EINVAL);
	CHECK_EQ(time_step(1), 0);
	CHECK_EQ(time_step(INT64_MIN), -EINVAL);
	CHECK_EQ(time_realtime(), fake_clock + 1);
}

TEST(a_cancelled_timer_does_not_fire_nor_one_that_is_started_again_fire_twice)
{
	struct test_timer a = {.timer.fire = fire}, b = {.timer.fire = fire};

	begin();
	a.at = fake_clock + 10;
	timer_start(&a.timer, a.at);
	timer_start_on(&b.timer, TIMER_REALTIME, time_realtime() + 5);
	timer_cancel(&b.timer);
	timer_cancel(&b.timer);
	/* From one base to the other. */
	a.at = fake_clock + 20;
	timer_start_on(&a.timer, TIMER_REALTIME, time_realtime() + 20);
	run_until(fake_clock + 100);
	CHECK_EQ(b.fired, 0);
	CHECK_EQ(a.fired, 1);
	CHECK(!tree_first(&timers[TIMER_MONOTONIC]) && !tree_first(&timers[TIMER_REALTIME]));
}

static void fire_again(struct timer *timer)
{
	fire(timer);
	if (total < 5) {
		container_of(timer, struct test_timer, timer)->at = fake_clock + 7;
		timer_start(timer, fake_clock + 7);
		/* The clock's rate changes meanwhile: whoever fires arms. */
		timer_rearm();
	}
}

TEST(a_timer_may_start_itself_again)
{
	struct test_timer a = {.timer.fire = fire_again};

	begin();
	a.at = fake_clock;
	timer_start(&a.timer, 0);
	run_until(fake_clock + 100);
	CHECK_EQ(total, 5);
	CHECK_EQ(early, 0);
}
