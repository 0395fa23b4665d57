/* SPDX-License-Identifier: MIT */
/*
 * A lock that everybody wants: some threads map and unmap as fast as they can, others keep the CPUs
 * busy, so that who is woken does not run at once. Those that map now and then get their turn too.
 *
 * guest: run="--smp 4" timeout=60
 */
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define CROWD 6
#define TURNS 30
#define LIMIT 20000000000 /* ns */

static struct test_thread thread[2 * CROWD];
static bool over;

static void map_once(void)
{
	long at = raw(SYS_mmap, 0, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);

	*(volatile char *)at = 1;
	raw(SYS_munmap, at, 16384, 0, 0, 0, 0);
}

static void map_on(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		map_once();
}

static void spin(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause");
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

int main(void)
{
	long begin = now(), longest = 0, turns = 0;

	for (int i = 0; i < CROWD; i++) {
		thread_start(&thread[i], map_on, 0);
		thread_start(&thread[CROWD + i], spin, 0);
	}
	for (long t = now(); turns < TURNS && t < begin + LIMIT; turns++) {
		map_once();
		longest = now() - t > longest ? now() - t : longest;
		t = now();
	}
	over = true;
	for (int i = 0; i < 2 * CROWD; i++)
		thread_join(&thread[i]);
	printf("# %ld turns in %ld ms, the longest %ld ms\n", turns, (now() - begin) / 1000000,
	       longest / 1000000);
	is(turns, TURNS, "all turns were had");
	return done();
}
