/* SPDX-License-Identifier: MIT */
/*
 * tell_time SECONDS: "REALTIME MONOTONIC_RAW", in nanoseconds, ten times a second.
 *
 * guest: args="0"
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tap.h"

static long now(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long end = now(CLOCK_MONOTONIC_RAW) + (argc > 1 ? atol(argv[1]) : 1) * 1000000000l, t;

	do {
		long real = now(CLOCK_REALTIME);

		t = now(CLOCK_MONOTONIC_RAW);
		printf("# %ld %ld\n", real, t);
		fflush(stdout);
		nanosleep(&(struct timespec){0, 100000000}, NULL);
	} while (t < end);
	ok(t > 0, "the time was told");
	return done();
}
