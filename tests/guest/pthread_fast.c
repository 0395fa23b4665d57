/* SPDX-License-Identifier: MIT */
/*
 * What costs nothing but instructions: taking and giving back what nobody else wants never enters the
 * core. Under --icount a tick is an instruction, and each has a limit.
 *
 * guest:
 * guest: args="limits" run="--icount"
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>
#include "tap.h"

#define ROUNDS 1000

static pthread_mutex_t normal, recursive, checking, robust, inherit;
static pthread_rwlock_t rw;
static pthread_cond_t cond;
static pthread_spinlock_t spin;
static pthread_once_t once;
static pthread_key_t key;
static sem_t sem;
static bool limits;

static void do_normal(void)
{
	pthread_mutex_lock(&normal);
	pthread_mutex_unlock(&normal);
}

static void do_recursive(void)
{
	pthread_mutex_lock(&recursive);
	pthread_mutex_unlock(&recursive);
}

static void do_checking(void)
{
	pthread_mutex_lock(&checking);
	pthread_mutex_unlock(&checking);
}

static void do_robust(void)
{
	pthread_mutex_lock(&robust);
	pthread_mutex_unlock(&robust);
}

static void do_inherit(void)
{
	pthread_mutex_lock(&inherit);
	pthread_mutex_unlock(&inherit);
}

static void do_read(void)
{
	pthread_rwlock_rdlock(&rw);
	pthread_rwlock_unlock(&rw);
}

static void do_write(void)
{
	pthread_rwlock_wrlock(&rw);
	pthread_rwlock_unlock(&rw);
}

static void do_spin(void)
{
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
}

static void do_sem(void)
{
	sem_post(&sem);
	sem_wait(&sem);
}

static void do_signal(void)
{
	pthread_cond_signal(&cond);
	pthread_cond_broadcast(&cond);
}

static void nothing(void)
{
}

static void do_once(void)
{
	pthread_once(&once, nothing);
}

static void do_key(void)
{
	pthread_setspecific(key, &key);
	pthread_getspecific(key);
}

static void do_cancel(void)
{
	pthread_testcancel();
}

static void do_malloc(void)
{
	void *p = malloc(100);

	__asm__ volatile("" : : "r"(p) : "memory");
	free(p);
}

static void *end(void *arg)
{
	return arg;
}

static void do_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, end, NULL);
	pthread_join(t, NULL);
}

/* How often the program has called futex, or -1. */
static long futex_calls(void)
{
	FILE *f = fopen("/proc/ringlet/syscalls", "r");
	char line[100], name[40];
	long count = -1, n;
	int number;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %39s %ld", &number, name, &n) == 3 && number == 202)
			count = n;
	fclose(f);
	return count;
}

static unsigned long ticks(void)
{
	unsigned low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (unsigned long)high << 32 | low;
}

static long measure(void (*fn)(void))
{
	unsigned long start;

	for (int i = 0; i < 10; i++)
		fn();
	start = ticks();
	for (int i = 0; i < ROUNDS; i++)
		fn();
	return (long)(ticks() - start) / ROUNDS;
}

static void fast(void (*fn)(void), const char *what, long limit)
{
	long before = futex_calls(), cost = measure(fn), after = futex_calls();

	if (before < 0)
		skip(what, "no count of system calls");
	else
		is(after - before, 0, "%s: %ld ticks, without the core", what, cost);
	if (limits)
		ok(cost <= limit, "%ld instructions are at most %ld", cost, limit);
}

static void make_mutex(pthread_mutex_t *m, int type, int is_robust, int protocol)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, is_robust);
	pthread_mutexattr_setprotocol(&attr, protocol);
	pthread_mutex_init(m, &attr);
}

int main(int argc, char **argv)
{
	long cost;

	(void)argv;
	limits = argc > 1;
	/* The library may know from now on that there are threads, and a call of futex is counted. */
	do_thread();
	make_mutex(&normal, PTHREAD_MUTEX_NORMAL, 0, 0);
	make_mutex(&recursive, PTHREAD_MUTEX_RECURSIVE, 0, 0);
	make_mutex(&checking, PTHREAD_MUTEX_ERRORCHECK, 0, 0);
	make_mutex(&robust, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, 0);
	make_mutex(&inherit, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_INHERIT);
	sem_init(&sem, 0, 0);
	pthread_spin_init(&spin, 0);
	pthread_key_create(&key, NULL);
	fast(do_normal, "a mutex, locked and unlocked", 40);
	fast(do_recursive, "a recursive one", 100);
	fast(do_checking, "one that checks", 100);
	fast(do_robust, "a robust one", 200);
	fast(do_inherit, "one with priority inheritance", 200);
	fast(do_read, "a read-write lock, read", 100);
	fast(do_write, "and written", 100);
	fast(do_spin, "a spin lock", 40);
	fast(do_sem, "a semaphore, posted and waited for", 100);
	fast(do_signal, "a condition, signalled and broadcast to nobody", 50);
	fast(do_once, "what is done once", 50);
	fast(do_key, "a value of a key, set and got", 100);
	fast(do_cancel, "a test for cancellation", 20);
	fast(do_malloc, "malloc and free", 300);
	cost = measure(do_thread);
	ok(!limits || cost <= 10000, "a thread, made and joined: %ld ticks", cost);
	return done();
}
