/* SPDX-License-Identifier: MIT */
/* The arithmetic of slewing (core/slew.c). */
#include "../../core/slew.c"

#include "test.h"

#define S 1000000000ull

/* What a clock of that rate gains in so much raw time. */
static int64_t gains(int64_t rate, uint64_t ns)
{
	return (int64_t)((__int128)ns * rate >> 32);
}

static bool near(int64_t a, int64_t b, int64_t by)
{
	return a - b <= by && b - a <= by;
}

TEST(frequency_and_tick_make_the_rate)
{
	struct slew s = {.tick = SLEW_TICK};

	CHECK_EQ(slew_rate(&s), 0);
	s.frequency = 100 * SLEW_PPM;
	CHECK(near(gains(slew_rate(&s), 1000 * S), 100000000, 1000));
	s.frequency = -SLEW_FREQ_MAX;
	CHECK(near(gains(slew_rate(&s), 1000 * S), -500000000, 1000));
	s.tick = 11000;
	CHECK(near(gains(slew_rate(&s), 10 * S), 1000000000 - 5000000, 1000));
	s.tick = 9000;
	CHECK(near(gains(slew_rate(&s), 10 * S), -1000000000 - 5000000, 1000));
}

/* Worked off in steps of raw time: what the clock has gained, at the end. */
static int64_t work_off(int64_t offset, uint64_t step, uint64_t late, unsigned *steps)
{
	struct slew s = {.tick = SLEW_TICK};
	uint64_t now = 77 * S;
	__int128 gained = 0;

	slew_begin(&s, offset, now);
	for (*steps = 0; s.left && *steps < 10000000; ++*steps) {
		uint64_t ns = step && step < slew_time(&s) ? step : slew_time(&s) + late;

		late /= 10;
		gained += (__int128)ns * slew_rate(&s);
		now += ns;
		slew_advance(&s, now);
	}
	CHECK_EQ(slew_time(&s), 0);
	CHECK_EQ(slew_rate(&s), 0);
	return (int64_t)(gained >> 32);
}

TEST(an_offset_is_worked_off_exactly)
{
	unsigned steps;

	CHECK(near(work_off(250000000, 0, 0, &steps), 250000000, 1000));
	CHECK_EQ(steps, 1);
	CHECK(near(work_off(-250000000, 0, 0, &steps), -250000000, 1000));
	CHECK_EQ(steps, 1);
	/* Looked at often, as adjtime may be asked at any moment. */
	CHECK(near(work_off(2000000, 12345, 0, &steps), 2000000, 1000));
	CHECK(near(work_off(-2000000, 20000000, 0, &steps), -2000000, 1000));
}

TEST(a_late_end_is_made_good)
{
	unsigned steps;

	/* 50 ms too long are 25 us too much: those go back, in ever shorter rounds. */
	CHECK(near(work_off(1000000, 0, 50000000, &steps), 1000000, 1000));
	CHECK(steps <= 5);
	CHECK(near(work_off(1000000, 0, 1000000, &steps), 1000000, 1000));
	CHECK(steps <= 3);
}

TEST(another_offset_takes_the_place_of_what_was_left)
{
	struct slew s = {.tick = SLEW_TICK};

	slew_begin(&s, 1000000, S);
	slew_advance(&s, S + 1000000000);
	CHECK_EQ(s.left, 500000);
	slew_begin(&s, -3000000, 2 * S);
	CHECK_EQ(slew_time(&s), 6000000000ull);
	CHECK(slew_rate(&s) < 0);
	slew_begin(&s, 0, 3 * S);
	CHECK_EQ(slew_rate(&s), 0);
	slew_advance(&s, 9 * S);
	CHECK_EQ(s.left, 0);
}
