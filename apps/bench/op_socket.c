/* SPDX-License-Identifier: MIT */
/* Sockets, both ends in this thread: loopback UDP and TCP, and a pair of UNIX ones. */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define SMALL 64
#define LARGE 16384

static int fds[2] = {-1, -1};
static char buf[LARGE];

static void close_fds(struct bench *b)
{
	(void)b;
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* A socket bound to a free port of loopback, and its address; -1. */
static int bound(int type, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -1;
	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)a, len) || getsockname(fd, (struct sockaddr *)a, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int setup_udp(struct bench *b)
{
	struct sockaddr_in a[2];

	for (int i = 0; i < 2; i++) {
		fds[i] = bound(SOCK_DGRAM, &a[i]);
		if (fds[i] < 0)
			return bench_fail(b, "UDP socket on 127.0.0.1");
	}
	for (int i = 0; i < 2; i++)
		if (connect(fds[i], (struct sockaddr *)&a[!i], sizeof(a[0])))
			return bench_fail(b, "connect to 127.0.0.1");
	return 0;
}

static int setup_tcp(struct bench *b)
{
	struct sockaddr_in a;
	int listener = bound(SOCK_STREAM, &a), one = 1;

	if (listener < 0)
		return bench_fail(b, "TCP socket on 127.0.0.1");
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(listener, 1) || fds[0] < 0 ||
	    connect(fds[0], (struct sockaddr *)&a, sizeof(a)) ||
	    (fds[1] = accept(listener, NULL, NULL)) < 0) {
		int err = bench_fail(b, "TCP connection to 127.0.0.1");

		close(listener);
		return err;
	}
	close(listener);
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
			return bench_fail(b, "TCP_NODELAY");
	return 0;
}

static int setup_unix(struct bench *b)
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ? bench_fail(b, "socketpair") : 0;
}

/* SMALL bytes from one end to the other: 0, or what the failed call answered. */
static inline long carry(int from, int to)
{
	long r = raw6(NR_sendto, from, (long)buf, SMALL, 0, 0, 0);

	if (r == SMALL)
		r = raw6(NR_recvfrom, to, (long)buf, SMALL, 0, 0, 0);
	return r == SMALL ? 0 : r ? r : -EPIPE;
}

static int run_one_way(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long r = carry(fds[0], fds[1]);

		if (r)
			return bench_fail_raw(b, b->op->name, r);
	}
	return 0;
}

static int run_there_and_back(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long r = carry(fds[0], fds[1]);

		if (!r)
			r = carry(fds[1], fds[0]);
		if (r)
			return bench_fail_raw(b, b->op->name, r);
	}
	return 0;
}

/* LARGE bytes; where they do not fit between the ends, what is there is received first. */
static long carry_large(void)
{
	long sent = 0, received = 0, r;

	while (received < LARGE) {
		if (sent < LARGE) {
			r = raw6(NR_sendto, fds[0], (long)buf + sent, LARGE - sent, MSG_DONTWAIT, 0,
				 0);
			if (r < 0 && r != -EAGAIN)
				return r;
			sent += r > 0 ? r : 0;
		}
		r = raw6(NR_recvfrom, fds[1], (long)buf, LARGE, 0, 0, 0);
		if (r <= 0)
			return r ? r : -EPIPE;
		received += r;
	}
	return 0;
}

static int run_large(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long r = carry_large();

		if (r)
			return bench_fail_raw(b, b->op->name, r);
	}
	return 0;
}

const struct op socket_ops[] = {
	{.name = "udp",
	 .about = "send 64 bytes over loopback UDP and receive them",
	 .setup = setup_udp,
	 .run = run_one_way,
	 .teardown = close_fds},
	{.name = "tcp",
	 .about = "64 bytes over loopback TCP and back",
	 .setup = setup_tcp,
	 .run = run_there_and_back,
	 .teardown = close_fds},
	{.name = "tcp_16k",
	 .about = "16 KiB over loopback TCP, one way",
	 .setup = setup_tcp,
	 .run = run_large,
	 .teardown = close_fds,
	 .bytes = LARGE},
	{.name = "unix",
	 .about = "send 64 bytes over a pair of UNIX sockets and receive them",
	 .setup = setup_unix,
	 .run = run_one_way,
	 .teardown = close_fds},
	{0},
};
