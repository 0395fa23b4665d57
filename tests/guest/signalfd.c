/* SPDX-License-Identifier: MIT */
/* signalfd: signals are read, in order and with what is known of them. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include "epoll.h"

static struct signalfd_siginfo info;

static long get(int fd)
{
	ssize_t r;

	memset(&info, 0x55, sizeof(info));
	r = read(fd, &info, sizeof(info));
	return r < 0 ? -errno : r == sizeof(info) ? (long)info.ssi_signo : -1000;
}

static int events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	poll(&p, 1, 0);
	return p.revents;
}

static void check_values(const sigset_t *mask)
{
	int fd = signalfd(-1, mask, SFD_NONBLOCK | SFD_CLOEXEC), n;
	struct signalfd_siginfo many[4];
	sigset_t usr2, kill_too;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	ok(sizeof(info) == 128 && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "signalfd");
	is(get(fd), -EAGAIN, "nothing");
	is(events(fd), 0, "poll: nothing");
	raise(SIGUSR1);
	is(events(fd), POLLIN, "poll: one");
	is(get(fd), SIGUSR1, "it is read");
	ok(info.ssi_pid == (uint32_t)getpid() && info.ssi_code == SI_TKILL, "who sent it, and how");
	is(info.ssi_uid, getuid(), "as which user");
	is(get(fd), -EAGAIN, "once");
	kill(getpid(), SIGUSR1);
	ok(get(fd) == SIGUSR1 && info.ssi_code == SI_USER, "one for the process");
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 42});
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 43});
	ok(get(fd) == SIGRTMIN + 1 && info.ssi_int == 42 && info.ssi_code == SI_QUEUE,
	   "one with a value");
	ok(get(fd) == SIGRTMIN + 1 && info.ssi_int == 43 && (int)info.ssi_ptr == 43,
	   "and the next");
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGRTMIN + 1);
	n = (int)read(fd, many, sizeof(many));
	ok(n == 3 * (int)sizeof(info) && many[0].ssi_signo == SIGUSR1 &&
		   many[1].ssi_signo == SIGUSR2 && many[2].ssi_signo == (uint32_t)SIGRTMIN + 1,
	   "several at once, the lowest first (%d)", n);
	raise(SIGUSR1);
	n = (int)read(fd, many, sizeof(info) + 100);
	is(n, sizeof(info), "whole ones only");
	ok(read(fd, many, 127) < 0 && errno == EINVAL, "127 bytes are too few");
	ok(write(fd, many, 128) < 0 && errno == EINVAL, "it cannot be written");
	is(signalfd(fd, &usr2, 0), fd, "another mask for the same descriptor");
	raise(SIGUSR1);
	is(get(fd), -EAGAIN, "what is not in it is not read");
	raise(SIGUSR2);
	is(get(fd), SIGUSR2, "what is, is");
	signalfd(fd, mask, 0);
	is(get(fd), SIGUSR1, "the other one waited");
	sigemptyset(&kill_too);
	sigaddset(&kill_too, SIGKILL);
	is(signalfd(fd, &kill_too, 0), fd, "SIGKILL is left out without a word");
	ok(signalfd(0, mask, 0) < 0 && errno == EINVAL, "no signalfd");
	ok(signalfd(999, mask, 0) < 0 && errno == EBADF, "not open");
	ok(signalfd(-1, mask, 1) < 0 && errno == EINVAL, "a flag it does not know");
	is(raw(289, -1, (long)mask, 4, 0, 0, 0), -EINVAL, "a mask of another size");
	is(raw(289, -1, 16, 8, 0, 0, 0), -EFAULT, "a mask from nowhere");
	close(fd);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void *sends(void *arg)
{
	nap(50);
	kill(getpid(), (int)(intptr_t)arg);
	return NULL;
}

static void check_waits(const sigset_t *mask)
{
	int fd = signalfd(-1, mask, 0), ep = epoll_create1(0), set = 0;
	struct sigaction sa = {.sa_handler = on_alarm};
	pthread_t t;

	pthread_create(&t, NULL, sends, (void *)SIGUSR1);
	is(get(fd), SIGUSR1, "a read waits for a signal");
	pthread_join(t, NULL);
	ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	is(wait_ms(ep, 0), 0, "epoll: nothing");
	pthread_create(&t, NULL, sends, (void *)SIGUSR2);
	is(wait_ms(ep, 5000), 1, "epoll waits for one");
	pthread_join(t, NULL);
	is(wait_ms(ep, 0), 0, "epoll: an edge");
	raise(SIGUSR1);
	is(wait_ms(ep, 0), 1, "epoll: another");
	is(get(fd), SIGUSR1, "both are there");
	is(get(fd), SIGUSR2, "indeed");
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	set = (int)get(fd);
	is(set, -EINTR, "a signal that is not blocked ends a read");
	close(ep);
	close(fd);
}

/* A timer's signal tells of the timer. */
static void check_timer(const sigset_t *mask)
{
	int fd = signalfd(-1, mask, 0);
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL,
			     .sigev_signo = SIGRTMIN + 1,
			     .sigev_value.sival_int = 7};
	struct itimerspec v = {.it_value = {0, 10000000}};
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &e, &timer);
	timer_settime(timer, 0, &v, NULL);
	ok(get(fd) == SIGRTMIN + 1 && info.ssi_code == SI_TIMER && info.ssi_int == 7 &&
		   info.ssi_overrun == 0,
	   "a timer's");
	timer_delete(timer);
	close(fd);
}

int main(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	check_values(&mask);
	check_waits(&mask);
	check_timer(&mask);
	return done();
}
