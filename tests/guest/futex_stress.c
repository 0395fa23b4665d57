/* SPDX-License-Identifier: MIT */
/*
 * futex(2) from all CPUs at once: waiters that are moved both ways while they time out, wake-ups that
 * meet them, locks that inherit priority and are contended. Nothing is lost, nobody stays behind.
 *
 * guest: run="--smp 4" timeout=120
 */
#include <errno.h>
#include <time.h>
#include "thread.h"

#define WAITERS 3
#define SECONDS 3

static struct test_thread threads[WAITERS + 2];
static uint32_t words[2], stop;
static uint64_t waits, moves;

static uint64_t now_ns(void)
{
	struct timespec ts;

	raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0, 0, 0, 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- moved to and fro ---- */

static void wait_a_little(void *n)
{
	for (uint64_t i = (uint64_t)n; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
		struct timespec ts = {0, (long)(i * 7919 % 200) * 1000};

		futex(&words[i % 2], FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, (long)&ts, 0, 0);
		__atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED);
	}
}

static void move_on(void *n)
{
	uint32_t *from = &words[(long)n], *to = &words[!(long)n];
	long moved = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		moved += futex(from, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 9, to, 0);
	__atomic_add_fetch(&moves, (uint64_t)moved, __ATOMIC_RELAXED);
}

static void to_and_fro(void)
{
	uint64_t end = now_ns() + SECONDS * 1000000000ull;
	uint64_t woken = 0;

	for (long i = 0; i < WAITERS; i++)
		thread_start(&threads[i], wait_a_little, (void *)i);
	thread_start(&threads[WAITERS], move_on, (void *)0);
	thread_start(&threads[WAITERS + 1], move_on, (void *)1);
	while (now_ns() < end)
		woken += futex(&words[now_ns() % 2], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < WAITERS + 2; i++)
		thread_join(&threads[i]);
	ok(waits > 100, "%llu waits were moved %llu times", (unsigned long long)waits,
	   (unsigned long long)moves);
	is(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, 0, 0, 0), 0, "nobody is left");
	is(futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, 0, 0, 0), 0, "nor there");
}

/* ---- one after the other, each on a CPU of its own ---- */

static uint32_t turn, turns;

/* Until told to stop, which is told the other by giving it its turn once more. */
static void pass(uint32_t mine, uint32_t other, uint64_t end)
{
	uint32_t now;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		while ((now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine)
			futex(&turn, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, now, 0, 0, 0);
		turns++;
		if (now_ns() > end)
			__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
		__atomic_store_n(&turn, other, __ATOMIC_RELEASE);
		futex(&turn, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
	}
}

static void pass_back(void *unused)
{
	(void)unused;
	pass(1, 0, ~0ull);
}

static void passed(void)
{
	stop = 0;
	thread_start(&threads[0], pass_back, 0);
	pass(0, 1, now_ns() + SECONDS * 1000000000ull);
	thread_join(&threads[0]);
	ok(turns > 100, "%u turns, no wake-up is lost", turns);
}

/* ---- locks ---- */

static uint32_t locks[2];
static uint64_t sums[2], added;

static void add(void *unused)
{
	uint32_t me = (uint32_t)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);

	uint64_t i;

	(void)unused;
	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
		uint32_t *lock = &locks[i % 2], free = 0, had = me;

		/* As C libraries do: by itself if it can. */
		if (!__atomic_compare_exchange_n(lock, &free, me, 0, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			while (futex(lock, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0))
				continue;
		sums[i % 2]++;
		if (!__atomic_compare_exchange_n(lock, &had, 0, 0, __ATOMIC_RELEASE,
						 __ATOMIC_RELAXED))
			futex(lock, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0);
	}
	__atomic_add_fetch(&added, i, __ATOMIC_RELAXED);
}

static void locked(void)
{
	struct timespec ts = {SECONDS, 0};

	stop = 0;
	for (long i = 0; i < WAITERS + 2; i++)
		thread_start(&threads[i], add, 0);
	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < WAITERS + 2; i++)
		thread_join(&threads[i]);
	is(sums[0] + sums[1], added, "what locks guard is whole: %llu", (unsigned long long)added);
	is(locks[0] | locks[1], 0, "and they are free");
}

int main(void)
{
	to_and_fro();
	passed();
	locked();
	return done();
}
