/* SPDX-License-Identifier: MIT */
/*
 * The cost of a system call that nobody serves, told once already: C libraries probe for calls, so
 * it is promised. As bench_getpid.c counts: instructions of a round trip, the loop's included.
 *
 * guest: args="icount" run="--icount"
 */
#include <errno.h>
#include "tap.h"

#define CALLS	1000
#define ROUNDS	10
#define LIMIT	65
#define HOLE	57   /* in the table's range, but no call */
#define OUTSIDE 1000 /* beyond it, in every core but a testing one */

static unsigned long ticks(void)
{
	unsigned lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (unsigned long)hi << 32 | lo;
}

static long call(long n)
{
	__asm__ volatile("syscall" : "+a"(n)::"rcx", "r11", "memory");
	return n;
}

static void measure(long n, const char *where)
{
	unsigned long best = ~0ul;

	ok(call(n) == -ENOSYS, "a number %s is ENOSYS", where);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned long start = ticks(), took;

		for (int i = 0; i < CALLS; i++)
			call(n);
		took = (ticks() - start) / CALLS;
		best = took < best ? took : best;
	}
	ok(best <= LIMIT, "in %lu instructions, at most %d", best, LIMIT);
}

int main(void)
{
	measure(HOLE, "inside the table");
	measure(OUTSIDE, "beyond the table");
	return done();
}
