/* SPDX-License-Identifier: MIT */
/* Calls that do next to nothing: what it costs to get into the system and back. */
#include "bench.h"
#include <time.h>

#define FUTEX_WAKE_PRIVATE (1 | 128)
#define GRND_NONBLOCK	   1

static struct timespec now;
static unsigned word;
static char bytes[64];

static int setup_getpid(struct bench *b)
{
	b->call = (struct call){.nr = NR_getpid, .want = getpid()};
	return 0;
}

static int setup_getppid(struct bench *b)
{
	b->call = (struct call){.nr = NR_getppid, .want = getppid()};
	return 0;
}

static int setup_unknown(struct bench *b)
{
	b->call = (struct call){.nr = NR_none, .want = -ENOSYS};
	return 0;
}

static int setup_clock(struct bench *b)
{
	b->call = (struct call){.nr = NR_clock_gettime, .a = CLOCK_MONOTONIC, .b = (long)&now};
	return 0;
}

static int run_clock(struct bench *b, unsigned long n)
{
	for (; n; n--)
		if (clock_gettime(CLOCK_MONOTONIC, &now))
			return bench_fail(b, "clock_gettime");
	return 0;
}

static int setup_yield(struct bench *b)
{
	b->call = (struct call){.nr = NR_sched_yield};
	return 0;
}

static int setup_wake(struct bench *b)
{
	b->call = (struct call){.nr = NR_futex, .a = (long)&word, .b = FUTEX_WAKE_PRIVATE, .c = 1};
	return 0;
}

static int setup_getrandom(struct bench *b)
{
	b->call = (struct call){
		.nr = NR_getrandom, .a = (long)bytes, .b = 32, .c = GRND_NONBLOCK, .want = 32};
	return 0;
}

const struct op call_ops[] = {
	{.name = "getpid",
	 .about = "the null system call: getpid, answer checked",
	 .setup = setup_getpid,
	 .run = run_call,
	 .own = own_call},
	{.name = "getppid",
	 .about = "getppid, answer checked",
	 .setup = setup_getppid,
	 .run = run_call,
	 .own = own_call},
	{.name = "unknown",
	 .about = "a number that is no system call's: ENOSYS",
	 .setup = setup_unknown,
	 .run = run_call,
	 .own = own_call},
	{.name = "clock_call",
	 .about = "clock_gettime(CLOCK_MONOTONIC) as a system call",
	 .setup = setup_clock,
	 .run = run_call,
	 .own = own_call},
	{.name = "clock_lib",
	 .about = "clock_gettime(CLOCK_MONOTONIC) as the C library does it",
	 .run = run_clock},
	{.name = "yield",
	 .about = "sched_yield with nobody to yield to",
	 .setup = setup_yield,
	 .run = run_call,
	 .own = own_call},
	{.name = "futex_wake",
	 .about = "FUTEX_WAKE with nobody waiting",
	 .setup = setup_wake,
	 .run = run_call,
	 .own = own_call},
	{.name = "getrandom",
	 .about = "getrandom of 32 bytes",
	 .setup = setup_getrandom,
	 .run = run_call,
	 .own = own_call},
	{0},
};
