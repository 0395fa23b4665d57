/* SPDX-License-Identifier: MIT */
/*
 * Threads' scheduling: policies and priorities by attribute and while they run, CPUs, clocks of their own
 * processor time.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static void *what_am_i(void *arg)
{
	struct sched_param param;
	int policy;

	(void)arg;
	if (pthread_getschedparam(pthread_self(), &policy, &param))
		return (void *)-1;
	return (void *)(long)(policy * 1000 + param.sched_priority);
}

static void by_attribute(void)
{
	struct sched_param param = {.sched_priority = 17}, got;
	pthread_attr_t attr;
	pthread_t t;
	void *result;
	int value, err;

	pthread_attr_init(&attr);
	pthread_attr_getschedpolicy(&attr, &value);
	is(value, SCHED_OTHER, "the policy of an attribute");
	is(pthread_attr_setschedparam(&attr, &param), EINVAL, "which has no priorities");
	is(pthread_attr_setschedpolicy(&attr, SCHED_FIFO), 0, "another policy");
	is(pthread_attr_setschedparam(&attr, &param), 0, "a priority");
	pthread_attr_getschedparam(&attr, &got);
	is(got.sched_priority, 17, "as it was set");
	pthread_create(&t, &attr, what_am_i, NULL);
	pthread_join(t, &result);
	is((long)result, SCHED_OTHER * 1000, "both count only when asked for");
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	err = pthread_create(&t, &attr, what_am_i, NULL);
	if (err == EPERM) {
		skip("a thread with them", "no right to priorities");
		return;
	}
	is(err, 0, "a thread with them");
	pthread_join(t, &result);
	is((long)result, SCHED_FIFO * 1000 + 17, "has them from its start");
	pthread_attr_destroy(&attr);
}

static volatile int stop;

static void *stay(void *arg)
{
	while (!stop)
		usleep(1000);
	return arg;
}

static void while_running(void)
{
	struct sched_param param = {.sched_priority = 5}, got;
	pthread_t t;
	int policy;

	stop = 0;
	pthread_create(&t, NULL, stay, NULL);
	if (pthread_setschedparam(t, SCHED_RR, &param) == EPERM) {
		skip("another policy", "no right to priorities");
	} else {
		pthread_getschedparam(t, &policy, &got);
		ok(policy == SCHED_RR && got.sched_priority == 5, "another policy while it runs");
		is(pthread_setschedprio(t, 6), 0, "another priority");
		pthread_getschedparam(t, &policy, &got);
		ok(policy == SCHED_RR && got.sched_priority == 6, "as it was set");
		is(pthread_setschedparam(t, SCHED_OTHER, &param), EINVAL,
		   "SCHED_OTHER has no priorities");
		param.sched_priority = 0;
		is(pthread_setschedparam(t, SCHED_OTHER, &param), 0, "and back");
	}
	is(pthread_setschedparam(t, 77, &param), EINVAL, "no such policy");
	stop = 1;
	pthread_join(t, NULL);
	is(sched_get_priority_max(SCHED_FIFO), 99, "the highest priority");
	is(sched_get_priority_min(SCHED_RR), 1, "the lowest");
}

static void *where_am_i(void *arg)
{
	(void)arg;
	return (void *)(long)sched_getcpu();
}

static void processors(void)
{
	cpu_set_t all, one, got;
	pthread_attr_t attr;
	pthread_t t;
	void *result;
	int n;

	is(pthread_getaffinity_np(pthread_self(), sizeof(all), &all), 0, "the CPUs of a thread");
	n = CPU_COUNT(&all);
	ok(n >= 1 && sysconf(_SC_NPROCESSORS_ONLN) >= n, "there are %d", n);
	for (int cpu = 0, left = 4; cpu < CPU_SETSIZE && left; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		left--;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		pthread_attr_init(&attr);
		pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
		pthread_attr_getaffinity_np(&attr, sizeof(got), &got);
		ok(CPU_EQUAL(&one, &got), "CPU %d in an attribute", cpu);
		pthread_create(&t, &attr, where_am_i, NULL);
		pthread_join(t, &result);
		is((long)result, cpu, "is where the thread runs");
		pthread_attr_destroy(&attr);
	}
	stop = 0;
	pthread_create(&t, NULL, stay, NULL);
	is(pthread_setaffinity_np(t, sizeof(one), &one), 0, "a running thread is sent to one");
	pthread_getaffinity_np(t, sizeof(got), &got);
	ok(CPU_EQUAL(&one, &got), "and says so");
	CPU_ZERO(&one);
	is(pthread_setaffinity_np(t, sizeof(one), &one), EINVAL, "not to none");
	stop = 1;
	pthread_join(t, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	is(pthread_create(&t, &attr, where_am_i, NULL), EINVAL, "nor is one made for none");
	pthread_attr_destroy(&attr);
}

static volatile int ready;

static void *burn(void *arg)
{
	struct timespec used = {0};

	while (used.tv_nsec < 20000000 && !used.tv_sec)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	ready = 1;
	while (!stop)
		usleep(1000);
	return arg;
}

static void clocks(void)
{
	struct timespec used = {0};
	clockid_t clock;
	pthread_t t;
	int err;

	stop = ready = 0;
	pthread_create(&t, NULL, burn, NULL);
	while (!ready)
		usleep(1000);
	is(pthread_getcpuclockid(t, &clock), 0, "a thread's clock");
	err = clock_gettime(clock, &used);
	if (err && on_ringlet())
		skip("its time", "the core tells a thread's processor time to itself only");
	else
		ok(!err && (used.tv_sec || used.tv_nsec >= 20000000) && used.tv_sec < 10,
		   "tells its own time: %ld ns", used.tv_nsec);
	stop = 1;
	pthread_join(t, NULL);
}

int main(void)
{
	by_attribute();
	while_running();
	processors();
	clocks();
	return done();
}
