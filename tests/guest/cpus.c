/* SPDX-License-Identifier: MIT */
/*
 * Threads on several CPUs: they run at the same time and everywhere, where affinity lets them; a
 * thread that spins on one CPU hears signals from another; who never yields starves nobody; wake-ups
 * from all sides at once are not lost.
 *
 * guest: run="--smp 1" args="1" timeout=120
 * guest: run="--smp 2" args="2" timeout=120
 * guest: run="--smp 4" args="4" timeout=120
 * guest: run="--smp 4 --cmdline cpus=3" args="3" timeout=120
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include "thread.h"

#define MAX_CPUS 4
#define MANY	 16
#define ROUNDS	 500

#define CPU_NUMBER 0x7b
#define LDT_FIRST  7 /* selector of the LDT's first entry */

static struct test_thread thread[MANY];
static int cpus;
static uint32_t arrived, over, heard, turns[MANY];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static unsigned this_cpu(void)
{
	unsigned cpu = 99;

	raw(SYS_getcpu, (long)&cpu, 0, 0, 0, 0, 0);
	return cpu;
}

/* The limit of a segment; -1 if there is none of that selector. */
static long lsl(unsigned selector)
{
	unsigned long limit = 0;
	bool there;

	__asm__ volatile("lsl %2, %1" : "=@ccz"(there), "+r"(limit) : "r"((unsigned long)selector));
	return there ? (long)limit : -1;
}

static long set_affinity(long tid, unsigned long mask)
{
	return raw(SYS_sched_setaffinity, tid, sizeof(mask), (long)&mask, 0, 0, 0);
}

static unsigned long affinity(long tid)
{
	unsigned long mask = 0;

	return raw(SYS_sched_getaffinity, tid, sizeof(mask), (long)&mask, 0, 0, 0) == 8 ? mask : 0;
}

/* ---- at the same time ---- */

/* Comes, and spins until all are there: without a system call, so each needs a CPU of its own. */
static void meet(void *number)
{
	uint64_t end = now() + 5000000000ull;

	(void)number;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < (uint32_t)cpus && now() < end)
		;
}

static void same_time(void)
{
	uint64_t began = now();

	arrived = 0;
	for (int i = 0; i < cpus; i++)
		thread_start(&thread[i], meet, 0);
	for (int i = 0; i < cpus; i++)
		thread_join(&thread[i]);
	is(arrived, cpus, "as many threads as CPUs meet");
	ok(now() - began < 4000000000ull, "within their time");
}

static uint32_t seen[MAX_CPUS];

static void note_cpu(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		seen[this_cpu() % MAX_CPUS] = 1;
}

static void everywhere(void)
{
	uint64_t end = now() + 2000000000ull;
	int used = 0;

	over = 0;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < cpus + 1; i++)
		thread_start(&thread[i], note_cpu, 0);
	do
		for (int i = used = 0; i < cpus; i++)
			used += __atomic_load_n(&seen[i], __ATOMIC_RELAXED);
	while (used < cpus && now() < end);
	over = 1;
	for (int i = 0; i < cpus + 1; i++)
		thread_join(&thread[i]);
	is(used, cpus, "busy threads use all CPUs");
}

/* ---- affinity ---- */

static void one_cpu(void)
{
	unsigned long all = affinity(0);

	is(all, (1l << cpus) - 1, "a program may run on all CPUs");
	for (int i = 0; i < cpus; i++) {
		is(set_affinity(0, 1ul << i), 0, "to CPU %d", i);
		is(this_cpu(), i, "it is there at once");
		is(affinity(0), 1l << i, "the mask says so");
		is(lsl(CPU_NUMBER), i, "so does the segment that tells the vDSO");
	}
	is(set_affinity(0, 1ul << 40), -EINVAL, "a CPU that is not there");
	is(set_affinity(0, 0), -EINVAL, "none");
	is(set_affinity(12345, 1), -ESRCH, "of no thread");
	is(set_affinity(0, ~0ul), 0, "all, and more");
	is(affinity(0), all, "are those that are there");
}

/* A spinner is moved by another thread, again and again, and is never found on a wrong CPU after. */
static void moved(void)
{
	unsigned wrong = 0, late = 0;
	long tid;

	over = 0;
	tid = thread_start(&thread[0], note_cpu, 0);
	for (int n = 0; n < 50; n++) {
		int to = n % cpus, other = 0;
		uint64_t end = now() + 2000000000ull;

		wrong += set_affinity(tid, 1ul << to) != 0;
		__atomic_store_n(&seen[to], 0, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(&seen[to], __ATOMIC_ACQUIRE) && now() < end)
			raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		late += now() >= end;
		/* It is there: from now on nowhere else. */
		for (int i = 0; i < cpus; i++)
			if (i != to)
				__atomic_store_n(&seen[i], 0, __ATOMIC_SEQ_CST);
		for (end = now() + 500000; now() < end;)
			raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		for (int i = 0; i < cpus; i++)
			other += i != to && __atomic_load_n(&seen[i], __ATOMIC_ACQUIRE);
		wrong += other;
	}
	over = 1;
	thread_join(&thread[0]);
	is(late, 0, "a running thread goes where it is sent");
	is(wrong, 0, "and stays there");
}

/* ---- descriptors ---- */

static long limit_there;

/* On the last CPU: looks at the LDT's first descriptor until it is there. */
static void look_for_segment(void *unused)
{
	uint64_t end = now() + 2000000000ull;

	(void)unused;
	set_affinity(0, 1ul << (cpus - 1));
	__atomic_store_n(&arrived, 1, __ATOMIC_RELEASE);
	while ((limit_there = lsl(LDT_FIRST)) < 0 && now() < end)
		;
}

/* What one thread writes to the LDT is there for a thread that runs on another CPU. */
static void segments(void)
{
	unsigned entry[4] = {0, 0, 0x123, 0x41}; /* a data segment of 32 bits, limit in bytes */

	arrived = 0;
	thread_start(&thread[0], look_for_segment, 0);
	set_affinity(0, 1);
	while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	is(raw(SYS_modify_ldt, 1, (long)entry, sizeof(entry), 0, 0, 0), 0, "a new LDT");
	thread_join(&thread[0]);
	is(limit_there, 0x123, "is seen on another CPU");
	set_affinity(0, ~0ul);
}

/* ---- signals ---- */

static void on_signal(int sig)
{
	(void)sig;
	__atomic_add_fetch(&heard, 1, __ATOMIC_SEQ_CST);
}

static void spin(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		;
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	unsigned lost = 0;
	long tid;

	sigaction(SIGUSR1, &action, 0);
	over = heard = arrived = 0;
	tid = thread_start(&thread[0], spin, 0);
	while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	for (uint32_t n = 1; n <= 200; n++) {
		uint64_t end = now() + 1000000000ull;

		raw(SYS_tgkill, 1, tid, SIGUSR1, 0, 0, 0);
		while (__atomic_load_n(&heard, __ATOMIC_ACQUIRE) < n && now() < end)
			raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		lost += heard != n;
	}
	over = 1;
	thread_join(&thread[0]);
	is(lost, 0, "200 signals to a thread that spins are heard one by one");
}

/* ---- nobody starves ---- */

static void take_turns(void *number)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		turns[(long)number]++;
}

static void all_have_turns(void)
{
	uint64_t end = now() + 10000000000ull;
	unsigned starved;

	over = 0;
	memset(turns, 0, sizeof(turns));
	for (long i = 0; i < MANY; i++)
		thread_start(&thread[i], take_turns, (void *)i);
	/* The host may let a CPU run seldom; in so long a time each thread has been the one to. */
	do {
		nanosleep(&(struct timespec){0, 1000000}, 0);
		starved = 0;
		for (int i = 0; i < MANY; i++)
			starved += !__atomic_load_n(&turns[i], __ATOMIC_RELAXED);
	} while (starved && now() < end);
	over = 1;
	for (int i = 0; i < MANY; i++)
		thread_join(&thread[i]);
	is(starved, 0, "of %d threads that spin each has its turns", MANY);
}

/* ---- a CPU that runs dry ---- */

static long where[2];

/* Tells on which CPU it is, without a call. */
static void tell_cpu(void *number)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		__atomic_store_n(&where[(long)number], lsl(CPU_NUMBER), __ATOMIC_RELAXED);
}

static uint32_t go_on;

static void spin_until_told(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&go_on, __ATOMIC_ACQUIRE))
		;
}

/* Two threads share CPU 0 while the others are taken; when they are not, one of the two is found. */
static void runs_dry(void)
{
	uint64_t end;

	if (cpus < 2)
		return;
	over = go_on = 0;
	for (int i = 1; i < cpus; i++) {
		thread_start(&thread[i], spin_until_told, 0);
		set_affinity(thread[i].tid, 1ul << i);
	}
	thread_start(&thread[cpus], tell_cpu, (void *)0);
	thread_start(&thread[cpus + 1], tell_cpu, (void *)1);
	nanosleep(&(struct timespec){0, 100000000}, 0);
	__atomic_store_n(&go_on, 1, __ATOMIC_RELEASE);
	for (int i = 1; i < cpus; i++)
		thread_join(&thread[i]);
	for (end = now() + 1000000000; where[0] == where[1] && now() < end;)
		nanosleep(&(struct timespec){0, 10000000}, 0);
	ok(now() < end, "a CPU that runs dry takes a thread that waits: %ld and %ld", where[0],
	   where[1]);
	over = 1;
	thread_join(&thread[cpus]);
	thread_join(&thread[cpus + 1]);
}

/* ---- wake-ups ---- */

static uint32_t baton[MANY], passed;

static void hand_on(uint32_t *mine, uint32_t *next)
{

	for (int i = 0; i < ROUNDS; i++) {
		while (!__atomic_load_n(mine, __ATOMIC_ACQUIRE))
			futex(mine, FUTEX_WAIT, 0, 0, 0, 0);
		__atomic_sub_fetch(mine, 1, __ATOMIC_ACQ_REL);
		__atomic_add_fetch(&passed, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(next, 1, __ATOMIC_ACQ_REL);
		futex(next, FUTEX_WAKE, 1, 0, 0, 0);
	}
}

static void relay(void *number)
{
	long me = (long)number;

	hand_on(&baton[me], &baton[(me + 1) % MANY]);
}

static void wake_ups(void)
{
	passed = 0;
	/* Several batons go round at the same time. */
	for (int i = 0; i < MANY; i++)
		baton[i] = i % 4 == 0;
	for (long i = 0; i < MANY; i++)
		thread_start(&thread[i], relay, (void *)i);
	for (int i = 0; i < MANY; i++)
		thread_join(&thread[i]);
	is(passed, MANY * ROUNDS, "no wake-up is lost");
}

/* Two threads, each alone on its CPU, wake each other: nothing else ends their idling. */
static void pinned(void *number)
{
	long me = (long)number;

	set_affinity(0, me ? 1ul << (cpus - 1) : 1);
	hand_on(&baton[me], &baton[!me]);
}

static void pair(void)
{
	passed = baton[1] = 0;
	baton[0] = 1;
	thread_start(&thread[0], pinned, (void *)0);
	thread_start(&thread[1], pinned, (void *)1);
	thread_join(&thread[0]);
	thread_join(&thread[1]);
	is(passed, 2 * ROUNDS, "two idle CPUs wake each other");
}

/* All sleep on one word, are woken at once, and are back before the next round. */
static void herd_member(void *unused)
{
	(void)unused;
	for (uint32_t n = 0; n < 100; n++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) <= n)
			futex(&over, FUTEX_WAIT, n, 0, 0, 0);
	}
}

static void herd(void)
{
	arrived = over = 0;
	for (int i = 0; i < MANY; i++)
		thread_start(&thread[i], herd_member, 0);
	for (uint32_t n = 0; n < 100; n++) {
		while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < (n + 1) * MANY)
			raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		__atomic_store_n(&over, n + 1, __ATOMIC_RELEASE);
		futex(&over, FUTEX_WAKE, MANY, 0, 0, 0);
	}
	for (int i = 0; i < MANY; i++)
		thread_join(&thread[i]);
	is(arrived, 100 * MANY, "a herd wakes and sleeps 100 times");
}

int main(int argc, char **argv)
{
	cpus = argc > 1 ? atoi(argv[1]) : 1;
	same_time();
	everywhere();
	one_cpu();
	moved();
	segments();
	signals();
	all_have_turns();
	runs_dry();
	wake_ups();
	pair();
	herd();
	return done();
}
