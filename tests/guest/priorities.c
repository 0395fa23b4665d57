/* SPDX-License-Identifier: MIT */
/*
 * How important a thread is: what the calls take, give and refuse; and that it holds: nice values
 * share a CPU in their ratio, FIFO threads come before all others and among themselves by priority,
 * RR threads take turns, IDLE ones have what nobody wants.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 2"
 * guest: run="--smp 1 --icount" args="late"
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include "thread.h"

#define POLICY_RESET 0x40000000

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util[2];
};

static struct test_thread thread[3];
static uint32_t over, ready, go;
static uint64_t turns[3];
static char order[16];
static uint32_t ordered;

static long call1(long n, long a)
{
	return raw(n, a, 0, 0, 0, 0, 0);
}

static long set_policy(long tid, int policy, int priority)
{
	return raw(SYS_sched_setscheduler, tid, policy, (long)&priority, 0, 0, 0);
}

static long set_param(long tid, int priority)
{
	return raw(SYS_sched_setparam, tid, (long)&priority, 0, 0, 0, 0);
}

static int param(long tid)
{
	int priority = -1;

	return raw(SYS_sched_getparam, tid, (long)&priority, 0, 0, 0, 0) ? -1 : priority;
}

static long policy(long tid)
{
	return call1(SYS_sched_getscheduler, tid);
}

static void pin(void)
{
	unsigned long mask = 1;

	raw(SYS_sched_setaffinity, 0, sizeof(mask), (long)&mask, 0, 0, 0);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, 0);
}

/* ---- the calls ---- */

static void policies(void)
{
	struct timespec t = {9, 9};

	is(policy(0), SCHED_OTHER, "a program begins as SCHED_OTHER");
	is(param(0), 0, "priority 0");
	is(raw(SYS_sched_rr_get_interval, 0, (long)&t, 0, 0, 0, 0), 0, "its slice");
	ok(!t.tv_sec && t.tv_nsec > 0, "is told");
	is(set_policy(0, SCHED_FIFO, 0), -EINVAL, "FIFO wants a priority");
	is(set_policy(0, SCHED_FIFO, 100), -EINVAL, "of at most 99");
	is(set_policy(0, SCHED_OTHER, 1), -EINVAL, "OTHER must have none");
	is(set_policy(0, 4, 0), -EINVAL, "a policy that is not there");
	is(set_policy(-1, SCHED_FIFO, 1), -EINVAL, "a negative number");
	is(set_policy(12345, SCHED_FIFO, 1), -ESRCH, "no such thread");
	is(raw(SYS_sched_setscheduler, 0, SCHED_RR, 0, 0, 0, 0), -EINVAL, "no parameter");
	is(raw(SYS_sched_setscheduler, 0, SCHED_RR, 8, 0, 0, 0), -EFAULT, "a bad one");
	is(set_policy(0, SCHED_RR | POLICY_RESET, 7), 0, "RR");
	is(policy(0), SCHED_RR | POLICY_RESET, "it is that");
	is(param(0), 7, "with its priority");
	is(raw(SYS_sched_rr_get_interval, 0, (long)&t, 0, 0, 0, 0), 0, "its slice");
	is(t.tv_nsec, 100000000, "is a tenth of a second");
	is(set_param(0, 0), -EINVAL, "without priority it cannot be");
	is(set_param(0, 8), 0, "another one");
	is(param(0), 8, "is had");
	is(set_policy(0, SCHED_FIFO, 9), 0, "FIFO");
	is(policy(0), SCHED_FIFO, "takes the flag away");
	is(set_policy(0, SCHED_OTHER, 0), 0, "and back");
	is(call1(SYS_sched_get_priority_max, SCHED_FIFO), 99, "the highest priority");
	is(call1(SYS_sched_get_priority_min, SCHED_RR), 1, "the lowest");
	is(call1(SYS_sched_get_priority_max, SCHED_BATCH), 0, "BATCH has none");
	is(call1(SYS_sched_get_priority_min, 4), -EINVAL, "nor has no policy");
}

static long set_attr(struct attr *a)
{
	return raw(SYS_sched_setattr, 0, (long)a, 0, 0, 0, 0);
}

static void attributes(void)
{
	struct attr a = {.size = 48, .policy = SCHED_BATCH, .nice = 5}, b = {0};

	is(set_attr(&a), 0, "sched_setattr");
	is(raw(SYS_sched_getattr, 0, (long)&b, sizeof(b), 0, 0, 0), 0, "sched_getattr");
	ok(b.size == 56 && b.policy == SCHED_BATCH && b.nice == 5 && !b.priority, "gives it back");
	is(raw(SYS_getpriority, PRIO_PROCESS, 0, 0, 0, 0, 0), 15, "the nice value is one");
	a = (struct attr){.size = 40};
	is(set_attr(&a), -E2BIG, "too short");
	is(a.size, 56, "the size is told");
	a = (struct attr){.size = 48, .policy = SCHED_FIFO};
	is(set_attr(&a), -EINVAL, "FIFO without priority");
	a = (struct attr){.size = 48, .flags = 1ul << 40};
	is(set_attr(&a), -EINVAL, "a flag that is not known");
	is(raw(SYS_sched_setattr, 0, (long)&a, 1, 0, 0, 0), -EINVAL, "flags of the call");
	is(raw(SYS_sched_getattr, 0, (long)&b, 40, 0, 0, 0), -EINVAL, "too little room");
	a = (struct attr){.size = 48};
	is(set_attr(&a), 0, "and back");
}

static void nices(void)
{
	is(raw(SYS_getpriority, PRIO_PROCESS, 0, 0, 0, 0, 0), 20, "nice 0 is told as 20");
	is(raw(SYS_setpriority, PRIO_PROCESS, 0, 100, 0, 0, 0), 0, "too nice");
	is(raw(SYS_getpriority, PRIO_PROCESS, 0, 0, 0, 0, 0), 1, "is 19");
	is(raw(SYS_setpriority, PRIO_USER, 0, -100, 0, 0, 0), 0, "all of the user's");
	is(raw(SYS_getpriority, PRIO_PGRP, 0, 0, 0, 0, 0), 40, "are -20");
	is(raw(SYS_setpriority, PRIO_PGRP, 1, 0, 0, 0, 0), 0, "and back");
	is(raw(SYS_setpriority, 3, 0, 0, 0, 0, 0), -EINVAL, "of nothing");
	is(raw(SYS_getpriority, PRIO_PROCESS, 12345, 0, 0, 0, 0), -ESRCH, "of no thread");
}

/* Somebody else than user 0 may become less important only. Last: there is no way back. */
static void unprivileged(void)
{
	set_policy(0, SCHED_RR | POLICY_RESET, 7);
	is(raw(SYS_setresuid, 1000, 1000, 1000, 0, 0, 0), 0, "user 1000");
	is(set_param(0, 8), -EPERM, "not a higher priority");
	is(set_policy(0, SCHED_FIFO, 1), -EPERM, "nor another such policy");
	is(set_policy(0, SCHED_RR, 7), -EPERM, "nor without the flag");
	is(set_param(0, 6), 0, "but a lower priority");
	is(set_policy(0, SCHED_OTHER | POLICY_RESET, 0), 0, "and none");
	is(set_policy(0, SCHED_FIFO | POLICY_RESET, 1), -EPERM, "with no way back");
	is(raw(SYS_setpriority, PRIO_PROCESS, 0, -1, 0, 0, 0), -EACCES, "not less nice");
	is(raw(SYS_setpriority, PRIO_PROCESS, 0, 1, 0, 0, 0), 0, "but nicer");
	is(raw(SYS_setpriority, PRIO_PROCESS, 0, 0, 0, 0, 0), -EACCES, "with no way back");
}

/* ---- what they mean ---- */

static void count(void *number)
{
	pin();
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		turns[(long)number]++;
}

/* Two threads on CPU 0 for a while; this one, which is more important, sleeps. */
static void share(int policy0, int nice0, int policy1, int nice1, long ms)
{
	over = ready = 0;
	memset(turns, 0, sizeof(turns));
	for (long i = 0; i < 2; i++)
		thread_start(&thread[i], count, (void *)i);
	set_policy(thread[0].tid, policy0, policy0 == SCHED_RR ? 1 : 0);
	set_policy(thread[1].tid, policy1, policy1 == SCHED_RR ? 1 : 0);
	raw(SYS_setpriority, PRIO_PROCESS, thread[0].tid, nice0, 0, 0, 0);
	raw(SYS_setpriority, PRIO_PROCESS, thread[1].tid, nice1, 0, 0, 0);
	sleep_ms(ms);
	over = 1;
	for (int i = 0; i < 2; i++)
		thread_join(&thread[i]);
}

static double ratio(void)
{
	return (double)turns[0] / (double)(turns[1] ? turns[1] : 1);
}

static void shares(void)
{
	pin();
	set_policy(0, SCHED_FIFO | POLICY_RESET, 50);
	share(SCHED_OTHER, 0, SCHED_OTHER, 0, 800);
	ok(ratio() > 0.7 && ratio() < 1.4, "equals share evenly: %.2f", ratio());
	share(SCHED_OTHER, 0, SCHED_OTHER, 5, 1200);
	ok(ratio() > 2.0 && ratio() < 4.5, "5 steps of nice are a factor of 3: %.2f", ratio());
	share(SCHED_OTHER, -5, SCHED_OTHER, 0, 1200);
	ok(ratio() > 2.0 && ratio() < 4.5, "below zero too: %.2f", ratio());
	share(SCHED_OTHER, 0, SCHED_IDLE, 0, 800);
	ok(ratio() > 10, "IDLE has next to nothing: %.0f", ratio());
	share(SCHED_RR, 0, SCHED_RR, 0, 1600);
	ok(ratio() > 0.6 && ratio() < 1.7, "RR threads take turns: %.2f", ratio());
	share(SCHED_RR, 0, SCHED_OTHER, 0, 300);
	ok(ratio() > 50, "RR comes before OTHER: %.0f", ratio());
	set_policy(0, SCHED_OTHER, 0);
}

static void note(void *number)
{
	pin();
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		futex(&go, FUTEX_WAIT, 0, 0, 0, 0);
	order[__atomic_fetch_add(&ordered, 1, __ATOMIC_SEQ_CST)] = "OLH"[(long)number];
}

/* One FIFO thread wakes an OTHER, a low and a high FIFO thread; all on one CPU. */
static void before_all_others(void)
{
	ready = 0;
	pin();
	for (long i = 0; i < 3; i++)
		thread_start(&thread[i], note, (void *)i);
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < 3)
		sleep_ms(1);
	set_policy(thread[1].tid, SCHED_FIFO, 10);
	set_policy(thread[2].tid, SCHED_FIFO, 20);
	set_policy(0, SCHED_FIFO, 50);
	sleep_ms(20);
	go = 1;
	futex(&go, FUTEX_WAKE, 3, 0, 0, 0);
	set_policy(0, SCHED_OTHER, 0);
	for (int i = 0; i < 3; i++)
		thread_join(&thread[i]);
	ok(!strcmp(order, "HLO"), "by priority, then the others: %s", order);
}

/* A FIFO thread that wakes has the CPU at once, though another spins in ring 3. */
static void at_once(void)
{
	struct timespec a, b;
	long worst = 0;

	over = ready = 0;
	pin();
	set_policy(0, SCHED_FIFO, 50);
	thread_start(&thread[0], count, (void *)0);
	set_policy(thread[0].tid, SCHED_OTHER, 0);
	for (int i = 0; i < 50; i++) {
		long late;

		clock_gettime(CLOCK_MONOTONIC, &a);
		sleep_ms(3);
		clock_gettime(CLOCK_MONOTONIC, &b);
		late = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000 - 3000;
		worst = late > worst ? late : worst;
	}
	over = 1;
	set_policy(0, SCHED_OTHER, 0);
	thread_join(&thread[0]);
	ok(worst < 100, "a FIFO thread wakes in time beside a spinner: %ld us late at most", worst);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		at_once();
		return done();
	}
	policies();
	attributes();
	nices();
	shares();
	before_all_others();
	unprivileged();
	return done();
}
