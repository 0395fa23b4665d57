/* SPDX-License-Identifier: MIT */
/*
 * What several CPUs are good for: as many threads as told compute, or call the core, for a while; how
 * often a millisecond all of them together did. tests/system/long/test_scaling.py compares.
 *
 *	scaling THREADS MILLISECONDS
 *
 * guest: args="1 200" run="--smp 1"
 * guest: args="2 200" run="--smp 2"
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include "thread.h"

#define MOST 64

static struct test_thread thread[MOST];
static struct {
	unsigned long done;
} __attribute__((aligned(64))) counts[MOST];
static uint32_t go, over;

static void compute(void *number)
{
	uint64_t x = 88172645463325252ull, n = 0;

	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		;
	for (; !__atomic_load_n(&over, __ATOMIC_RELAXED); n++)
		for (int i = 0; i < 1000; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			__asm__ volatile("" : "+r"(x));
		}
	counts[(long)number].done = n;
}

static void call(void *number)
{
	unsigned long n = 0;

	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		;
	for (; !__atomic_load_n(&over, __ATOMIC_RELAXED); n++)
		raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	counts[(long)number].done = n;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void measure(const char *what, void (*fn)(void *), unsigned threads, long ms)
{
	unsigned long sum = 0;
	uint64_t began;

	go = over = 0;
	for (unsigned long i = 0; i < threads; i++)
		thread_start(&thread[i], fn, (void *)i);
	nanosleep(&(struct timespec){0, 20000000}, 0);
	began = now();
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, 0);
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	began = now() - began;
	for (unsigned i = 0; i < threads; i++) {
		thread_join(&thread[i]);
		sum += counts[i].done;
	}
	ok(sum > 0, "%s", what);
	printf("# %s %.1f\n", what, (double)sum * 1e6 / (double)began);
}

int main(int argc, char **argv)
{
	unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	long ms = argc > 2 ? atol(argv[2]) : 200;

	if (!threads || threads > MOST)
		return 2;
	measure("compute", compute, threads, ms);
	measure("call", call, threads, ms);
	return done();
}
