/* SPDX-License-Identifier: MIT */
/*
 * Sockets over loopback, both ends in this one process: TCP and UDP, blocking and not, with poll.
 *
 * guest: mem=64
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tap.h"

#define LOTS (1 << 20)

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static bool ready(int fd, short events)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, 5000) == 1 && p.revents & events;
}

/* A socket bound to a free port of loopback; the address in *a. */
static int bound(int type, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, type, 0);

	*a = loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)a, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)a, &len) < 0)
		return -1;
	return fd;
}

static void check_udp(void)
{
	struct sockaddr_in a, b, from;
	int x = bound(SOCK_DGRAM, &a), y = bound(SOCK_DGRAM, &b), n = -1;
	socklen_t len = sizeof(from);
	char buf[64];

	ok(x >= 0 && y >= 0 && a.sin_port != b.sin_port, "two UDP sockets");
	is(sendto(x, "ping", 4, 0, (struct sockaddr *)&b, sizeof(b)), 4, "sendto");
	is(sendto(x, "", 0, 0, (struct sockaddr *)&b, sizeof(b)), 0, "an empty datagram");
	ok(ready(y, POLLIN) && ioctl(y, FIONREAD, &n) == 0 && n == 4, "readable: 4 bytes");
	is(recvfrom(y, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 4, "recvfrom");
	ok(!memcmp(buf, "ping", 4) && from.sin_port == a.sin_port && len == sizeof(from),
	   "from the sender");
	ok(ready(y, POLLIN) && recv(y, buf, sizeof(buf), 0) == 0, "the empty one too");
	ok(recv(y, buf, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, "no more: EAGAIN");
	is(connect(x, (struct sockaddr *)&b, sizeof(b)), 0, "connect");
	ok(send(x, "0123456789", 10, 0) == 10 && ready(y, POLLIN), "send");
	is(recv(y, buf, 4, 0), 4, "a short buffer cuts off");
	ok(recv(y, buf, 4, MSG_DONTWAIT) < 0 && errno == EAGAIN, "and the rest is lost");
	close(x);
	close(y);
}

struct pair {
	int listener, client, server;
	struct sockaddr_in addr;
};

static bool connect_pair(struct pair *p)
{
	struct sockaddr_in peer, mine;
	socklen_t len = sizeof(peer);

	p->listener = bound(SOCK_STREAM, &p->addr);
	if (!ok(p->listener >= 0 && listen(p->listener, 8) == 0, "listen"))
		return false;
	p->client = socket(AF_INET, SOCK_STREAM, 0);
	is(connect(p->client, (struct sockaddr *)&p->addr, sizeof(p->addr)), 0, "connect");
	ok(ready(p->listener, POLLIN), "a connection waits");
	p->server = accept4(p->listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
	len = sizeof(mine);
	ok(p->server >= 0 && getsockname(p->client, (struct sockaddr *)&mine, &len) == 0 &&
		   mine.sin_port == peer.sin_port,
	   "accept4 tells its address");
	ok(fcntl(p->server, F_GETFL) & O_NONBLOCK, "it does not block");
	return p->server >= 0;
}

static void check_exchange(const struct pair *p)
{
	struct iovec iov[2] = {{"scat", 4}, {"tered", 5}};
	char buf[64];

	ok(recv(p->server, buf, 1, 0) < 0 && errno == EAGAIN, "nothing yet: EAGAIN");
	is(send(p->client, "hello", 5, MSG_NOSIGNAL), 5, "send");
	ok(ready(p->server, POLLIN), "it arrives");
	is(recv(p->server, buf, sizeof(buf), MSG_PEEK), 5, "MSG_PEEK");
	is(read(p->server, buf, sizeof(buf)), 5, "read");
	ok(!memcmp(buf, "hello", 5), "what was sent");
	is(writev(p->server, iov, 2), 9, "writev back");
	is(recv(p->client, buf, 9, MSG_WAITALL), 9, "MSG_WAITALL");
	ok(!memcmp(buf, "scattered", 9), "in one piece");
}

/* Pumps a mebibyte through, each side as far as it goes. */
static void check_lots(const struct pair *p)
{
	unsigned char *out = malloc(LOTS), *in = calloc(1, LOTS);
	size_t sent = 0, got = 0;
	ssize_t n;

	fcntl(p->client, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < LOTS; i++)
		out[i] = (unsigned char)(i * 31 + (i >> 12));
	while (got < LOTS) {
		struct pollfd fds[2] = {{p->client, sent < LOTS ? POLLOUT : 0, 0},
					{p->server, POLLIN, 0}};

		if (poll(fds, 2, 5000) <= 0)
			break;
		if (fds[0].revents & POLLOUT) {
			n = send(p->client, out + sent, LOTS - sent, MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		if (fds[1].revents & POLLIN) {
			n = recv(p->server, in + got, LOTS - got, 0);
			if (n <= 0)
				break;
			got += (size_t)n;
		}
	}
	is((long)got, LOTS, "a mebibyte goes through");
	ok(!memcmp(in, out, LOTS), "unchanged");
	free(in);
	free(out);
}

static void check_options(const struct pair *p)
{
	int value = 0, on = 1;
	socklen_t len = sizeof(value);

	ok(getsockopt(p->client, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_STREAM,
	   "SO_TYPE");
	ok(setsockopt(p->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
		   getsockopt(p->client, IPPROTO_TCP, TCP_NODELAY, &value, &len) == 0 && value,
	   "TCP_NODELAY");
	ok(getsockopt(p->client, SOL_SOCKET, SO_ERROR, &value, &len) == 0 && value == 0,
	   "SO_ERROR");
	ok(getsockopt(p->client, SOL_SOCKET, 9999, &value, &len) < 0 && errno == ENOPROTOOPT,
	   "an unknown option");
}

static void check_end(const struct pair *p)
{
	char c;

	is(shutdown(p->client, SHUT_WR), 0, "shutdown");
	ok(ready(p->server, POLLIN) && read(p->server, &c, 1) == 0, "the other side sees the end");
	ok(write(p->server, "x", 1) == 1 && ready(p->client, POLLIN) && read(p->client, &c, 1) == 1,
	   "and can still write");
	ok(send(p->client, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "EPIPE after shutdown");
	close(p->client);
	close(p->server);
	close(p->listener);
}

static void check_refused(const struct sockaddr_in *gone)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0, r;
	socklen_t len = sizeof(error);

	r = connect(fd, (const struct sockaddr *)gone, sizeof(*gone));
	ok(r < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED), "nobody listens");
	if (r < 0 && errno == EINPROGRESS) {
		ok(ready(fd, POLLOUT | POLLERR | POLLHUP), "told by poll");
		ok(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNREFUSED,
		   "ECONNREFUSED");
	} else {
		ok(errno == ECONNREFUSED, "ECONNREFUSED");
		ok(true, "at once");
	}
	close(fd);
}

static void check_errors(void)
{
	struct sockaddr_in a, b;
	int x = bound(SOCK_STREAM, &a), y = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	ok(listen(x, 1) == 0 && bind(y, (struct sockaddr *)&a, sizeof(a)) < 0 &&
		   errno == EADDRINUSE,
	   "EADDRINUSE");
	ok(read(y, &c, 1) < 0 && errno == ENOTCONN, "ENOTCONN");
	b = loopback(1);
	b.sin_addr.s_addr = htonl(0x01020304);
	ok(bind(y, (struct sockaddr *)&b, sizeof(b)) < 0 && errno == EADDRNOTAVAIL,
	   "EADDRNOTAVAIL");
	ok(bind(y, (struct sockaddr *)&a, 3) < 0 && errno == EINVAL, "a short address");
	ok(accept(y, NULL, NULL) < 0 && errno == EINVAL, "accept without listen");
	close(x);
	close(y);
}

int main(void)
{
	struct pair p;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	check_udp();
	if (connect_pair(&p)) {
		check_exchange(&p);
		check_lots(&p);
		check_options(&p);
		check_end(&p);
		check_refused(&p.addr);
	}
	check_errors();
	return done();
}
