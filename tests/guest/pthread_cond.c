/* SPDX-License-Identifier: MIT */
/*
 * Condition variables: signals that are lost to nobody, broadcasts, timeouts by both clocks, one that is
 * destroyed as soon as all were woken, all kinds of mutexes, and that a later comer takes no signal away.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 16

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int waiting, go, woken;

static void start_all(pthread_t *t, int n, void *(*fn)(void *))
{
	for (int i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, fn, (void *)(long)i))
			abort();
}

static void join_all(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void *wait_for_go(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	waiting++;
	while (!go)
		pthread_cond_wait(&c, &m);
	go--;
	woken++;
	pthread_mutex_unlock(&m);
	return NULL;
}

/* With the mutex held: n threads have come to wait. */
static void await_waiters(int n)
{
	while (waiting < n) {
		pthread_mutex_unlock(&m);
		usleep(1000);
		pthread_mutex_lock(&m);
	}
}

static void one_by_one(int held)
{
	pthread_t t[THREADS];

	waiting = go = woken = 0;
	start_all(t, THREADS, wait_for_go);
	for (int i = 0; i < THREADS; i++) {
		pthread_mutex_lock(&m);
		await_waiters(THREADS);
		go++;
		if (held)
			pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
		if (!held)
			pthread_cond_signal(&c);
	}
	join_all(t, THREADS);
	is(woken, THREADS, "%d signals %s the mutex, %d woken", THREADS, held ? "with" : "without",
	   THREADS);
}

static void all_at_once(int held)
{
	pthread_t t[THREADS];

	waiting = go = woken = 0;
	start_all(t, THREADS, wait_for_go);
	pthread_mutex_lock(&m);
	await_waiters(THREADS);
	go = THREADS;
	if (held)
		pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	if (!held)
		pthread_cond_broadcast(&c);
	join_all(t, THREADS);
	is(woken, THREADS, "a broadcast %s the mutex", held ? "with" : "without");
}

/* Two conditions on one mutex: a queue of one place, many at both ends. */
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static long queue[4];
static unsigned in, out;
static long sum;

#define ITEMS 3000

static void *produce(void *arg)
{
	for (long i = 0; i < ITEMS; i++) {
		pthread_mutex_lock(&m);
		while (in - out == 4)
			pthread_cond_wait(&not_full, &m);
		queue[in++ % 4] = (long)arg * ITEMS + i;
		pthread_cond_signal(&not_empty);
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static void *consume(void *arg)
{
	(void)arg;
	for (long i = 0; i < ITEMS; i++) {
		pthread_mutex_lock(&m);
		while (in == out)
			pthread_cond_wait(&not_empty, &m);
		sum += queue[out++ % 4];
		pthread_mutex_unlock(&m);
		pthread_cond_signal(&not_full);
	}
	return NULL;
}

static void bounded_queue(void)
{
	pthread_t p[8], q[8];
	long n = 8 * ITEMS;

	start_all(p, 8, produce);
	start_all(q, 8, consume);
	join_all(p, 8);
	join_all(q, 8);
	is(sum, n * (n - 1) / 2, "a queue of four places, eight threads at each end");
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

static bool reached(clockid_t clock, const struct timespec *at)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

static void timeouts(void)
{
	struct timespec at = after(CLOCK_REALTIME, 30), bad = {.tv_nsec = -1}, past = {0};
	pthread_condattr_t attr;
	pthread_cond_t by_monotonic;
	clockid_t clock;

	pthread_mutex_lock(&m);
	is(pthread_cond_timedwait(&c, &m, &at), ETIMEDOUT, "a wait ends");
	ok(reached(CLOCK_REALTIME, &at), "not before its time");
	is(pthread_cond_timedwait(&c, &m, &past), ETIMEDOUT, "a time long past");
	is(pthread_cond_timedwait(&c, &m, &bad), EINVAL, "a time that is none");
	is(pthread_mutex_trylock(&m), EBUSY, "the mutex is held after each");
	at = after(CLOCK_MONOTONIC, 30);
	is(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &at), ETIMEDOUT, "by another clock");
	ok(reached(CLOCK_MONOTONIC, &at), "not before its time");
	is(pthread_cond_clockwait(&c, &m, CLOCK_THREAD_CPUTIME_ID, &at), EINVAL, "by no other");

	pthread_condattr_init(&attr);
	pthread_condattr_getclock(&attr, &clock);
	is(clock, CLOCK_REALTIME, "the clock is CLOCK_REALTIME");
	is(pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID), EINVAL,
	   "it may not be processor time");
	is(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0, "but CLOCK_MONOTONIC");
	pthread_cond_init(&by_monotonic, &attr);
	at = after(CLOCK_MONOTONIC, 30);
	is(pthread_cond_timedwait(&by_monotonic, &m, &at), ETIMEDOUT, "a wait by it ends");
	ok(reached(CLOCK_MONOTONIC, &at), "not before its time");
	pthread_mutex_unlock(&m);
	pthread_cond_destroy(&by_monotonic);
	pthread_condattr_destroy(&attr);
}

/* The condition variable is unmapped by the first that was woken as the last may still leave. */
static struct shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	int here, gone;
} * s;

static void *wait_in_shared(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&s->m);
	s->here++;
	while (!s->gone)
		pthread_cond_wait(&s->c, &s->m);
	pthread_mutex_unlock(&s->m);
	return NULL;
}

static void destroyed_at_once(void)
{
	pthread_t t[4];
	int rounds = 200;

	for (int i = 0; i < rounds; i++) {
		pthread_cond_t *own_page;

		s = calloc(1, sizeof(*s));
		own_page = &s->c;
		pthread_mutex_init(&s->m, NULL);
		pthread_cond_init(own_page, NULL);
		start_all(t, 4, wait_in_shared);
		pthread_mutex_lock(&s->m);
		while (s->here < 4) {
			pthread_mutex_unlock(&s->m);
			sched_yield();
			pthread_mutex_lock(&s->m);
		}
		s->gone = 1;
		pthread_cond_broadcast(own_page);
		pthread_mutex_unlock(&s->m);
		pthread_cond_destroy(own_page);
		memset(own_page, 0x55, sizeof(*own_page));
		join_all(t, 4);
		free(s);
	}
	ok(true, "%d times destroyed and overwritten right after the broadcast", rounds);
}

static pthread_mutex_t typed;

static void *wait_typed(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&typed);
	waiting++;
	while (!go)
		pthread_cond_wait(&c, &typed);
	woken++;
	pthread_mutex_unlock(&typed);
	return NULL;
}

static void with_kind(int type, int robust, int shared, const char *what)
{
	pthread_t t[THREADS];
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, robust);
	pthread_mutexattr_setpshared(&attr, shared);
	pthread_mutex_init(&typed, &attr);
	waiting = go = woken = 0;
	start_all(t, THREADS, wait_typed);
	for (;;) {
		pthread_mutex_lock(&typed);
		if (waiting == THREADS)
			break;
		pthread_mutex_unlock(&typed);
		usleep(1000);
	}
	go = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&typed);
	join_all(t, THREADS);
	is(woken, THREADS, "%s: all wake and leave", what);
	is(pthread_mutex_trylock(&typed), 0, "the mutex is free then");
	pthread_mutex_unlock(&typed);
	pthread_mutex_destroy(&typed);
}

static void not_owner(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&typed, &attr);
	is(pthread_cond_wait(&c, &typed), EPERM, "who does not hold the mutex may not wait");
	is(pthread_cond_signal(&c), 0, "and stands in no list");
	pthread_mutex_destroy(&typed);
}

/* Signals and timeouts at the same moment: no signal may be lost to one that gave up. */
static long given, taken, expired;

static void *take(void *arg)
{
	long n = (long)arg;

	pthread_mutex_lock(&m);
	while (taken + expired < n) {
		struct timespec at = after(CLOCK_REALTIME, 1);

		while (!given && taken + expired < n)
			if (pthread_cond_timedwait(&c, &m, &at) == ETIMEDOUT)
				break;
		if (given) {
			given--;
			taken++;
		}
	}
	pthread_mutex_unlock(&m);
	return NULL;
}

static void race_with_timeouts(void)
{
	enum {
		N = 4000
	};
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, take, (void *)N);
	for (int i = 0; i < N; i++) {
		pthread_mutex_lock(&m);
		given++;
		pthread_mutex_unlock(&m);
		pthread_cond_signal(&c);
		if (!(i % 64))
			usleep(1000);
	}
	join_all(t, 8);
	is(taken, N, "%d signals among waits of 1 ms", N);
}

int main(void)
{
	one_by_one(1);
	one_by_one(0);
	all_at_once(1);
	all_at_once(0);
	bounded_queue();
	timeouts();
	destroyed_at_once();
	with_kind(PTHREAD_MUTEX_NORMAL, 0, 0, "normal");
	with_kind(PTHREAD_MUTEX_RECURSIVE, 0, 0, "recursive");
	with_kind(PTHREAD_MUTEX_ERRORCHECK, 0, 0, "error checking");
	with_kind(PTHREAD_MUTEX_NORMAL, 0, 1, "shared");
	with_kind(PTHREAD_MUTEX_NORMAL, 1, 0, "robust");
	not_owner();
	race_with_timeouts();
	is(pthread_cond_destroy(&c), 0, "destroyed");
	return done();
}
