/* SPDX-License-Identifier: MIT */
/*
 * How a program with threads ends: with main, with exit() in any thread, with its last thread, by a
 * stack that overflows into its guard, by abort().
 *
 * guest: args="main" expect=exit:5
 * guest: args="main" expect=exit:5 run="--smp 4"
 * guest: args="thread" expect=exit:6
 * guest: args="last"
 * guest: args="last" run="--smp 4"
 * guest: args="reading" expect=exit:7
 * guest: args="overflow" expect=signal:11
 * guest: args="overflow-small" expect=signal:11 run="--smp 4"
 * guest: args="handled" expect=exit:8
 * guest: args="abort" expect=signal:6
 * guest: args="abort-ignored" expect=signal:6
 * guest: args="abort-handled" expect=signal:6
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "tap.h"

static void *compute(void *arg)
{
	volatile long n = 0;

	for (;;)
		n++;
	return arg;
}

static void *allocate(void *arg)
{
	for (;;)
		free(malloc(100));
	return arg;
}

static void *print(void *arg)
{
	FILE *f = fopen("/dev/null", "w");

	for (;;)
		fprintf(f, "%d %s\n", 1, "line");
	return arg;
}

static void *print_out(void *arg)
{
	for (int i = 0;; i++) {
		printf("# %d\n", i);
		if (i > 200)
			usleep(1000);
	}
	return arg;
}

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg))
		abort();
}

static void crowd(void)
{
	start(compute, NULL);
	start(allocate, NULL);
	start(print, NULL);
	start(print_out, NULL);
	usleep(20000);
}

static void *call_exit(void *arg)
{
	exit((int)(long)arg);
}

static pthread_t first;

static void at_exit(void)
{
	ok(true, "functions of atexit run");
	done();
}

/* Runs when main has ended; the program ends with it. */
static void *outlive(void *arg)
{
	void *result;

	is(pthread_join(first, &result), 0, "the first thread can be joined");
	ok(result == &first, "it left with a result");
	return arg;
}

static void *read_for_ever(void *fd)
{
	FILE *f = fdopen((int)(long)fd, "r");

	return (void *)(long)getc(f);
}

static int sink;

__attribute__((noinline)) static int recurse(int depth)
{
	volatile char room[1000];

	if (depth < 0)
		return 0;

	room[depth % 1000] = (char)depth;
	sink = room[0];
	return recurse(depth + 1) + room[depth % 7];
}

static void *overflow(void *arg)
{
	return (void *)(long)recurse((int)(long)arg);
}

static void leave_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	_exit(sig == SIGSEGV && info->si_code == SEGV_ACCERR ? 8 : 9);
}

static void *overflow_handled(void *arg)
{
	static char alternate[32768];
	stack_t ss = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	act.sa_sigaction = leave_handler;
	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &act, NULL);
	return overflow(arg);
}

static void *block_and_abort(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	abort();
}

static void handler(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "last";
	pthread_attr_t small;
	int fds[2];
	pthread_t t;

	if (!strcmp(what, "main")) {
		crowd();
		return 5;
	}
	if (!strcmp(what, "thread")) {
		crowd();
		start(call_exit, (void *)6);
		pause();
	}
	if (!strcmp(what, "reading")) {
		pipe(fds);
		start(read_for_ever, (void *)(long)fds[0]);
		usleep(20000);
		exit(7);
	}
	if (!strcmp(what, "overflow"))
		start(overflow, NULL);
	if (!strcmp(what, "overflow-small")) {
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 65536);
		pthread_create(&t, &small, overflow, NULL);
	}
	if (!strcmp(what, "handled"))
		start(overflow_handled, NULL);
	if (!strcmp(what, "abort-ignored"))
		signal(SIGABRT, SIG_IGN);
	if (!strcmp(what, "abort-handled"))
		signal(SIGABRT, handler);
	if (!strncmp(what, "abort", 5))
		start(block_and_abort, NULL);
	if (strcmp(what, "last"))
		for (;;)
			pause();
	first = pthread_self();
	atexit(at_exit);
	start(outlive, NULL);
	pthread_exit(&first);
}
