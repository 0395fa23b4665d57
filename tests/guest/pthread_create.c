/* SPDX-License-Identifier: MIT */
/*
 * POSIX threads: made, joined, detached; their attributes, stacks, thread-local variables, names.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tap.h"

#define MANY 64

static __thread int initialized = 42;
static __thread int zeroed;
static __thread _Alignas(64) char aligned[64];

static pthread_t seen_self;
static uintptr_t local_at;

static void *start(void *arg)
{
	char local;

	seen_self = pthread_self();
	local_at = (uintptr_t)&local;
	return (char *)arg + 1;
}

static void create_and_join(void)
{
	pthread_t t;
	void *result = NULL;

	is(pthread_create(&t, NULL, start, (void *)41), 0, "a thread is made");
	is(pthread_join(t, &result), 0, "and joined");
	is((long)result, 42, "with its result");
	ok(pthread_equal(seen_self, t) && !pthread_equal(t, pthread_self()),
	   "pthread_self in it is what pthread_create said");
	is(pthread_join(pthread_self(), NULL), EDEADLK, "one does not join oneself");
}

static void *exit_deep(void *arg)
{
	pthread_exit((void *)((intptr_t)arg * 2));
}

static void *use_tls(void *arg)
{
	long ok = initialized == 42 && zeroed == 0 && (uintptr_t)aligned % 64 == 0;

	initialized = (int)(intptr_t)arg;
	zeroed = initialized + 1;
	memset(aligned, initialized, sizeof(aligned));
	sched_yield();
	ok = ok && initialized == (int)(intptr_t)arg && zeroed == initialized + 1 &&
	     aligned[63] == (char)initialized;
	return (void *)ok;
}

static void many(void *(*fn)(void *), long (*wanted)(long), const char *what)
{
	pthread_t t[MANY];
	int failed = 0, wrong = 0;
	void *result;

	for (long i = 0; i < MANY; i++)
		failed += pthread_create(&t[i], NULL, fn, (void *)i) != 0;
	for (long i = 0; i < MANY; i++) {
		failed += pthread_join(t[i], &result) != 0;
		wrong += (long)result != wanted(i);
	}
	ok(!failed && !wrong, "%d threads at once: %s", MANY, what);
}

static long twice(long i)
{
	return 2 * i;
}

static long one(long i)
{
	(void)i;
	return 1;
}

static void *sleep_a_little(void *arg)
{
	usleep(20000);
	return arg;
}

static void try_and_timed(void)
{
	struct timespec at;
	pthread_t t;
	void *result;

	pthread_create(&t, NULL, sleep_a_little, (void *)7);
	is(pthread_tryjoin_np(t, &result), EBUSY, "tryjoin: it still runs");
	clock_gettime(CLOCK_REALTIME, &at);
	is(pthread_timedjoin_np(t, &result, &at), ETIMEDOUT, "timedjoin gives up");
	at.tv_sec += 20;
	is(pthread_timedjoin_np(t, &result, &at), 0, "and gets it");
	is((long)result, 7, "with its result");
}

static volatile int detached_ran;

static void *note_run(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&detached_ran, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void wait_for(int n)
{
	for (int i = 0; i < 2000 && __atomic_load_n(&detached_ran, __ATOMIC_RELAXED) < n; i++)
		usleep(1000);
}

static void detached(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int state, failed = 0;

	pthread_create(&t, NULL, sleep_a_little, NULL);
	is(pthread_detach(t), 0, "a thread is detached");
	is(pthread_detach(t), EINVAL, "once");
	is(pthread_join(t, NULL), EINVAL, "and cannot be joined");

	pthread_attr_init(&attr);
	pthread_attr_getdetachstate(&attr, &state);
	is(state, PTHREAD_CREATE_JOINABLE, "joinable is the default");
	is(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0, "the other");
	is(pthread_attr_setdetachstate(&attr, 17), EINVAL, "there is no third");
	for (int i = 0; i < 200; i++)
		failed += pthread_create(&t, &attr, note_run, NULL) != 0;
	wait_for(200);
	is(failed, 0, "200 threads made detached");
	is(detached_ran, 200, "all ran");
	pthread_attr_destroy(&attr);
}

static void *stack_of_mine(void *arg)
{
	pthread_attr_t attr;
	void *low;
	size_t size, guard;
	char local;

	(void)arg;
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_getguardsize(&attr, &guard);
	pthread_attr_destroy(&attr);
	return (void *)(long)(&local > (char *)low && &local < (char *)low + size);
}

static void *deep(void *arg)
{
	char big[200000];

	memset(big, 1, sizeof(big));
	__asm__ volatile("" : : "r"(big) : "memory");
	return stack_of_mine(arg);
}

static void stacks(void)
{
	static _Alignas(4096) char own[65536];
	pthread_attr_t attr;
	pthread_t t;
	size_t size;
	void *result, *at;

	pthread_attr_init(&attr);
	is(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN - 1), EINVAL, "too small a stack");
	is(pthread_attr_setstacksize(&attr, 1 << 20), 0, "a stack of 1 MiB");
	pthread_attr_getstacksize(&attr, &size);
	is(size, 1 << 20, "as asked for");
	is(pthread_create(&t, &attr, deep, NULL), 0, "a thread on it");
	pthread_join(t, &result);
	is((long)result, 1, "pthread_getattr_np tells where it is");
	is(pthread_attr_setguardsize(&attr, 0), 0, "no guard");
	pthread_create(&t, &attr, deep, NULL);
	pthread_join(t, &result);
	is((long)result, 1, "runs as well");
	is(pthread_attr_setstack(&attr, own, sizeof(own)), 0, "a stack of our own");
	pthread_attr_getstack(&attr, &at, &size);
	ok(at == own && size == sizeof(own), "is what the attribute says");
	is(pthread_create(&t, &attr, start, NULL), 0, "a thread on it");
	pthread_join(t, NULL);
	ok(local_at >= (uintptr_t)own && local_at < (uintptr_t)own + sizeof(own), "runs there");
	pthread_attr_destroy(&attr);
	is((long)stack_of_mine(NULL), 1, "the first thread knows its stack too");
}

static void *too_big(void *arg)
{
	return arg;
}

static void refused(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int scope, inherit;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1UL << 50);
	is(pthread_create(&t, &attr, too_big, NULL), EAGAIN, "a stack that nobody has");
	pthread_attr_getscope(&attr, &scope);
	is(scope, PTHREAD_SCOPE_SYSTEM, "threads compete with all");
	is(pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS), ENOTSUP, "no other scope");
	pthread_attr_getinheritsched(&attr, &inherit);
	is(inherit, PTHREAD_INHERIT_SCHED, "scheduling is inherited");
	is(pthread_attr_setschedpolicy(&attr, 99), EINVAL, "no such policy");
	pthread_attr_destroy(&attr);
}

static void *named(void *arg)
{
	char name[16];

	(void)arg;
	return (void *)(long)(!pthread_setname_np(pthread_self(), "worker") &&
			      !pthread_getname_np(pthread_self(), name, sizeof(name)) &&
			      !strcmp(name, "worker"));
}

static void names(void)
{
	char name[16];
	pthread_t t;
	void *result;

	pthread_create(&t, NULL, named, NULL);
	pthread_join(t, &result);
	is((long)result, 1, "a thread has a name");
	is(pthread_getname_np(pthread_self(), name, sizeof(name)), 0, "the first has one too");
	ok(strstr(name, "pthread_c") == name, "the program's: %s", name);
	is(pthread_setname_np(pthread_self(), "sixteen letters!"), ERANGE, "too long a name");
	is(pthread_getname_np(pthread_self(), name, 3), ERANGE, "too little room");
}

/* Thousands of threads come and go in the same memory. */
static void churn(void)
{
	int wrong = 0;
	void *result;
	pthread_t t;

	for (long i = 0; i < 5000; i++) {
		if (pthread_create(&t, NULL, use_tls, (void *)i)) {
			wrong++;
			continue;
		}
		pthread_join(t, &result);
		wrong += (long)result != 1;
	}
	is(wrong, 0, "5000 threads one after the other, each with fresh variables");
}

int main(void)
{
	create_and_join();
	many(exit_deep, twice, "pthread_exit");
	many(use_tls, one, "variables of their own");
	is(initialized, 42, "the first thread's variable is as it was");
	try_and_timed();
	detached();
	stacks();
	refused();
	names();
	churn();
	return done();
}
