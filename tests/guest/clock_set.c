/* SPDX-License-Identifier: MIT */
/*
 * Setting the wall clock and slewing time: who waits for a moment of the wall clock follows, who waits
 * for a time does not; adjtimex in what it corrects and what it tells. Changes the clock: not to be
 * run elsewhere.
 *
 * guest: timeout=60
 * guest: run="--icount" timeout=60
 * guest: run="--cmdline clock=hpet" timeout=60
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define MS 1000000l
#define S  1000000000l

#define NR_adjtimex	 159
#define NR_settimeofday	 164
#define NR_clock_adjtime 305
#define NR_create	 222
#define NR_settime	 223

enum {
	OFFSET = 1,
	FREQUENCY = 2,
	MAXERROR = 4,
	ESTERROR = 8,
	STATUS = 0x10,
	TAI = 0x80,
	SETOFFSET = 0x100,
	MICRO = 0x1000,
	NANO = 0x2000,
	TICK = 0x4000,
	SINGLESHOT = 0x8001,
	SS_READ = 0xa001,
};

struct timex {
	unsigned modes;
	long offset, freq, maxerror, esterror;
	int status;
	long constant, precision, tolerance;
	struct {
		long sec, usec;
	} time;
	long tick, more[8];
	int tai, pad[11];
};

static long now(int clock)
{
	struct timespec t = {0, 0};

	raw(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
	return t.tv_sec * S + t.tv_nsec;
}

static struct timespec spec_of(long ns)
{
	return (struct timespec){ns / S, ns % S};
}

static void nap(long ns)
{
	struct timespec t = spec_of(ns);

	nanosleep(&t, NULL);
}

static long set_clock(long ns)
{
	struct timespec t = spec_of(ns);

	return clock_settime(CLOCK_REALTIME, &t);
}

static bool near(long a, long b, long by)
{
	return labs(a - b) < by;
}

static void setting(void)
{
	long mono = now(CLOCK_MONOTONIC), wall = 2000000000l * S;
	struct timeval tv = {1900000000, 5};
	int zone[2] = {60, 0};

	is(set_clock(wall), 0, "clock_settime");
	ok(near(now(CLOCK_REALTIME), wall, 500 * MS), "takes");
	ok(time(NULL) >= 2000000000 && time(NULL) < 2000000010, "for the vDSO too");
	ok(near(now(CLOCK_MONOTONIC), mono, 500 * MS), "monotonic time goes on");
	is(raw(NR_settimeofday, (long)&tv, 0, 0, 0, 0, 0), 0, "settimeofday");
	ok(near(now(CLOCK_REALTIME), 1900000000l * S, 500 * MS), "takes");
	tv.tv_usec = 1000000;
	is(raw(NR_settimeofday, (long)&tv, 0, 0, 0, 0, 0), -EINVAL, "a million microseconds");
	is(raw(NR_settimeofday, 1, 0, 0, 0, 0, 0), -EFAULT, "from nowhere");
	is(raw(NR_settimeofday, 0, (long)zone, 0, 0, 0, 0), -EINVAL, "no time zones");
	is(raw(NR_settimeofday, 0, 0, 0, 0, 0, 0), 0, "nothing");
}

/* ---- who waits ---- */

static volatile int woken;
static long moment;

static void *wait_moment(void *clock)
{
	struct timespec t = spec_of(moment);

	clock_nanosleep((clockid_t)(long)clock, TIMER_ABSTIME, &t, NULL);
	woken = 1;
	return NULL;
}

static void follow(int clock, const char *name)
{
	pthread_t t;

	woken = 0;
	moment = now(clock) + 3600 * S;
	pthread_create(&t, NULL, wait_moment, (void *)(long)clock);
	nap(30 * MS);
	is(woken, 0, "%s: an hour is long", name);
	set_clock(now(CLOCK_REALTIME) + 3590 * S);
	nap(30 * MS);
	is(woken, 0, "%s: ten seconds still are", name);
	set_clock(now(CLOCK_REALTIME) + 11 * S);
	pthread_join(t, NULL);
	is(woken, 1, "%s: the clock is set beyond it: over", name);
}

static long fired(int signo)
{
	unsigned long set = 1ul << (signo - 1);
	struct timespec none = {0, 0};

	return raw(SYS_rt_sigtimedwait, (long)&set, 0, (long)&none, 8, 0, 0) == signo;
}

static void timers(void)
{
	struct {
		long value;
		int signo, notify, pad[12];
	} e = {0, SIGUSR1, 0, {0}};
	struct {
		struct timespec interval, value;
	} s = {{0, 0}, {0, 0}};
	int by_moment = -1, by_time = -1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raw(NR_create, CLOCK_REALTIME, (long)&e, (long)&by_moment, 0, 0, 0);
	e.signo = SIGUSR2;
	raw(NR_create, CLOCK_REALTIME, (long)&e, (long)&by_time, 0, 0, 0);
	s.value = spec_of(100 * S);
	is(raw(NR_settime, by_time, 0, (long)&s, 0, 0, 0), 0, "a timer by a time");
	s.value = spec_of(now(CLOCK_REALTIME) + 50 * S);
	is(raw(NR_settime, by_moment, TIMER_ABSTIME, (long)&s, 0, 0, 0), 0, "and one by a moment");
	set_clock(now(CLOCK_REALTIME) + 1000 * S);
	nap(50 * MS);
	ok(fired(SIGUSR1) && !fired(SIGUSR2), "the clock is set forward: that one fires");
	s.value = spec_of(now(CLOCK_REALTIME) + 60 * MS);
	raw(NR_settime, by_moment, TIMER_ABSTIME, (long)&s, 0, 0, 0);
	set_clock(now(CLOCK_REALTIME) - 1000 * S);
	nap(200 * MS);
	ok(!fired(SIGUSR1), "back: it waits");
}

/* ---- slewing ---- */

static long adjust(struct timex *x, unsigned modes)
{
	x->modes = modes;
	return raw(NR_adjtimex, (long)x, 0, 0, 0, 0, 0);
}

/* How far the clock is ahead of raw time: of some tries the one that took least. */
static long ahead(int clock)
{
	long best = 0, shortest = S;

	for (int i = 0; i < 20; i++) {
		long before = now(CLOCK_MONOTONIC_RAW), at = now(clock);
		long after = now(CLOCK_MONOTONIC_RAW);

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = at - (before + shortest / 2);
	}
	return best;
}

/* By how much the clock gains on raw time, in ppm, over some time. */
static long gained_ppm(int clock, long ns)
{
	long start = now(CLOCK_MONOTONIC_RAW), before = ahead(clock), gained;

	nap(ns);
	gained = ahead(clock) - before;
	return gained / ((now(CLOCK_MONOTONIC_RAW) - start) / 1000000);
}

static void rates(void)
{
	struct timex x = {0};
	long ppm;

	is(adjust(&x, 0), 5, "adjtimex tells: not synchronized");
	ok(x.tick == 10000 && x.freq == 0 && x.offset == 0 && x.status & 0x40 && x.tolerance,
	   "and nothing is corrected");
	ok(near(x.time.sec, now(CLOCK_REALTIME) / S, 2) && x.time.usec < 1000000, "the time");
	x.freq = 400l << 16;
	is(adjust(&x, FREQUENCY), 5, "400 ppm faster");
	ppm = gained_ppm(CLOCK_MONOTONIC, 300 * MS);
	ok(near(ppm, 400, 60), "monotonic time gains: %ld ppm", ppm);
	ppm = gained_ppm(CLOCK_REALTIME, 300 * MS);
	ok(near(ppm, 400, 60), "the wall clock too: %ld ppm", ppm);
	x.freq = -(700l << 16);
	adjust(&x, FREQUENCY);
	is(x.freq, -(500l << 16), "500 slower is the most");
	x.freq = 0;
	x.tick = 9500;
	adjust(&x, FREQUENCY | TICK);
	ppm = gained_ppm(CLOCK_MONOTONIC, 100 * MS);
	ok(near(ppm, -50000, 1000), "a tick of 9,500 us: %ld ppm", ppm);
	x.tick = 8999;
	is(adjust(&x, TICK), -EINVAL, "less than 9,000 is refused");
	x.tick = 10000;
	adjust(&x, TICK);
	ppm = gained_ppm(CLOCK_MONOTONIC, 100 * MS);
	ok(near(ppm, 0, 60), "back to normal: %ld ppm", ppm);
}

/* A sleep is as long as the clock says, whatever its rate. */
static void sleeps(void)
{
	struct timex x = {.tick = 11000};
	long start, raw_start;

	adjust(&x, TICK);
	start = now(CLOCK_MONOTONIC);
	raw_start = now(CLOCK_MONOTONIC_RAW);
	nap(200 * MS);
	start = now(CLOCK_MONOTONIC) - start;
	raw_start = now(CLOCK_MONOTONIC_RAW) - raw_start;
	ok(start >= 200 * MS, "not too short");
	ok(start - raw_start > 15 * MS, "by the clock, a tenth faster (%ld of %ld us)",
	   start / 1000, raw_start / 1000);
	x.tick = 10000;
	adjust(&x, TICK);
}

static void single_shot(void)
{
	struct timex x = {.offset = 100};
	long before = ahead(CLOCK_REALTIME), gained;

	is(adjust(&x, SINGLESHOT), 5, "adjtime: 100 us to gain");
	is(x.offset, 0, "nothing was left before");
	nap(100 * MS);
	adjust(&x, SS_READ);
	ok(x.offset > 0 && x.offset <= 50, "in 100 ms some 50 of it (%ld left)", x.offset);
	nap(300 * MS);
	adjust(&x, SS_READ);
	is(x.offset, 0, "then all of it");
	gained = ahead(CLOCK_REALTIME) - before;
	ok(near(gained, 100000, 12000), "%ld ns gained", gained);
	x.offset = -50;
	adjust(&x, SINGLESHOT);
	x.offset = 0;
	nap(20 * MS);
	adjust(&x, SINGLESHOT);
	ok(x.offset < 0 && x.offset >= -45, "broken off, with %ld us left", x.offset);
	adjust(&x, SS_READ);
	is(x.offset, 0, "and over");
	is(adjust(&x, 0x8000 | SETOFFSET), -EINVAL, "a single shot of nothing");
}

static void offsets(void)
{
	struct timex x = {.time = {10, 500000}};
	long wall = now(CLOCK_REALTIME);

	is(adjust(&x, SETOFFSET), 5, "ADJ_SETOFFSET");
	ok(near(now(CLOCK_REALTIME), wall + 10 * S + 500 * MS, 400 * MS), "10.5 s on");
	wall = now(CLOCK_REALTIME);
	x.time.sec = -6;
	x.time.usec = 999999999;
	is(adjust(&x, SETOFFSET | NANO), 5, "in nanoseconds");
	ok(near(now(CLOCK_REALTIME), wall - 5 * S, 400 * MS), "5 s back");
	ok(x.status & 0x2000, "and it tells them");
	x.time.usec = 1000000;
	is(adjust(&x, SETOFFSET), -EINVAL, "a million microseconds");
	x.time.sec = -4000000000;
	x.time.usec = 0;
	is(adjust(&x, SETOFFSET), -EINVAL, "to before the start");
	is(adjust(&x, MICRO), 5, "microseconds again");
	x.constant = 37;
	is(adjust(&x, TAI), 5, "ADJ_TAI");
	is((now(11) - now(CLOCK_REALTIME) + S / 2) / S, 37, "CLOCK_TAI is ahead by that");
	is(x.tai, 37, "and told");
	x.constant = 0;
	adjust(&x, TAI);
	x.status = 0;
	x.maxerror = 1234;
	x.esterror = 99000000;
	is(adjust(&x, STATUS | MAXERROR | ESTERROR), 0, "synchronized");
	ok(x.maxerror == 1234 && x.esterror == 16000000, "with errors that are kept");
	set_clock(now(CLOCK_REALTIME));
	is(adjust(&x, 0), 5, "no longer, when the clock is set");
	x.status = 1;
	is(adjust(&x, STATUS), -EOPNOTSUPP, "there is no loop");
	is(raw(NR_adjtimex, 1, 0, 0, 0, 0, 0), -EFAULT, "no structure");
	x.modes = 0;
	is(raw(NR_clock_adjtime, CLOCK_REALTIME, (long)&x, 0, 0, 0, 0), 5, "clock_adjtime");
	is(raw(NR_clock_adjtime, CLOCK_MONOTONIC, (long)&x, 0, 0, 0, 0), -EOPNOTSUPP, "of another");
	is(raw(NR_clock_adjtime, 99, (long)&x, 0, 0, 0, 0), -EINVAL, "of none");
}

static void unprivileged(void)
{
	struct timex x = {0};

	raw(SYS_setuid, 1000, 0, 0, 0, 0, 0);
	is(set_clock(now(CLOCK_REALTIME)), -1, "user 1000 may not set the clock");
	is(adjust(&x, FREQUENCY), -EPERM, "nor correct it");
	is(adjust(&x, SINGLESHOT), -EPERM, "nor for once");
	is(adjust(&x, 0), 5, "but ask");
	is(adjust(&x, SS_READ), 5, "and what is left");
}

int main(void)
{
	setting();
	follow(CLOCK_REALTIME, "CLOCK_REALTIME");
	follow(11, "CLOCK_TAI");
	timers();
	rates();
	sleeps();
	single_shot();
	offsets();
	unprivileged();
	return done();
}
