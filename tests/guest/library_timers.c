/* SPDX-License-Identifier: MIT */
/*
 * The C library's side of timers and clocks: SIGEV_THREAD, CPU clocks of threads, adjtime.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static sem_t told;
static volatile int value;
static pthread_t notified;

static void notice(union sigval v)
{
	notified = pthread_self();
	value += v.sival_int;
	sem_post(&told);
}

static bool is_told(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 5;
	return sem_timedwait(&told, &end) == 0;
}

static void by_thread(void)
{
	struct sigevent e = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notice};
	struct itimerspec s = {{0, 0}, {0, 20000000}}, left;
	timer_t a, b;

	sem_init(&told, 0, 0);
	e.sigev_value.sival_int = 5;
	is(timer_create(CLOCK_MONOTONIC, &e, &a), 0, "SIGEV_THREAD");
	e.sigev_value.sival_int = 70;
	is(timer_create(CLOCK_REALTIME, &e, &b), 0, "and another");
	is(timer_settime(a, 0, &s, NULL), 0, "armed");
	ok(is_told() && value == 5 && !pthread_equal(notified, pthread_self()), "a thread is told");
	is(timer_gettime(a, &left), 0, "timer_gettime");
	ok(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0, "over");
	s.it_interval.tv_nsec = 10000000;
	timer_settime(b, 0, &s, &left);
	ok(is_told() && is_told() && is_told() && value >= 5 + 3 * 70, "again and again");
	ok(timer_getoverrun(b) >= 0, "timer_getoverrun");
	is(timer_delete(b), 0, "deleted");
	is(timer_delete(a), 0, "both");
	usleep(50000);
	while (sem_trywait(&told) == 0)
		;
	usleep(50000);
	is(sem_trywait(&told), -1, "nothing more is told");
	ok(timer_delete(a) == -1 && errno == EINVAL, "gone");
	e.sigev_notify = 77;
	ok(timer_create(CLOCK_MONOTONIC, &e, &a) == -1 && errno == EINVAL, "no such event");
}

static volatile int stop;

static void *spin(void *unused)
{
	while (!stop)
		;
	return unused;
}

static long read_ns(clockid_t clock)
{
	struct timespec t = {0, 0};

	return clock_gettime(clock, &t) ? -1 : t.tv_sec * 1000000000l + t.tv_nsec;
}

static void clocks(void)
{
	struct timeval delta = {0, 1000}, left = {9, 9};
	struct timeval now;
	clockid_t clock = 0, process = 0;
	pthread_t t;
	struct tms tms;
	long before;

	pthread_create(&t, NULL, spin, NULL);
	is(pthread_getcpuclockid(t, &clock), 0, "pthread_getcpuclockid");
	before = read_ns(clock);
	usleep(100000);
	ok(before >= 0 && read_ns(clock) > before, "the thread's clock goes");
	stop = 1;
	pthread_join(t, NULL);
	is(clock_getcpuclockid(0, &process), 0, "clock_getcpuclockid");
	ok(read_ns(process) > 10000000, "the process's");
	is(clock_getcpuclockid(4242, &process), ESRCH, "of none");
	ok(times(&tms) > 0 && tms.tms_utime + tms.tms_stime > 0, "times");
	is(adjtime(&delta, &left), 0, "adjtime");
	ok(left.tv_sec == 0 && left.tv_usec == 0, "nothing was left");
	is(adjtime(NULL, &left), 0, "asked for");
	ok(left.tv_usec > 900 && left.tv_usec <= 1000, "most is left");
	delta.tv_usec = 0;
	is(adjtime(&delta, NULL), 0, "broken off");
	now = (struct timeval){1900000000, 0};
	is(settimeofday(&now, NULL), 0, "settimeofday");
	ok(time(NULL) - 1900000000 < 5, "takes");
}

int main(void)
{
	by_thread();
	clocks();
	return done();
}
