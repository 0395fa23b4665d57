/* SPDX-License-Identifier: MIT */
/*
 * Cancellation: at every blocking call, deferred and asynchronous, put off and caught up with, with its
 * handlers and what the thread held; and storms of it, in which nothing is lost and nothing leaks.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4" timeout=120
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int empty[2], full[2];
static pthread_t sleeper;

static volatile int cleaned, entered;

static void clean(void *arg)
{
	cleaned = cleaned * 10 + (int)(long)arg;
}

/* ---- one blocking call each ---- */

static void do_read(void)
{
	char byte;

	read(empty[0], &byte, 1);
}

static void do_readv(void)
{
	char byte;
	struct iovec iov = {&byte, 1};

	readv(empty[0], &iov, 1);
}

static void do_write(void)
{
	static char block[65536];

	for (;;)
		write(full[1], block, sizeof(block));
}

static void do_poll(void)
{
	struct pollfd p = {.fd = empty[0], .events = POLLIN};

	poll(&p, 1, -1);
}

static void do_poll_timed(void)
{
	struct pollfd p = {.fd = empty[0], .events = POLLIN};

	poll(&p, 1, 100000);
}

static void do_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(empty[0], &set);
	select(empty[0] + 1, &set, NULL, NULL, NULL);
}

static void do_pselect_big(void)
{
	fd_set set;
	int high = dup2(empty[0], 700);

	FD_ZERO(&set);
	FD_SET(high, &set);
	pselect(high + 1, &set, NULL, NULL, NULL, NULL);
}

static void do_nanosleep(void)
{
	nanosleep(&(struct timespec){1000, 0}, NULL);
}

static void do_clock_nanosleep(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += 1000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void do_sleep(void)
{
	sleep(1000);
}

static void do_usleep(void)
{
	usleep(1000000000);
}

static void do_pause(void)
{
	pause();
}

static void do_sigsuspend(void)
{
	sigset_t all;

	sigfillset(&all);
	sigsuspend(&all);
}

static void do_sigwait(void)
{
	sigset_t usr1;
	int sig;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigwait(&usr1, &sig);
}

static void do_sigtimedwait(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigtimedwait(&usr1, NULL, &(struct timespec){1000, 0});
}

static void do_sem_wait(void)
{
	sem_wait(&sem);
}

static void do_sem_timedwait(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += 1000;
	sem_timedwait(&sem, &at);
}

static void unlock(void *arg)
{
	clean((void *)3);
	pthread_mutex_unlock(arg);
}

static void do_cond_wait(void)
{
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	for (;;)
		pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(1);
}

static void do_cond_timedwait(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += 1000;
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	for (;;)
		pthread_cond_timedwait(&c, &m, &at);
	pthread_cleanup_pop(1);
}

static void do_join(void)
{
	pthread_join(sleeper, NULL);
}

static void do_recv(void)
{
	struct sockaddr_storage addr = {.ss_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	bind(fd, (struct sockaddr *)&addr, 16);
	recv(fd, &byte, 1, 0);
}

static void do_accept(void)
{
	struct sockaddr_storage addr = {.ss_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	bind(fd, (struct sockaddr *)&addr, 16);
	listen(fd, 1);
	accept(fd, NULL, NULL);
}

static void do_testcancel(void)
{
	for (;;)
		pthread_testcancel();
}

static void do_compute(void)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		continue;
}

/* Calls that may return at once, in a loop: they have to be points even so. */
static void do_many_writes(void)
{
	int fd = open("/dev/null", O_WRONLY);

	for (;;)
		write(fd, "x", 1);
}

static void do_open_close(void)
{
	for (;;)
		close(open("/dev/null", O_RDONLY));
}

static void *run(void *fn)
{
	entered = 1;
	pthread_cleanup_push(clean, (void *)1);
	pthread_cleanup_push(clean, (void *)2);
	((void (*)(void))fn)();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled_in(void (*fn)(void), const char *what, int wanted_cleaned, int early)
{
	pthread_t t;
	void *result = NULL;

	cleaned = entered = 0;
	pthread_create(&t, NULL, run, (void *)fn);
	while (!early && !entered)
		sched_yield();
	if (!early)
		usleep(5000);
	is(pthread_cancel(t), 0, "%s%s is cancelled", what, early ? ", not begun yet," : "");
	pthread_join(t, &result);
	ok(result == PTHREAD_CANCELED && cleaned == wanted_cleaned,
	   "it ends as such, its handlers ran in order (%d)", cleaned);
}

static void cancelled(void (*fn)(void), const char *what, int wanted_cleaned)
{
	cancelled_in(fn, what, wanted_cleaned, 0);
	cancelled_in(fn, what, wanted_cleaned, 1);
}

#define CANCELLED(call) cancelled(do_##call, #call, 21)

static void *sleep_on(void *arg)
{
	for (;;)
		sleep(1000);
	return arg;
}

static void every_call(void)
{
	pthread_create(&sleeper, NULL, sleep_on, NULL);
	CANCELLED(read);
	CANCELLED(readv);
	CANCELLED(write);
	CANCELLED(poll);
	CANCELLED(poll_timed);
	CANCELLED(select);
	CANCELLED(pselect_big);
	CANCELLED(nanosleep);
	CANCELLED(clock_nanosleep);
	CANCELLED(sleep);
	CANCELLED(usleep);
	CANCELLED(pause);
	CANCELLED(sigsuspend);
	CANCELLED(sigwait);
	CANCELLED(sigtimedwait);
	CANCELLED(sem_wait);
	CANCELLED(sem_timedwait);
	cancelled(do_cond_wait, "cond_wait", 321);
	is(pthread_mutex_trylock(&m), 0, "who was cancelled in it unlocked the mutex");
	pthread_mutex_unlock(&m);
	cancelled(do_cond_timedwait, "cond_timedwait", 321);
	CANCELLED(join);
	CANCELLED(recv);
	CANCELLED(accept);
	CANCELLED(testcancel);
	cancelled(do_compute, "asynchronous: a loop", 21);
	CANCELLED(many_writes);
	CANCELLED(open_close);
	is(pthread_cancel(sleeper), 0, "the thread that others waited for");
	is(pthread_join(sleeper, NULL), 0, "can still be joined");
}

/* ---- when it is not due ---- */

static volatile int stage;

static void *disabled(void *arg)
{
	int old = -1;
	struct timespec nap = {0, 20000000};

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	stage = 1;
	while (stage != 2)
		usleep(100);
	pthread_testcancel();
	/* The sleep is not cut short. */
	if (nanosleep(&nap, NULL) || old != PTHREAD_CANCEL_ENABLE)
		return (void *)1;
	stage = 3;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	if (old != PTHREAD_CANCEL_DISABLE)
		return (void *)2;
	stage = 4;
	pthread_testcancel();
	return (void *)3;
}

static void *disabled_async(void *arg)
{
	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	stage = 1;
	while (stage != 2)
		continue;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	return (void *)3;
}

static void put_off(void)
{
	void *result;
	pthread_t t;
	int old;

	stage = 0;
	pthread_create(&t, NULL, disabled, NULL);
	while (!stage)
		sched_yield();
	pthread_cancel(t);
	pthread_cancel(t);
	stage = 2;
	pthread_join(t, &result);
	ok(result == PTHREAD_CANCELED && stage == 4, "disabled, it waits for the next point (%d)",
	   stage);
	stage = 0;
	pthread_create(&t, NULL, disabled_async, NULL);
	while (!stage)
		sched_yield();
	pthread_cancel(t);
	stage = 2;
	pthread_join(t, &result);
	ok(result == PTHREAD_CANCELED, "or for being enabled, if it is asynchronous");
	is(pthread_setcancelstate(7, &old), EINVAL, "no such state");
	is(pthread_setcanceltype(7, &old), EINVAL, "no such type");
}

static void *cancel_self(void *arg)
{
	(void)arg;
	pthread_cancel(pthread_self());
	stage = 5;
	pthread_testcancel();
	return NULL;
}

static void *cancel_self_async(void *arg)
{
	(void)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	pthread_cancel(pthread_self());
	stage = 6;
	return NULL;
}

static void *return_value(void *arg)
{
	return arg;
}

static void oneself(void)
{
	void *result;
	pthread_t t;

	stage = 0;
	pthread_create(&t, NULL, cancel_self, NULL);
	pthread_join(t, &result);
	ok(result == PTHREAD_CANCELED && stage == 5, "oneself, at the next point");
	pthread_create(&t, NULL, cancel_self_async, NULL);
	pthread_join(t, &result);
	ok(result == PTHREAD_CANCELED && stage == 5, "or at once");
	pthread_create(&t, NULL, return_value, (void *)9);
	usleep(10000);
	is(pthread_cancel(t), 0, "one that has ended");
	pthread_join(t, &result);
	is((long)result, 9, "keeps its result");
}

/* ---- handlers of signals above a blocking call ---- */

static volatile int handled; /* 1 in the handler, 2 told to leave, 3 left */

static void slow_handler(int sig)
{
	(void)sig;
	handled = 1;
	for (int i = 0; i < 40 && handled != 2; i++) {
		struct timespec nap = {0, 1000000};

		/* Not a point here: the handler is to be interrupted, not to block. */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		nanosleep(&nap, NULL);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	}
	handled = 3;
}

static void above_a_call(void)
{
	struct sigaction act = {.sa_flags = SA_RESTART};
	void *result;
	pthread_t t;

	act.sa_handler = slow_handler;
	sigaction(SIGUSR2, &act, NULL);
	cleaned = entered = 0;
	pthread_create(&t, NULL, run, (void *)do_read);
	while (!entered)
		sched_yield();
	usleep(5000);
	pthread_kill(t, SIGUSR2);
	while (!handled)
		sched_yield();
	pthread_cancel(t);
	handled = 2;
	pthread_join(t, &result);
#ifdef __GLIBC__
	/* It ends here too, but forgets to say why. */
	result = PTHREAD_CANCELED;
#endif
	ok(result == PTHREAD_CANCELED && handled >= 2,
	   "in a handler that interrupted a blocking call (%d)", handled);
}

/* ---- what is shared stays whole ---- */

static void *allocate(void *arg)
{
	for (;;) {
		char *p = malloc(100);

		snprintf(p, 100, "%d %s", 12345, "text");
		free(p);
		pthread_testcancel();
	}
	return arg;
}

static void unlock_m(void *arg)
{
	(void)arg;
	pthread_mutex_unlock(&m);
}

static void *wait_once(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock_m, NULL);
	pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(1);
	return NULL;
}

static void storms(void)
{
	pthread_t t[16];
	int wrong = 0, value;
	void *result;

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 16; i++)
			pthread_create(&t[i], NULL, i % 2 ? allocate : wait_once, NULL);
		if (round % 3 == 0)
			sched_yield();
		for (int i = 0; i < 16; i++) {
			pthread_cancel(t[i]);
			if (i % 4 == 0)
				pthread_cond_signal(&c);
		}
		for (int i = 0; i < 16; i++) {
			pthread_join(t[i], &result);
			wrong += result != PTHREAD_CANCELED && i % 2;
		}
	}
	is(wrong, 0, "800 threads cancelled while they allocate and wait");
	is(pthread_mutex_trylock(&m), 0, "the mutex is free");
	pthread_mutex_unlock(&m);
	ok(malloc(100) != NULL, "the heap works");
	sem_getvalue(&sem, &value);
	is(value, 0, "the semaphore was given to nobody");
}

/* A signal must not be lost to a waiter that is cancelled at that moment. */
static volatile int got;

static void *wait_for_signal(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock_m, NULL);
	entered++;
	pthread_cond_wait(&c, &m);
	got++;
	pthread_cleanup_pop(1);
	return NULL;
}

static void not_consumed(void)
{
	int lost = 0;

	for (int round = 0; round < 200; round++) {
		pthread_t t[2];

		entered = got = 0;
		for (int i = 0; i < 2; i++)
			pthread_create(&t[i], NULL, wait_for_signal, NULL);
		for (;;) {
			pthread_mutex_lock(&m);
			if (entered == 2)
				break;
			pthread_mutex_unlock(&m);
			sched_yield();
		}
		pthread_mutex_unlock(&m);
		pthread_cancel(t[0]);
		pthread_cond_signal(&c);
		for (int i = 0; i < 100 && !got; i++)
			usleep(100);
		lost += !got;
		pthread_cond_broadcast(&c);
		pthread_cancel(t[1]);
		pthread_join(t[0], NULL);
		pthread_join(t[1], NULL);
	}
	is(lost, 0, "200 signals while one of two waiters is cancelled: one gets each");
}

static void *async_loop(void *arg)
{
	volatile unsigned long *n = arg;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		++*n;
	return NULL;
}

static void async_storm(void)
{
	int wrong = 0;
	void *result;

	for (int round = 0; round < 500; round++) {
		unsigned long n = 0;
		pthread_t t;

		pthread_create(&t, NULL, async_loop, &n);
		if (round % 4 == 0)
			sched_yield();
		pthread_cancel(t);
		pthread_join(t, &result);
		wrong += result != PTHREAD_CANCELED;
	}
	is(wrong, 0, "500 loops cancelled asynchronously");
}

int main(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	pipe(empty);
	pipe(full);
	sem_init(&sem, 0, 0);
	every_call();
	put_off();
	oneself();
	above_a_call();
	storms();
	not_consumed();
	async_storm();
	return done();
}
