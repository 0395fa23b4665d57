/* SPDX-License-Identifier: MIT */
/*
 * Mutexes of every kind: what each answers, timeouts by both clocks, a robust one whose owner dies,
 * and that none lets two in.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

/* glibc does not look whether a robust mutex is held, and wakes one waiter only of a lost one. */
#ifdef __GLIBC__
#define OTHER_LIBRARY 1
#define WAITERS	      1
#else
#define OTHER_LIBRARY 0
#define WAITERS	      4
#endif

static pthread_mutex_t m;

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

/* What another thread gets. */
static long other(void *(*fn)(void *))
{
	void *result;
	pthread_t t;

	pthread_create(&t, NULL, fn, NULL);
	pthread_join(t, &result);
	return (long)result;
}

static void init(int type, int robust, int shared)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, robust);
	pthread_mutexattr_setpshared(&attr, shared);
	pthread_mutex_init(&m, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void kinds(int robust, int shared, const char *what)
{
	init(PTHREAD_MUTEX_NORMAL, robust, shared);
	is(pthread_mutex_lock(&m), 0, "%s normal: lock", what);
	is(pthread_mutex_trylock(&m), EBUSY, "trylock of one's own");
	is(other(try_lock), EBUSY, "and of another's");
	if (!robust || !OTHER_LIBRARY)
		is(pthread_mutex_destroy(&m), EBUSY, "it cannot be destroyed");
	is(pthread_mutex_unlock(&m), 0, "unlock");
	is(other(try_lock), 0, "now the other gets it");
	is(pthread_mutex_destroy(&m), 0, "destroy");

	init(PTHREAD_MUTEX_RECURSIVE, robust, shared);
	is(pthread_mutex_unlock(&m), EPERM, "%s recursive: unlock of a free one", what);
	is(pthread_mutex_lock(&m), 0, "lock");
	is(pthread_mutex_lock(&m), 0, "again");
	is(pthread_mutex_trylock(&m), 0, "and by trylock");
	is(other(unlock), EPERM, "another cannot unlock it");
	pthread_mutex_unlock(&m);
	pthread_mutex_unlock(&m);
	is(other(try_lock), EBUSY, "twice unlocked it is held");
	is(pthread_mutex_unlock(&m), 0, "thrice");
	is(other(try_lock), 0, "it is free");
	pthread_mutex_destroy(&m);

	init(PTHREAD_MUTEX_ERRORCHECK, robust, shared);
	is(pthread_mutex_unlock(&m), EPERM, "%s error checking: unlock of a free one", what);
	is(pthread_mutex_lock(&m), 0, "lock");
	is(pthread_mutex_lock(&m), EDEADLK, "again");
	is(pthread_mutex_trylock(&m), robust && OTHER_LIBRARY ? EDEADLK : EBUSY, "trylock");
	is(other(unlock), EPERM, "another cannot unlock it");
	is(pthread_mutex_unlock(&m), 0, "unlock");
	is(pthread_mutex_unlock(&m), EPERM, "once");
	pthread_mutex_destroy(&m);
}

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec at;

	clock_gettime(clock, &at);
	at.tv_nsec += ms * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static long ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void *timed(void *arg)
{
	clockid_t clock = (clockid_t)(long)arg;
	struct timespec start, at = after(clock, 30), never = {.tv_nsec = -1},
			       past = {.tv_sec = -1};
	long err;

	clock_gettime(CLOCK_MONOTONIC, &start);
	err = pthread_mutex_clocklock(&m, clock, &at);
	if (err != ETIMEDOUT || ms_since(&start) < 29)
		return (void *)(err ? err : -1);
	if (pthread_mutex_clocklock(&m, clock, &never) != EINVAL)
		return (void *)-2;
	if (pthread_mutex_clocklock(&m, clock, &past) != ETIMEDOUT)
		return (void *)-3;
	return NULL;
}

static void *timed_lock(void *arg)
{
	struct timespec at = after(CLOCK_REALTIME, 10000);
	long err = pthread_mutex_timedlock(&m, &at);

	(void)arg;
	if (!err)
		pthread_mutex_unlock(&m);
	return (void *)err;
}

static void timeouts(int robust, const char *what)
{
	struct timespec never = {.tv_nsec = 1000000000}, soon = after(CLOCK_REALTIME, 30);
	pthread_t t;
	void *result;

	init(PTHREAD_MUTEX_NORMAL, robust, 0);
	is(pthread_mutex_timedlock(&m, &never), 0, "%s: no time is needed for a free one", what);
	pthread_create(&t, NULL, timed, (void *)CLOCK_REALTIME);
	pthread_join(t, &result);
	is((long)result, 0, "a wait by CLOCK_REALTIME ends in time");
	pthread_create(&t, NULL, timed, (void *)CLOCK_MONOTONIC);
	pthread_join(t, &result);
	is((long)result, 0, "and by CLOCK_MONOTONIC");
	is(pthread_mutex_clocklock(&m, CLOCK_PROCESS_CPUTIME_ID, &soon), EINVAL, "by no other");
	is(pthread_mutex_timedlock(&m, &soon), ETIMEDOUT, "one waits for oneself in vain");
	pthread_create(&t, NULL, timed_lock, NULL);
	usleep(10000);
	pthread_mutex_unlock(&m);
	pthread_join(t, &result);
	is((long)result, 0, "who waits long enough gets it");
}

static void *die_holding(void *arg)
{
	(void)arg;
	return (void *)(long)pthread_mutex_lock(&m);
}

static void *lock_once(void *arg)
{
	long err = pthread_mutex_lock(&m);

	(void)arg;
	if (!err || err == EOWNERDEAD)
		pthread_mutex_unlock(&m);
	return (void *)err;
}

static void robust_death(void)
{
	pthread_t waiter[WAITERS];
	int lost = 0;
	void *result;

	init(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, 0);
	is(other(die_holding), 0, "a thread dies with a robust mutex");
	is(pthread_mutex_trylock(&m), EOWNERDEAD, "the next one is told");
	is(pthread_mutex_consistent(&m), 0, "makes it consistent");
	is(pthread_mutex_consistent(&m), EINVAL, "once");
	pthread_mutex_unlock(&m);
	is(other(lock_once), 0, "and it is as before");

	is(other(die_holding), 0, "another dies");
	is(pthread_mutex_lock(&m), EOWNERDEAD, "the next one is told");
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&waiter[i], NULL, lock_once, NULL);
	usleep(20000);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(waiter[i], &result);
		lost += (long)result == ENOTRECOVERABLE;
	}
	is(lost, WAITERS, "does not make it consistent: all that wait are told it is lost");
	is(pthread_mutex_lock(&m), ENOTRECOVERABLE, "as is who comes later");
	is(pthread_mutex_trylock(&m), ENOTRECOVERABLE, "or only tries");
	is(pthread_mutex_destroy(&m), 0, "it can be destroyed");
}

static pthread_mutex_t rows[8];

static void *die_with_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 8; i++)
		pthread_mutex_lock(&rows[i]);
	/* From the middle, the front and the end of the list. */
	pthread_mutex_unlock(&rows[3]);
	pthread_mutex_unlock(&rows[7]);
	pthread_mutex_unlock(&rows[0]);
	return NULL;
}

static void robust_many(void)
{
	pthread_mutexattr_t attr;
	int right = 0;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < 8; i++)
		pthread_mutex_init(&rows[i], &attr);
	other(die_with_many);
	for (int i = 0; i < 8; i++)
		right += pthread_mutex_lock(&rows[i]) ==
			 (i == 3 || i == 7 || i == 0 ? 0 : EOWNERDEAD);
	is(right, 8, "of eight robust mutexes those still held are marked");
	for (int i = 0; i < 8; i++) {
		pthread_mutex_consistent(&rows[i]);
		pthread_mutex_unlock(&rows[i]);
	}
}

static void *die_slowly(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	usleep(30000);
	return NULL;
}

static void robust_waiters(void)
{
	pthread_t owner, waiter[WAITERS];
	int dead = 0, lost = 0;
	void *result;

	init(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, 0);
	pthread_create(&owner, NULL, die_slowly, NULL);
	usleep(10000);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&waiter[i], NULL, lock_once, NULL);
	pthread_join(owner, NULL);
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(waiter[i], &result);
		dead += (long)result == EOWNERDEAD;
		lost += (long)result == ENOTRECOVERABLE;
	}
	ok(dead == 1 && lost == WAITERS - 1,
	   "of those that wait for a dying owner one is told, the others after");
}

static long counter;

static void *count(void *arg)
{
	long n = (long)arg;

	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&m);
		counter = *(volatile long *)&counter + 1;
		if (!(i % 64))
			sched_yield();
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static void excludes(int type, int robust, const char *what)
{
	enum {
		THREADS = 8,
		ROUNDS = 20000
	};
	pthread_t t[THREADS];

	init(type, robust, 0);
	counter = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, count, (void *)ROUNDS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	is(counter, THREADS * ROUNDS, "%s: %d threads, %d rounds each", what, THREADS, ROUNDS);
	is(pthread_mutex_trylock(&m), 0, "free at the end");
	pthread_mutex_unlock(&m);
}

static void attributes(void)
{
	pthread_mutexattr_t attr;
	int value = -1;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_gettype(&attr, &value);
	is(value, PTHREAD_MUTEX_DEFAULT, "the default type");
	is(pthread_mutexattr_settype(&attr, 77), EINVAL, "no such type");
	pthread_mutexattr_getpshared(&attr, &value);
	is(value, PTHREAD_PROCESS_PRIVATE, "private by default");
	is(pthread_mutexattr_setpshared(&attr, 5), EINVAL, "shared in no other way");
	pthread_mutexattr_getrobust(&attr, &value);
	is(value, PTHREAD_MUTEX_STALLED, "not robust by default");
	is(pthread_mutexattr_setrobust(&attr, 5), EINVAL, "nor in another way");
	pthread_mutexattr_getprotocol(&attr, &value);
	is(value, PTHREAD_PRIO_NONE, "no protocol by default");
	is(pthread_mutexattr_setprotocol(&attr, 5), EINVAL, "nor an unknown one");
	pthread_mutex_init(&m, &attr);
	is(pthread_mutex_getprioceiling(&m, &value), EINVAL, "no ceiling without the protocol");
	is(pthread_mutex_consistent(&m), EINVAL, "what is not robust is not inconsistent");
	pthread_mutex_destroy(&m);
}

static void initializers(void)
{
	static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;

	pthread_mutex_lock(&recursive);
	is(pthread_mutex_lock(&recursive), 0, "static: recursive");
	pthread_mutex_lock(&checking);
	is(pthread_mutex_lock(&checking), EDEADLK, "error checking");
	pthread_mutex_lock(&adaptive);
	is(pthread_mutex_trylock(&adaptive), EBUSY, "adaptive");
}

int main(void)
{
	attributes();
	initializers();
	kinds(PTHREAD_MUTEX_STALLED, 0, "private");
	kinds(PTHREAD_MUTEX_STALLED, 1, "shared");
	kinds(PTHREAD_MUTEX_ROBUST, 0, "robust");
	timeouts(PTHREAD_MUTEX_STALLED, "plain");
	timeouts(PTHREAD_MUTEX_ROBUST, "robust");
	robust_death();
	robust_many();
	robust_waiters();
	excludes(PTHREAD_MUTEX_NORMAL, 0, "normal");
	excludes(PTHREAD_MUTEX_RECURSIVE, 0, "recursive");
	excludes(PTHREAD_MUTEX_ERRORCHECK, 0, "error checking");
	excludes(PTHREAD_MUTEX_ADAPTIVE_NP, 0, "adaptive");
	excludes(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, "robust");
	return done();
}
