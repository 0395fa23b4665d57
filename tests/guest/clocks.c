/* SPDX-License-Identifier: MIT */
/*
 * Clocks run forwards and agree; sleeping takes as long as asked.
 *
 * guest:
 * guest: run="--icount"
 * guest: run="--cmdline clock=hpet"
 * guest: run="--cmdline clock=pmtimer"
 * guest: run="--smp 2 --qemu '-cpu max,-tsc'"
 */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static long long now(clockid_t clock)
{
	struct timespec ts = {0, 0};

	if (clock_gettime(clock, &ts) < 0 || ts.tv_nsec < 0 || ts.tv_nsec > 999999999)
		return -1;
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void check_monotonic(void)
{
	long long last = now(CLOCK_MONOTONIC), t;
	int backwards = 0, moved = 0;

	for (int i = 0; i < 100000; i++, last = t) {
		t = now(CLOCK_MONOTONIC);
		backwards += t < last;
		moved += t > last;
	}
	is(backwards, 0, "the monotonic clock never runs backwards");
	ok(moved > 1000, "it moves (%d of 100,000)", moved);
}

static void check_sleep(long ms)
{
	struct timespec ts = {0, ms * 1000000};
	long long start = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME), took, wall_took;

	is(nanosleep(&ts, NULL), 0, "nanosleep");
	took = (now(CLOCK_MONOTONIC) - start) / 1000;
	wall_took = (now(CLOCK_REALTIME) - wall) / 1000;
	ok(took >= ms * 1000 && took < ms * 1000 + 500000, "%ld ms took %lld us", ms, took);
	ok(wall_took > took - 20000 && wall_took < took + 20000, "the wall clock agrees: %lld us",
	   wall_took);
}

static void check_absolute(void)
{
	long long start = now(CLOCK_MONOTONIC), end = start + 30000000, took;
	struct timespec ts = {end / 1000000000, end % 1000000000};

	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0, "clock_nanosleep");
	took = now(CLOCK_MONOTONIC) - start;
	ok(took >= 30000000, "until the time given");
	start = now(CLOCK_MONOTONIC);
	ok(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0 &&
		   now(CLOCK_MONOTONIC) - start < 10000000,
	   "the past is over at once");
	is(clock_nanosleep(99, 0, &ts, NULL), EINVAL, "clock_nanosleep answers with the error");
}

static void check_calendar(void)
{
	time_t t = time(NULL), known = 1700000000;
	struct timeval tv;
	struct tm tm;
	char text[64];

	ok(t > 1600000000 && t < 8000000000, "the year is plausible: %s", strtok(ctime(&t), "\n"));
	ok(gettimeofday(&tv, NULL) == 0 && tv.tv_sec - t >= 0 && tv.tv_sec - t <= 1,
	   "gettimeofday");
	gmtime_r(&known, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a %j", &tm);
	ok(!strcmp(text, "2023-11-14 22:13:20 Tue 318"), "gmtime and strftime: %s", text);
	is(timegm(&tm), known, "timegm");
	is(mktime(&tm), known, "mktime in UTC");
}

int main(void)
{
	struct timespec res, zero = {0, 0};
	struct tms tms;
	long long cpu;

	check_monotonic();
	check_sleep(1);
	check_sleep(50);
	is(nanosleep(&zero, NULL), 0, "nanosleep of nothing");
	check_absolute();
	check_calendar();
	ok(clock_getres(CLOCK_MONOTONIC, &res) == 0 && res.tv_sec == 0 && res.tv_nsec <= 10000000,
	   "clock_getres: %ld ns", res.tv_nsec);
	ok(now(CLOCK_MONOTONIC_RAW) >= 0 && now(CLOCK_BOOTTIME) >= 0, "the other clocks");
	ok(now(CLOCK_REALTIME_COARSE) >= 0 && now(CLOCK_MONOTONIC_COARSE) >= 0, "the coarse ones");
	ok(times(&tms) != -1, "times");
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	if (cpu < 0 && on_ringlet())
		skip("processor time", "the core does not count it yet");
	else
		ok(cpu > 0 && now(CLOCK_THREAD_CPUTIME_ID) > 0 && clock() >= 0,
		   "processor time: %lld ns", cpu);
	return done();
}
