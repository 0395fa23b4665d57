/* SPDX-License-Identifier: MIT */
/*
 * The clock changes its counter while it runs: because it is told to, because the TSC runs unevenly,
 * because CPUs' counters are apart. Time goes on and never back, by the vDSO and by system calls.
 *
 * guest: core=testing args="leave"
 * guest: core=testing args="hold"
 * guest: core=testing args="round" run="--cmdline clock=pmtimer" timeout=60
 * guest: core=testing args="forced" run="--cmdline clock=tsc" timeout=60
 * Bochs' TSC says that it is invariant, and nobody watches it:
 * guest: core=testing args="uneven" timeout=60 on=qemu
 */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include "core_calls.h"
#include "tap.h"

#define CALL_CLOCK 1022
enum {
	BY_TSC,
	UNEVEN,
	HOLD,
	LEAVE_TSC
};

static long test_clock(long op, long a)
{
	return raw(CALL_CLOCK, op, a, 0, 0, 0, 0);
}

static long by_call(int clock)
{
	struct timespec t;

	raw(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

static long by_library(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

/* Reads until end, by both ways in turn: how often time went back, and the largest step. */
static long back, largest;

static void read_until(long end, bool (*stop)(void))
{
	long last = by_call(CLOCK_MONOTONIC), now = last, raw_last = by_call(4), raw_now;

	for (long i = 0; now < end && !(stop && i % 1000 == 0 && stop()); i++) {
		now = i % 2 ? by_call(CLOCK_MONOTONIC) : by_library(CLOCK_MONOTONIC);
		raw_now = i % 2 ? by_library(4) : by_call(4);
		back += now < last || raw_now < raw_last;
		if (now - last > largest)
			largest = now - last;
		last = now;
		raw_last = raw_now;
	}
}

static void sleeps(void)
{
	struct timespec t = {0, 50000000};
	long start = by_call(CLOCK_MONOTONIC), took;

	nanosleep(&t, NULL);
	took = by_call(CLOCK_MONOTONIC) - start;
	ok(took >= 50000000 && took < 5000000000, "50 ms took %ld us", took / 1000);
}

static bool left_tsc(void)
{
	return !test_clock(BY_TSC, 0);
}

/* The TSC's ticks while the clock says that ns go by in sleep. */
static double ticks_asleep(long ns)
{
	struct timespec t = {ns / 1000000000, ns % 1000000000};
	unsigned long start = __builtin_ia32_rdtsc();

	nanosleep(&t, NULL);
	return __builtin_ia32_rdtsc() - start;
}

/* The PM timer's 24 bits go round in 4.7 s. */
static int check_round(void)
{
	double short_time = ticks_asleep(500000000), long_time = ticks_asleep(6000000000);

	ok(long_time > 8 * short_time && long_time < 16 * short_time,
	   "6 s are %.2f times half a second", long_time / short_time);
	return done();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "leave";
	long start = by_call(CLOCK_MONOTONIC), wall = by_call(CLOCK_REALTIME);

	if (!strcmp(how, "round"))
		return check_round();
	is(test_clock(BY_TSC, 0), 1, "it goes by the TSC");
	read_until(start + 100000000, NULL);
	if (!strcmp(how, "leave")) {
		is(test_clock(LEAVE_TSC, 0), 1, "there is another");
		is(test_clock(BY_TSC, 0), 0, "it goes by that");
		/* Longer than the PM timer's 24 bits. */
		read_until(start + 1000000000, NULL);
	} else if (!strcmp(how, "hold")) {
		test_clock(HOLD, 0);
		read_until(start + 500000000, NULL);
		is(test_clock(BY_TSC, 0), 1, "the TSC, held from going back");
		is(test_clock(LEAVE_TSC, 0), 1, "until there is another");
		read_until(start + 1000000000, NULL);
	} else if (!strcmp(how, "uneven")) {
		/* After its rate is found. */
		read_until(start + 5000000000, NULL);
		is(test_clock(UNEVEN, 5000), 0, "the TSC runs half a per cent off");
		read_until(start + 25000000000, left_tsc);
		is(test_clock(BY_TSC, 0), 0, "that is seen, and it is left");
	} else {
		is(test_clock(LEAVE_TSC, 0), 0, "the options want the TSC");
		is(test_clock(BY_TSC, 0), 1, "so it stays");
	}
	sleeps();
	is(back, 0, "it never went back");
	ok(largest < 2000000000, "nor far ahead (%ld us)", largest / 1000);
	wall = by_call(CLOCK_REALTIME) - wall;
	start = by_call(CLOCK_MONOTONIC) - start;
	ok(wall - start < 1000000000 && start - wall < 1000000000, "the wall clock goes with it");
	return done();
}
