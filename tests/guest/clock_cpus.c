/* SPDX-License-Identifier: MIT */
/*
 * Time never goes backwards, from whichever CPU it is read: a thread on each CPU reads the clock and
 * compares with the most that any has read before. By the vDSO and by system calls, all clocks that
 * are never set; while a rate is corrected, and the counter is changed.
 *
 * guest: args="2000" run="--smp 4" core=testing timeout=60
 * guest: args="2000" run="--smp 4 --cmdline clock=hpet" core=testing timeout=60
 * guest: args="200" run="--smp 4 --icount" core=testing timeout=120
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "core_calls.h"
#include "tap.h"

#define CPUS	   4
#define CALL_CLOCK 1022
#define LEAVE_TSC  3

static const int clocks[] = {1, 4, 6, 7}; /* MONOTONIC, RAW, COARSE, BOOTTIME */
static struct {
	long most __attribute__((aligned(64)));
} of_clock[4];
static volatile int stop;
static long back[CPUS], reads[CPUS];

static long now(int clock, int by_call)
{
	struct timespec t;

	if (by_call)
		raw(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
	else
		clock_gettime(clock, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

static void *read_clocks(void *arg)
{
	long cpu = (long)arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (unsigned long i = 0; !stop; i++) {
		unsigned c = i / 16 % 4;
		long most = __atomic_load_n(&of_clock[c].most, __ATOMIC_ACQUIRE);
		long t = now(clocks[c], i % 3 == 0);

		back[cpu] += t < most;
		while (t > most && !__atomic_compare_exchange_n(&of_clock[c].most, &most, t, 0,
								__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			;
		reads[cpu]++;
	}
	return NULL;
}

/* Meanwhile time is made to run faster and slower: by frequency, in turns. */
static void correct(int turn)
{
	long timex[26] = {0};

	((unsigned *)timex)[0] = 2;
	timex[2] = (turn % 2 ? 500l : -500l) * 65536;
	raw(SYS_adjtimex, (long)timex, 0, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 2000, all = 0, sum = 0, left = 0;
	time_t end = 0;
	pthread_t t[CPUS];

	for (long i = 0; i < CPUS; i++)
		pthread_create(&t[i], NULL, read_clocks, (void *)i);
	end = now(1, 1) / 1000000 + ms;
	for (int turn = 0; now(1, 1) / 1000000 < end; turn++) {
		usleep(5000);
		correct(turn);
		if (!left && now(1, 1) / 1000000 > end - ms / 4)
			left = raw(CALL_CLOCK, LEAVE_TSC, 0, 0, 0, 0, 0);
	}
	stop = 1;
	for (int i = 0; i < CPUS; i++) {
		pthread_join(t[i], NULL);
		ok(reads[i] > 100, "CPU %d read the clock", i);
		all += reads[i];
		sum += back[i];
	}
	is(left, 1, "at last by another counter than the TSC");
	printf("# %ld times in %ld ms\n", all, ms);
	is(sum, 0, "it never went backwards");
	return done();
}
