/* SPDX-License-Identifier: MIT */
/*
 * Timers that start a thread when they expire, and those that send a signal.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static volatile int calls, others, signals, value_of_signal;
static pthread_t first;

static void called(union sigval value)
{
	if (value.sival_int == 99 && !pthread_equal(pthread_self(), first))
		__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	else
		__atomic_add_fetch(&others, 1, __ATOMIC_RELAXED);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	value_of_signal = info->si_value.sival_int;
	signals++;
}

static void wait_for(volatile int *what, int n)
{
	for (int i = 0; i < 5000 && *what < n; i++)
		usleep(1000);
}

static void threads(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD};
	struct itimerspec every = {{0, 5000000}, {0, 5000000}}, left, never = {{0, 0}, {0, 0}};
	timer_t timer;
	int then;

	event.sigev_value.sival_int = 99;
	event.sigev_notify_function = called;
	is(timer_create(CLOCK_MONOTONIC, &event, &timer), 0, "a timer that starts threads");
	is(timer_settime(timer, 0, &every, NULL), 0, "armed");
	wait_for(&calls, 10);
	ok(calls >= 10 && !others, "they come, with the value");
	is(timer_gettime(timer, &left), 0, "it tells");
	ok(left.it_interval.tv_nsec == 5000000 && left.it_value.tv_nsec <= 5000000,
	   "what is left, and how often it comes");
	is(timer_settime(timer, 0, &never, &left), 0, "disarmed");
	is(left.it_interval.tv_nsec, 5000000, "which tells what was set");
	usleep(30000);
	then = calls;
	usleep(30000);
	is(calls, then, "no more come");
	is(timer_delete(timer), 0, "deleted");
}

/* Timers come and go while they expire. */
static void churn(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD};
	struct itimerspec often = {{0, 100000}, {0, 1000}};
	int failed = 0;

	event.sigev_value.sival_int = 99;
	event.sigev_notify_function = called;
	for (int i = 0; i < 100; i++) {
		timer_t timer;

		failed += timer_create(CLOCK_REALTIME, &event, &timer) != 0;
		failed += timer_settime(timer, 0, &often, NULL) != 0;
		if (i % 4 == 0)
			usleep(500);
		failed += timer_delete(timer) != 0;
	}
	usleep(20000);
	ok(!failed && !others, "100 timers deleted as they expire");
}

static void by_signal(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
	struct itimerspec once = {{0, 0}, {0, 5000000}};
	timer_t timer, none;

	act.sa_sigaction = on_signal;
	sigaction(SIGRTMIN + 1, &act, NULL);
	event.sigev_value.sival_int = 1234;
	is(timer_create(CLOCK_MONOTONIC, &event, &timer), 0, "a timer that sends a signal");
	is(timer_settime(timer, 0, &once, NULL), 0, "armed");
	wait_for(&signals, 1);
	ok(signals == 1 && value_of_signal == 1234, "it comes, with its value");
	is(timer_getoverrun(timer), 0, "none was missed");
	is(timer_delete(timer), 0, "deleted");
	event.sigev_notify = SIGEV_NONE;
	is(timer_create(CLOCK_MONOTONIC, &event, &none), 0, "one that does nothing");
	is(timer_delete(none), 0, "deleted");
	ok(timer_create(12345, &event, &none) == -1 && errno == EINVAL, "no such clock");
}

int main(void)
{
	timer_t timer;

	first = pthread_self();
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) && errno == ENOSYS) {
		skip("timers", "the core has none");
		return done();
	}
	threads();
	churn();
	by_signal();
	return done();
}
