/* SPDX-License-Identifier: MIT */
/*
 * Mutexes with priority inheritance: what they answer, that none lets two in, robust ones whose owner
 * dies, conditions with them, and the inheritance itself: a thread that computes at a priority between
 * holds up neither the one above it nor the owner of what that waits for.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4" timeout=120
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 8
#define ROUNDS	2000

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void init(int type, int robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, robust);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&m, &attr);
	pthread_mutexattr_destroy(&attr);
}

static long other(void *(*fn)(void *))
{
	void *result;
	pthread_t t;

	pthread_create(&t, NULL, fn, NULL);
	pthread_join(t, &result);
	return (long)result;
}

static void *try_lock(void *arg)
{
	int err = pthread_mutex_trylock(&m);

	(void)arg;
	if (!err)
		pthread_mutex_unlock(&m);
	return (void *)(long)err;
}

static void *unlock(void *arg)
{
	(void)arg;
	return (void *)(long)pthread_mutex_unlock(&m);
}

static void *timed_lock(void *arg)
{
	struct timespec at, start, now;
	long err;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &start);
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += 30000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	err = pthread_mutex_timedlock(&m, &at);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < 29000000)
		return (void *)-1;
	return (void *)err;
}

static void *lock_and_unlock(void *arg)
{
	long err = pthread_mutex_lock(&m);

	(void)arg;
	pthread_mutex_unlock(&m);
	return (void *)err;
}

static void answers(void)
{
	pthread_mutexattr_t attr;
	int protocol;
	pthread_t t;
	void *result;

	pthread_mutexattr_init(&attr);
	is(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT), 0,
	   "the protocol is offered");
	pthread_mutexattr_getprotocol(&attr, &protocol);
	is(protocol, PTHREAD_PRIO_INHERIT, "and in the attribute");

	init(PTHREAD_MUTEX_NORMAL, 0);
	is(pthread_mutex_lock(&m), 0, "normal: lock");
	is(pthread_mutex_trylock(&m), EBUSY, "trylock of one's own");
	is(other(try_lock), EBUSY, "and of another's");
	is(other(timed_lock), ETIMEDOUT, "a wait ends");
	pthread_create(&t, NULL, lock_and_unlock, NULL);
	usleep(10000);
	is(pthread_mutex_unlock(&m), 0, "unlock, with one that waits");
	pthread_join(t, &result);
	is((long)result, 0, "it has had it");
	is(other(try_lock), 0, "it is free");

	init(PTHREAD_MUTEX_RECURSIVE, 0);
	pthread_mutex_lock(&m);
	is(pthread_mutex_lock(&m), 0, "recursive: again");
	is(other(unlock), EPERM, "another cannot unlock it");
	pthread_mutex_unlock(&m);
	is(other(try_lock), EBUSY, "once unlocked it is held");
	pthread_mutex_unlock(&m);
	is(other(try_lock), 0, "twice, it is free");

	init(PTHREAD_MUTEX_ERRORCHECK, 0);
	is(pthread_mutex_unlock(&m), EPERM, "error checking: unlock of a free one");
	pthread_mutex_lock(&m);
	is(pthread_mutex_lock(&m), EDEADLK, "lock of one's own");
	is(other(unlock), EPERM, "another cannot unlock it");
	is(pthread_mutex_unlock(&m), 0, "unlock");
}

static void *die_holding(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	usleep(20000);
	return NULL;
}

static void robust(void)
{
	pthread_t t;

	init(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	other(die_holding);
	is(pthread_mutex_lock(&m), EOWNERDEAD, "robust: its owner died before");
	is(pthread_mutex_consistent(&m), 0, "made consistent");
	is(pthread_mutex_unlock(&m), 0, "unlocked");
	is(other(lock_and_unlock), 0, "it is as before");
	pthread_create(&t, NULL, die_holding, NULL);
	usleep(10000);
	is(pthread_mutex_lock(&m), EOWNERDEAD, "its owner dies while one waits");
	pthread_join(t, NULL);
	is(pthread_mutex_unlock(&m), 0, "unlocked as it is");
	is(pthread_mutex_lock(&m), ENOTRECOVERABLE, "it is lost");
	is(other(try_lock), ENOTRECOVERABLE, "for all");
}

static long counter;

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&m);
		counter = *(volatile long *)&counter + 1;
		if (i % 64 == 0)
			sched_yield();
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static int turn;

static void *take_turns(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&m);
		while (turn % THREADS != (long)arg)
			pthread_cond_wait(&c, &m);
		turn++;
		pthread_cond_broadcast(&c);
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static void many(void *(*fn)(void *))
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, fn, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

/* ---- inheritance, on one CPU ---- */

static volatile int holding, wanting, stop, order, high_done, middle_done;

static void *low(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	holding = 1;
	while (!wanting)
		sched_yield();
	for (volatile int i = 0; i < 2000000; i++)
		continue;
	pthread_mutex_unlock(&m);
	return NULL;
}

static void *middle(void *arg)
{
	(void)arg;
	for (volatile long i = 0; i < 400000000 && !high_done; i++)
		continue;
	middle_done = ++order;
	return NULL;
}

static void *high(void *arg)
{
	(void)arg;
	wanting = 1;
	pthread_mutex_lock(&m);
	high_done = ++order;
	pthread_mutex_unlock(&m);
	return NULL;
}

static int create_at(pthread_t *t, void *(*fn)(void *), int priority)
{
	struct sched_param param = {.sched_priority = priority};
	pthread_attr_t attr;
	cpu_set_t first;
	int err;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	pthread_attr_setaffinity_np(&attr, sizeof(first), &first);
	err = pthread_create(t, &attr, fn, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

static void inherits(void)
{
	struct sched_param top = {.sched_priority = 40};
	pthread_t l, mid, h;
	cpu_set_t first, before;

	if (on_ringlet()) {
		skip("inheritance", "the core hands locks over by priority, but lends none");
		return;
	}
	init(PTHREAD_MUTEX_NORMAL, 0);
	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &top)) {
		skip("inheritance", "no right to priorities");
		return;
	}
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
	pthread_setaffinity_np(pthread_self(), sizeof(first), &first);
	is(create_at(&l, low, 10), 0, "a thread of low priority");
	while (!holding)
		usleep(1000);
	create_at(&h, high, 30);
	while (!wanting)
		usleep(1000);
	create_at(&mid, middle, 20);
	pthread_join(h, NULL);
	pthread_join(mid, NULL);
	pthread_join(l, NULL);
	ok(high_done == 1 && middle_done == 2,
	   "the high one gets what the low one holds before the middle one is through");
	top.sched_priority = 0;
	pthread_setschedparam(pthread_self(), SCHED_OTHER, &top);
	pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
}

int main(void)
{
	answers();
	robust();
	init(PTHREAD_MUTEX_NORMAL, 0);
	many(count);
	is(counter, THREADS * ROUNDS, "%d threads, %d rounds each", THREADS, ROUNDS);
	many(take_turns);
	is(turn, THREADS * 100, "a condition with it: %d threads take turns", THREADS);
	inherits();
	return done();
}
