/* SPDX-License-Identifier: MIT */
/*
 * Threads that never call the core share the processor: whoever was made to give way gets it again,
 * also from a thread that had not run before and from one that comes out of a sleep.
 *
 * guest: timeout=20
 * guest: timeout=20 run="--qemu '-cpu qemu64'"
 */
#include <time.h>
#include "thread.h"

#define LONG_NS (40 * 1000000ull) /* many slices */

static struct test_thread one, two, three;
static uint32_t over, word;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* In ring 3 throughout: looks at a word until it is set. */
static void spin(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		;
}

static void sleep_then_spin(void *unused)
{
	while (!__atomic_load_n(&word, __ATOMIC_ACQUIRE))
		futex(&word, FUTEX_WAIT, 0, 0, 0, 0);
	spin(unused);
}

/* This thread runs on until the others must have had their turn, and ends theirs. */
static void run_on(const char *what)
{
	uint64_t end = now() + LONG_NS;

	while (now() < end)
		;
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	ok(true, "%s", what);
}

static void new_thread(void)
{
	over = 0;
	thread_start(&one, spin, 0);
	run_on("the maker of a thread goes on beside it");
	thread_join(&one);
}

static void woken_thread(void)
{
	over = word = 0;
	thread_start(&one, sleep_then_spin, 0);
	/* It sleeps by now: this thread slept longer than it took to begin. */
	nanosleep(&(struct timespec){0, 20000000}, 0);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	futex(&word, FUTEX_WAKE, 1, 0, 0, 0);
	run_on("who woke a thread goes on beside it");
	thread_join(&one);
}

/* Short sleeps end while others spin. */
static void short_sleeps(void)
{
	over = 0;
	thread_start(&one, spin, 0);
	thread_start(&two, spin, 0);
	for (int i = 0; i < 50; i++)
		nanosleep(&(struct timespec){0, 2000}, 0);
	run_on("who sleeps for moments goes on beside two");
	thread_join(&one);
	thread_join(&two);
}

static struct timespec later(long ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static struct timespec moment;
static uint32_t awake, alone;

/* Whoever of the two is the first waits, without a call, for the other to come. */
static void sleep_then_meet(void *unused)
{
	uint64_t end;

	(void)unused;
	raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&moment, 0, 0, 0);
	__atomic_add_fetch(&awake, 1, __ATOMIC_SEQ_CST);
	for (end = now() + LONG_NS; __atomic_load_n(&awake, __ATOMIC_ACQUIRE) < 2;)
		if (now() > end) {
			alone = 1;
			return;
		}
}

static void end_at_once(void *unused)
{
	(void)unused;
	nanosleep(&(struct timespec){0, 5000000}, 0);
}

/* Two sleepers wake at the same moment while the processor idles: the first does not keep it. */
static void at_one_moment(void)
{
	awake = alone = 0;
	moment = later(30000000);
	thread_start(&one, sleep_then_meet, 0);
	thread_start(&two, sleep_then_meet, 0);
	/* Its end leaves the idle thread on the processor. */
	thread_start(&three, end_at_once, 0);
	thread_join(&one);
	thread_join(&two);
	thread_join(&three);
	is(alone, 0, "of two that wake at once both run");
}

int main(void)
{
	new_thread();
	woken_thread();
	short_sleeps();
	at_one_moment();
	return done();
}
