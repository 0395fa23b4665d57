/* SPDX-License-Identifier: MIT */
/* timerfd: once and again, relative and absolute, cancelled by setting the clock. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include "epoll.h"

#define MS 1000000l

static long get(int fd)
{
	uint64_t n = 77;
	ssize_t r = read(fd, &n, sizeof(n));

	return r < 0 ? -errno : r == sizeof(n) ? (long)n : -1000;
}

static int set(int fd, int flags, long first_ms, long interval_ms)
{
	struct itimerspec v = {.it_value = {first_ms / 1000, first_ms % 1000 * MS},
			       .it_interval = {interval_ms / 1000, interval_ms % 1000 * MS}};

	return timerfd_settime(fd, flags, &v, NULL) ? -errno : 0;
}

static long clock_ms(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000 + t.tv_nsec / MS;
}

static void check_errors(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct itimerspec v = {.it_value = {1, 0}};
	uint64_t n;

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC &&
		   fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK),
	   "timerfd_create with flags");
	ok(timerfd_create(CLOCK_MONOTONIC, 1) < 0 && errno == EINVAL, "a flag it does not know");
	ok(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0) < 0 && errno == EINVAL,
	   "a clock it cannot go by");
	ok(timerfd_create(77, 0) < 0 && errno == EINVAL, "no clock");
	is(get(fd), -EAGAIN, "not set: nothing to read");
	ok(read(fd, &n, 7) < 0 && errno == EINVAL, "read 7 bytes");
	ok(write(fd, &n, 8) < 0 && errno == EINVAL, "it cannot be written");
	is(set(fd, 4, 1, 0), -EINVAL, "settime: a flag it does not know");
	v.it_value.tv_nsec = 1000000000;
	ok(timerfd_settime(fd, 0, &v, NULL) < 0 && errno == EINVAL, "settime: no time");
	v.it_value.tv_nsec = 0;
	v.it_interval.tv_sec = -1;
	ok(timerfd_settime(fd, 0, &v, NULL) < 0 && errno == EINVAL, "settime: no interval");
	ok(timerfd_settime(fd, 0, (void *)8, NULL) < 0 && errno == EFAULT, "settime: from nowhere");
	ok(timerfd_gettime(fd, (void *)8) < 0 && errno == EFAULT, "gettime: to nowhere");
	is(set(0, 0, 1, 0), -EINVAL, "settime: no timerfd");
	is(set(999, 0, 1, 0), -EBADF, "settime: not open");
	ok(timerfd_gettime(0, &v) < 0 && errno == EINVAL, "gettime: no timerfd");
	close(fd);
}

static void check_once(int clock, const char *name)
{
	int fd = timerfd_create(clock, 0);
	struct itimerspec v;
	long from = clock_ms(CLOCK_MONOTONIC), took;

	is(set(fd, 0, 50, 0), 0, "%s: set", name);
	ok(timerfd_gettime(fd, &v) == 0 && v.it_value.tv_sec == 0 && v.it_value.tv_nsec > 0 &&
		   v.it_value.tv_nsec <= 50 * MS && !v.it_interval.tv_nsec,
	   "%s: what is left", name);
	is(get(fd), 1, "%s: a read waits for it", name);
	took = clock_ms(CLOCK_MONOTONIC) - from;
	ok(took >= 49 && took < 2000, "%s: 50 ms (%ld)", name, took);
	ok(timerfd_gettime(fd, &v) == 0 && !v.it_value.tv_sec && !v.it_value.tv_nsec,
	   "%s: nothing is left", name);
	from = clock_ms(CLOCK_MONOTONIC);
	is(set(fd, TFD_TIMER_ABSTIME, clock_ms(clock) + 30, 0), 0, "%s: set to a moment", name);
	is(get(fd), 1, "%s: it came", name);
	took = clock_ms(CLOCK_MONOTONIC) - from;
	ok(took >= 28 && took < 2000, "%s: after 30 ms (%ld)", name, took);
	is(set(fd, TFD_TIMER_ABSTIME, 1, 0), 0, "%s: set to the past", name);
	is(get(fd), 1, "%s: over at once", name);
	close(fd);
}

static void check_interval(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec v, old;
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	long n, more;

	set(fd, 0, 20, 20);
	is(poll(&p, 1, 5000), 1, "poll waits for it");
	is(p.revents, POLLIN, "POLLIN");
	nap(100);
	n = get(fd);
	ok(n >= 5 && n < 200, "those that came meanwhile are counted (%ld)", n);
	is(get(fd), -EAGAIN, "once");
	ok(timerfd_gettime(fd, &v) == 0 && v.it_value.tv_nsec > 0 &&
		   v.it_value.tv_nsec <= 20 * MS && v.it_interval.tv_nsec == 20 * MS,
	   "it goes on");
	nap(50);
	more = get(fd);
	ok(more >= 2 && more < 200, "and is counted (%ld)", more);
	nap(30);
	v = (struct itimerspec){.it_value = {100, 0}};
	ok(timerfd_settime(fd, 0, &v, &old) == 0 && old.it_interval.tv_nsec == 20 * MS &&
		   old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 20 * MS,
	   "set anew: what was");
	is(get(fd), -EAGAIN, "and what had come does not count");
	v.it_value.tv_sec = 0;
	ok(timerfd_settime(fd, 0, &v, &old) == 0 && old.it_value.tv_sec == 99, "stopped");
	is(poll(&p, 1, 30), 0, "it does not come");
	/* A past beginning: each interval since counts. */
	set(fd, TFD_TIMER_ABSTIME, clock_ms(CLOCK_MONOTONIC) - 200, 20);
	n = get(fd);
	ok(n >= 10 && n < 100, "ten in the time before (%ld)", n);
	/* The shortest interval there is keeps nobody from working. */
	v = (struct itimerspec){.it_value = {0, 1}, .it_interval = {0, 1}};
	timerfd_settime(fd, 0, &v, NULL);
	nap(20);
	n = get(fd);
	ok(n >= 20 * MS, "every nanosecond: %ld in 20 ms", n);
	close(fd);
}

static void check_epoll(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), ep = epoll_create1(0);

	ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	set(fd, 0, 20, 0);
	is(wait_ms(ep, 5000), 1, "epoll: told");
	is(wait_ms(ep, 0), 0, "epoll: once");
	set(fd, 0, 20, 20);
	is(wait_ms(ep, 5000), 1, "epoll: told again");
	is(get(fd) >= 1, 1, "epoll: read");
	is(wait_ms(ep, 5000), 1, "epoll: the next one");
	close(fd);
	is(wait_ms(ep, 50), 0, "epoll: closed while it ran");
	close(ep);
}

static void *sets_clock(void *arg)
{
	struct timespec t;

	(void)arg;
	nap(50);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 100;
	clock_settime(CLOCK_REALTIME, &t);
	nap(20);
	t.tv_sec -= 100;
	clock_settime(CLOCK_REALTIME, &t);
	return NULL;
}

/* Setting the clock is the superuser's, who may not want it on Linux. */
static void check_cancel(void)
{
	int fd, other;
	struct pollfd p = {.events = POLLIN};
	pthread_t t;

	if (!on_ringlet())
		return;
	fd = timerfd_create(CLOCK_REALTIME, 0);
	other = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	is(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, clock_ms(CLOCK_REALTIME) + 50000,
	       0),
	   0, "one to be cancelled");
	set(other, TFD_TIMER_ABSTIME, clock_ms(CLOCK_REALTIME) + 50000, 0);
	pthread_create(&t, NULL, sets_clock, NULL);
	is(get(fd), -ECANCELED, "setting the clock ends the wait");
	pthread_join(t, NULL);
	is(get(other), 1, "the other's time came for a while");
	set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, clock_ms(CLOCK_REALTIME) + 50000, 0);
	pthread_create(&t, NULL, sets_clock, NULL);
	p.fd = fd;
	is(poll(&p, 1, 5000), 1, "poll is told as well");
	pthread_join(t, NULL);
	is(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, clock_ms(CLOCK_REALTIME) + 50000,
	       0),
	   -ECANCELED, "and so is who sets it");
	set(fd, 0, 20, 0);
	is(get(fd), 1, "then it works as any");
	close(fd);
	close(other);
}

int main(void)
{
	check_errors();
	check_once(CLOCK_MONOTONIC, "monotonic");
	check_once(CLOCK_REALTIME, "realtime");
	check_once(7, "boottime");
	check_interval();
	check_epoll();
	check_cancel();
	return done();
}
