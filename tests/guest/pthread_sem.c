/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: counting, timeouts, names, posts from handlers, and many threads at once.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 16
#define ROUNDS	5000

static sem_t sem;

static int value_of(sem_t *s)
{
	int value = -1;

	sem_getvalue(s, &value);
	return value;
}

#define FAILS(call, wanted, text) ok((call) == -1 && errno == (wanted), text)

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

static void answers(void)
{
	struct timespec at = after(CLOCK_REALTIME, 20), bad = {.tv_nsec = 1000000000};

	FAILS(sem_init(&sem, 0, SEM_VALUE_MAX + 1u), EINVAL, "too high a value");
	is(sem_init(&sem, 0, 2), 0, "a semaphore of 2");
	is(value_of(&sem), 2, "is one");
	is(sem_wait(&sem), 0, "one less");
	is(sem_trywait(&sem), 0, "one less");
	FAILS(sem_trywait(&sem), EAGAIN, "there are no more");
	FAILS(sem_timedwait(&sem, &at), ETIMEDOUT, "a wait ends");
	ok(reached(CLOCK_REALTIME, &at), "not before its time");
	at = after(CLOCK_MONOTONIC, 20);
	FAILS(sem_clockwait(&sem, CLOCK_MONOTONIC, &at), ETIMEDOUT, "by another clock");
	ok(reached(CLOCK_MONOTONIC, &at), "not before its time");
	FAILS(sem_clockwait(&sem, CLOCK_PROCESS_CPUTIME_ID, &at), EINVAL, "by no other");
	FAILS(sem_timedwait(&sem, &bad), EINVAL, "a time that is none");
	is(sem_post(&sem), 0, "one more");
	FAILS(sem_timedwait(&sem, &bad), EINVAL, "that time is still none");
	is(sem_timedwait(&sem, &at), 0, "one long past is enough");
	sem_init(&sem, 0, SEM_VALUE_MAX);
	FAILS(sem_post(&sem), EOVERFLOW, "no more than the most");
	is(sem_destroy(&sem), 0, "destroyed");
}

static long inside, most;

static void *enter(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		long n;

		while (sem_wait(&sem))
			continue;
		n = __atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
		if (n > most)
			most = n;
		if (i % 32 == 0)
			sched_yield();
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
		sem_post(&sem);
	}
	return NULL;
}

static void many(void)
{
	pthread_t t[THREADS];

	sem_init(&sem, 0, 3);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, enter, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(most <= 3, "%d threads: never more than 3 inside (%ld)", THREADS, most);
	is(value_of(&sem), 3, "all have left");
	sem_destroy(&sem);
}

/* The waiter frees the semaphore that it was just given. */
static void *post_it(void *arg)
{
	sem_post(arg);
	return NULL;
}

static void freed_at_once(void)
{
	int rounds = 500;

	for (int i = 0; i < rounds; i++) {
		sem_t *s = malloc(sizeof(*s));
		pthread_t t;

		sem_init(s, 0, 0);
		pthread_create(&t, NULL, post_it, s);
		sem_wait(s);
		sem_destroy(s);
		memset(s, 0x55, sizeof(*s));
		free(s);
		pthread_join(t, NULL);
	}
	ok(true, "%d times freed as soon as it was posted", rounds);
}

static volatile int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
	sem_post(&sem);
}

static void from_handler(void)
{
	struct sigaction act = {.sa_flags = SA_RESTART};
	struct itimerval every = {{0, 2000}, {0, 2000}}, never = {0};
	int got = 0;

	sem_init(&sem, 0, 0);
	act.sa_handler = tick;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (got < 50)
		got += sem_wait(&sem) == 0;
	setitimer(ITIMER_REAL, &never, NULL);
	is(ticks - got, value_of(&sem), "posts from a handler: %d", got);
}

static void names(void)
{
	sem_t *a, *b;

	sem_unlink("/ringlet-test");
	ok(sem_open("/ringlet-test", 0) == SEM_FAILED && errno == ENOENT, "no such name");
	a = sem_open("/ringlet-test", O_CREAT | O_EXCL, 0600, 5);
	ok(a != SEM_FAILED, "a named semaphore");
	is(value_of(a), 5, "with its value");
	ok(sem_open("/ringlet-test", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST,
	   "made once");
	b = sem_open("/ringlet-test", O_CREAT, 0600, 9);
	ok(a == b, "opened it is the same");
	is(value_of(b), 5, "its value too");
	is(sem_close(b), 0, "closed by one");
	is(sem_post(a), 0, "it is still the other's");
	is(sem_unlink("/ringlet-test"), 0, "the name goes");
	FAILS(sem_unlink("/ringlet-test"), ENOENT, "once");
	is(value_of(a), 6, "the semaphore stays");
	b = sem_open("/ringlet-test", O_CREAT, 0600, 1);
	ok(b != SEM_FAILED && b != a && value_of(b) == 1, "the name makes a new one");
	is(sem_close(a), 0, "the old one is closed");
	sem_close(b);
	sem_unlink("/ringlet-test");
	ok(sem_open("/a/b", O_CREAT, 0600, 1) == SEM_FAILED && errno == EINVAL,
	   "a name has no folders");
}

int main(void)
{
	answers();
	many();
	freed_at_once();
	from_handler();
	names();
	return done();
}
