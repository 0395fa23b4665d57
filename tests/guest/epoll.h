/* SPDX-License-Identifier: MIT */
/* What the programs that test epoll share. */
#ifndef EPOLL_TEST_H
#define EPOLL_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static struct epoll_event ev[64];

__attribute__((unused)) static int ctl(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u64 = (uint64_t)fd | 0xabcd000000000000};

	return epoll_ctl(ep, op, fd, &e) ? -errno : 0;
}

__attribute__((unused)) static int wait_ms(int ep, int ms)
{
	int n = epoll_wait(ep, ev, 64, ms);

	return n < 0 ? -errno : n;
}

__attribute__((unused)) static void make_pipe(int fd[2])
{
	if (pipe2(fd, O_NONBLOCK))
		_exit(99);
}

__attribute__((unused)) static void put(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(98);
}

__attribute__((unused)) static void take(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(97);
}

__attribute__((unused)) static long ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((unused)) static void nap(int ms)
{
	poll(NULL, 0, ms);
}

#endif
