/* SPDX-License-Identifier: MIT */
/* poll and epoll over descriptors of which none is ready: pipes without data, arg of them. */
#include "bench.h"
#include <poll.h>
#include <sys/resource.h>

#define MOST	      1000
#define EPOLL_CTL_ADD 1
#define EPOLLIN	      1
#define EVENTS	      64

/* Linux's on x86-64. */
struct epoll_event_packed {
	unsigned events;
	uint64_t data;
} __attribute__((packed));

static struct pollfd polled[MOST];
static int writers[MOST];
static long pipes;
static struct epoll_event_packed events[EVENTS];
static int epoll = -1;

static void close_all(struct bench *b)
{
	(void)b;
	while (pipes > 0) {
		pipes--;
		close(polled[pipes].fd);
		close(writers[pipes]);
	}
	if (epoll >= 0)
		close(epoll);
	epoll = -1;
}

/* Lets this process have n descriptors, if that can be done. */
static void allow_descriptors(unsigned long n)
{
	unsigned long limit[2]; /* soft and hard */

	if (raw4(NR_prlimit64, 0, RLIMIT_NOFILE, 0, (long)limit) || limit[0] >= n)
		return;
	limit[0] = n < limit[1] ? n : limit[1];
	raw4(NR_prlimit64, 0, RLIMIT_NOFILE, (long)limit, 0);
}

static int setup_pipes(struct bench *b)
{
	allow_descriptors(2 * (unsigned long)b->op->arg + 16);
	for (; pipes < b->op->arg; pipes++) {
		int fd[2];

		if (pipe(fd))
			return bench_fail(b, "pipe");
		polled[pipes] = (struct pollfd){.fd = fd[0], .events = POLLIN};
		writers[pipes] = fd[1];
	}
	return 0;
}

static int setup_poll(struct bench *b)
{
	b->call = (struct call){.nr = NR_poll, .a = (long)polled, .b = b->op->arg};
	return setup_pipes(b);
}

static int setup_epoll(struct bench *b)
{
	long fd = raw1(NR_epoll_create1, 0);

	if (fd < 0)
		return bench_fail_raw(b, "epoll_create1", fd);
	epoll = (int)fd;
	b->call = (struct call){.nr = NR_epoll_wait, .a = fd, .b = (long)events, .c = EVENTS};
	if (setup_pipes(b))
		return -1;
	for (long i = 0; i < pipes; i++) {
		struct epoll_event_packed e = {.events = EPOLLIN, .data = (uint64_t)i};
		long r = raw4(NR_epoll_ctl, fd, EPOLL_CTL_ADD, polled[i].fd, (long)&e);

		if (r)
			return bench_fail_raw(b, "epoll_ctl", r);
	}
	return 0;
}

#define POLL_OP(call, n)                                                                        \
	{                                                                                       \
		.name = #call "_" #n, .about = #call " over " #n " pipes, none ready",          \
		.setup = setup_##call, .run = run_call, .own = own_call, .teardown = close_all, \
		.arg = n                                                                        \
	}

const struct op poll_ops[] = {
	POLL_OP(epoll, 1),
	POLL_OP(epoll, 100),
	POLL_OP(epoll, 1000),
	POLL_OP(poll, 1),
	POLL_OP(poll, 100),
	POLL_OP(poll, 1000),
	{0},
};
