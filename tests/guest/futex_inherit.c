/* SPDX-License-Identifier: MIT */
/*
 * Priorities and locks that inherit them (sched(7), futex(2)): on one CPU a thread of low priority that
 * has a lock is not kept from it by one of middle priority while one of high priority waits; who waits
 * is served by priority.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <time.h>
#include "thread.h"

#define FIFO	2
#define THREADS 4
#define MAIN	50 /* main's priority: above all */

static struct test_thread threads[THREADS];
static uint32_t lock, second, word, go, order, ready[THREADS], place[THREADS];
static long results[THREADS];

static uint32_t load(uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static void nap(long ms)
{
	struct timespec ts = {0, ms * 1000000};

	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

static long pi(uint32_t *at, int op)
{
	return futex(at, op | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0);
}

static void set_priority(long tid, int priority)
{
	raw(SYS_sched_setscheduler, tid, priority ? FIFO : 0, (long)&priority, 0, 0, 0);
}

/* Uses so much of the processor. */
static void burn(long ms)
{
	struct timespec ts;

	do {
		raw(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, (long)&ts, 0, 0, 0, 0);
	} while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < ms);
}

static void ended(long n)
{
	store(&place[n], __atomic_add_fetch(&order, 1, __ATOMIC_ACQ_REL));
}

/* Starts thread n with that priority; it goes on once main sleeps. */
static void start(long n, void (*fn)(void *), int priority)
{
	thread_start(&threads[n], fn, (void *)n);
	set_priority(threads[n].tid, priority);
}

static void begin(void)
{
	lock = second = go = order = 0;
	memset(place, 0, sizeof(place));
	memset(ready, 0, sizeof(ready));
}

static void joined(int n)
{
	for (int i = 0; i < n; i++)
		thread_join(&threads[i]);
}

/* ---- inheriting ---- */

/* Has the lock until told, then for a while of its own time. */
static void low(void *n)
{
	pi(&lock, FUTEX_LOCK_PI);
	store(&ready[(long)n], 1);
	while (!load(&go))
		nap(1);
	burn(60);
	pi(&lock, FUTEX_UNLOCK_PI);
	burn(80);
	ended((long)n);
}

static void middle(void *n)
{
	store(&go, 1);
	burn(400);
	ended((long)n);
}

static void high(void *n)
{
	results[(long)n] = pi(&lock, FUTEX_LOCK_PI);
	ended((long)n);
	pi(&lock, FUTEX_UNLOCK_PI);
}

static void start_low(int priority)
{
	begin();
	start(0, low, priority);
	while (!load(&ready[0]))
		nap(2);
}

static void inherited(void)
{
	start_low(10);
	start(1, high, 30);
	nap(20);
	start(2, middle, 20);
	joined(3);
	is(place[1], 1, "who waits gets the lock before the middle one is done");
	is(place[2], 2, "which comes next");
	is(place[0], 3, "for the lock given back, the priority is the old one");
	start_low(10);
	start(1, high, 15);
	nap(20);
	start(2, middle, 20);
	joined(3);
	is(place[2], 1, "a priority below the middle one's does not help");
	start_low(0);
	start(1, high, 30);
	nap(20);
	start(2, middle, 20);
	joined(3);
	is(place[1], 1, "it helps a thread without priority");
}

/* Waits with a second lock in hand. */
static void between(void *n)
{
	pi(&second, FUTEX_LOCK_PI);
	store(&ready[(long)n], 1);
	pi(&lock, FUTEX_LOCK_PI);
	pi(&lock, FUTEX_UNLOCK_PI);
	pi(&second, FUTEX_UNLOCK_PI);
}

static void high_second(void *n)
{
	results[(long)n] = pi(&second, FUTEX_LOCK_PI);
	ended((long)n);
	pi(&second, FUTEX_UNLOCK_PI);
}

static void chained(void)
{
	start_low(10);
	start(3, between, 12);
	while (!load(&ready[3]))
		nap(2);
	nap(20);
	start(1, high_second, 30);
	nap(20);
	start(2, middle, 20);
	joined(4);
	is(results[1], 0, "a lock whose owner waits for another's");
	is(place[1], 1, "priority goes through to that");
}

static void changed(void)
{
	start_low(10);
	start(1, high, 5);
	nap(20);
	set_priority(threads[1].tid, 30);
	start(2, middle, 20);
	joined(3);
	is(place[1], 1, "a priority that rises while one waits");
	start_low(10);
	start(1, high, 30);
	nap(20);
	set_priority(threads[1].tid, 15);
	start(2, middle, 20);
	joined(3);
	is(place[2], 1, "or falls");
}

static void high_for_a_while(void *n)
{
	struct timespec until;

	raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&until, 0, 0, 0, 0);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	results[(long)n] = futex(&lock, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, (long)&until, 0, 0);
	store(&ready[(long)n], 1);
}

static void given_up(void)
{
	start_low(10);
	start(1, high_for_a_while, 30);
	while (!load(&ready[1]))
		nap(2);
	is(results[1], -ETIMEDOUT, "one waits no longer");
	start(2, middle, 20);
	joined(3);
	is(place[2], 1, "and is not inherited from any more");
}

/* Moved to a lock by a condition. */
static void high_by_condition(void *n)
{
	results[(long)n] = futex(&word, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 7, 0, &lock, 0);
	ended((long)n);
	pi(&lock, FUTEX_UNLOCK_PI);
}

static void moved(void)
{
	word = 7;
	start_low(10);
	start(1, high_by_condition, 30);
	nap(20);
	is(futex(&word, FUTEX_CMP_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 1, 1, &lock, 7), 1,
	   "one waiter is moved");
	start(2, middle, 20);
	joined(3);
	is(results[1], 0, "to the lock");
	is(place[1], 1, "whose owner inherits");
}

/* ---- who comes first ---- */

static const int priorities[] = {5, 25, 0, 15};
static const uint32_t places[] = {3, 1, 4, 2};

static void wait_word(void *n)
{
	results[(long)n] = futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 7, 0, 0, 0);
	ended((long)n);
}

static void served(void)
{
	begin();
	pi(&lock, FUTEX_LOCK_PI);
	for (int i = 0; i < THREADS; i++) {
		start(i, high, priorities[i]);
		nap(20);
	}
	pi(&lock, FUTEX_UNLOCK_PI);
	joined(THREADS);
	for (int i = 0; i < THREADS; i++)
		is(place[i], places[i], "a lock goes by priority: %d", priorities[i]);
	begin();
	word = 7;
	for (int i = 0; i < THREADS; i++) {
		start(i, wait_word, priorities[i]);
		nap(20);
	}
	for (int i = 0; i < THREADS; i++) {
		is(futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 1, "one is woken");
		nap(20);
	}
	joined(THREADS);
	for (int i = 0; i < THREADS; i++)
		is(place[i], places[i], "waiters are woken by priority: %d", priorities[i]);
}

int main(void)
{
	unsigned long cpus = 1;

	raw(SYS_sched_setaffinity, 0, sizeof(cpus), (long)&cpus, 0, 0, 0);
	set_priority(0, MAIN);
	inherited();
	chained();
	changed();
	given_up();
	moved();
	served();
	return done();
}
