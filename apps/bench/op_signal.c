/* SPDX-License-Identifier: MIT */
/* Signals and timers. */
#include "bench.h"
#include <signal.h>
#include <string.h>

static volatile unsigned long handled;
static struct sigaction before;
static bool installed;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static int setup_signal(struct bench *b)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	if (sigaction(SIGUSR1, &act, &before))
		return bench_fail(b, "sigaction");
	installed = true;
	return 0;
}

static void restore_signal(struct bench *b)
{
	(void)b;
	if (installed)
		sigaction(SIGUSR1, &before, NULL);
	installed = false;
}

static int run_signal(struct bench *b, unsigned long n)
{
	unsigned long start = handled;
	long pid = getpid();

	for (unsigned long i = 0; i < n; i++) {
		long r = raw2(NR_kill, pid, SIGUSR1);

		if (r)
			return bench_fail_raw(b, "kill", r);
	}
	/* Sent to a process of one thread, each has been handled before kill returns. */
	return handled - start == n ? 0
				    : bench_fail_raw(b, "signals handled", (long)(handled - start));
}

/* Linux's struct itimerval: interval, then time left, each in seconds and microseconds. */
static int run_timer(struct bench *b, unsigned long n)
{
	static const long arm[4] = {0, 0, 1000, 0}, disarm[4];

	for (; n; n--) {
		long r = raw3(NR_setitimer, 0, (long)arm, 0);

		if (!r)
			r = raw3(NR_setitimer, 0, (long)disarm, 0);
		if (r)
			return bench_fail_raw(b, "setitimer", r);
	}
	return 0;
}

const struct op signal_ops[] = {
	{.name = "signal",
	 .about = "send a signal to oneself, handle it, return",
	 .setup = setup_signal,
	 .run = run_signal,
	 .teardown = restore_signal},
	{.name = "timer", .about = "arm a timer (setitimer) and disarm it", .run = run_timer},
	{0},
};
