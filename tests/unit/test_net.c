// SPDX-License-Identifier: MIT
/* Stream sockets over loopback: what the app sees of net/, with lwIP underneath. */
#include "test_net_fixture.h"

void test_setup(void)
{
	boot_net("ip=none");
}

#define PORT 8080

NET_TEST(stream_carries_bytes_both_ways)
{
	int l = t_listen(0, PORT, 5), c, s;
	char buf[64];

	CHECK_EQ(t_poll(l), 0);
	t_pair(l, &c, &s);
	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM);
	CHECK_EQ(t_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	CHECK_EQ(t_send(c, "hello", 5, 0), 5);
	CHECK_EQ(t_poll(s), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	CHECK_EQ(t_recv(s, buf, sizeof(buf), MSG_PEEK), 5);
	CHECK_EQ(t_recv(s, buf, 2, 0), 2);
	CHECK_MEM(buf, "he", 2);
	CHECK_EQ(t_recv(s, buf, sizeof(buf), 0), 3);
	CHECK_MEM(buf, "llo", 3);
	CHECK_EQ(t_send(s, "world!", 6, 0), 6);
	CHECK_EQ(t_recv(c, buf, sizeof(buf), 0), 6);
	CHECK_MEM(buf, "world!", 6);
}

NET_TEST(stream_of_megabytes_is_whole)
{
	enum {
		TOTAL = 3000000,
		STEP = 70001
	};
	static uint8_t out[STEP], in[STEP], want[STEP];
	int l = t_listen(0, PORT, 5), c, s;
	size_t sent = 0, got = 0;
	unsigned idle = 0;

	t_pair(l, &c, &s);
	while (got < TOTAL && idle < 1000) {
		size_t n = min((size_t)STEP, TOTAL - sent);
		long r;

		if (n) {
			fill_pattern(out, n, sent);
			r = t_send(c, out, n, 0);
			if (r > 0)
				sent += (size_t)r;
			else
				CHECK_EQ(r, -EAGAIN);
		}
		r = t_recv(s, in, 1 + (got * 7919) % STEP, 0);
		if (r > 0) {
			fill_pattern(want, (size_t)r, got);
			if (memcmp(in, want, (size_t)r))
				test_abort(__FILE__, __LINE__, "bytes differ after %zu", got);
			got += (size_t)r;
		} else {
			idle++;
			pass(10 * NSEC_PER_MSEC);
		}
	}
	CHECK_EQ(got, TOTAL);
	CHECK_EQ(sent, TOTAL);
}

NET_TEST(half_close_and_hang_up)
{
	int l = t_listen(0, PORT, 5), c, s;
	char buf[8];

	t_pair(l, &c, &s);
	CHECK_EQ(t_send(c, "bye", 3, 0), 3);
	CHECK_EQ(sys_shutdown(c, SHUT_WR), 0);
	CHECK_EQ(t_send(c, "x", 1, MSG_NOSIGNAL), -EPIPE);
	CHECK(!signal_waiting());
	CHECK_EQ(t_send(c, "x", 1, 0), -EPIPE);
	CHECK(signal_waiting()); /* SIGPIPE */
	CHECK_EQ(t_poll(s), POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM);
	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM);
	CHECK_EQ(t_recv(s, buf, 8, 0), 3);
	CHECK_EQ(t_recv(s, buf, 8, 0), 0);
	CHECK_EQ(t_recv(s, buf, 8, 0), 0);
	CHECK_EQ(t_send(s, "later", 5, 0), 5);
	CHECK_EQ(t_recv(c, buf, 8, 0), 5);
	CHECK_EQ(sys_shutdown(s, SHUT_WR), 0);
	CHECK_EQ(t_recv(c, buf, 8, 0), 0);
	CHECK_EQ(t_poll(c), POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP | POLLOUT | POLLWRNORM);
	CHECK_EQ(t_poll(s), POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP | POLLOUT | POLLWRNORM);
	CHECK_EQ(sys_shutdown(l, 7), -EINVAL);
}

NET_TEST(reset_is_told_after_the_data)
{
	struct {
		int on, seconds;
	} linger = {1, 0};
	int l = t_listen(0, PORT, 5), c, s;
	char buf[8];

	t_pair(l, &c, &s);
	CHECK_EQ(t_send(c, "last", 4, 0), 4);
	CHECK_EQ(sys_setsockopt(c, SOL_SOCKET, SO_LINGER, fake_user_dup(&linger, 8), 8), 0);
	CHECK_EQ(fd_close(c), 0);
	CHECK_EQ(t_poll(s),
		 POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP | POLLERR | POLLOUT | POLLWRNORM);
	CHECK_EQ(t_recv(s, buf, 8, 0), 4);
	CHECK_EQ(t_recv(s, buf, 8, 0), -ECONNRESET);
	CHECK_EQ(t_recv(s, buf, 8, 0), 0);
	CHECK_EQ(t_send(s, "x", 1, 0), -EPIPE);
	CHECK_EQ(t_connect(s, LOOPBACK, PORT), -EISCONN);
}

NET_TEST(closing_with_unread_data_resets)
{
	int l = t_listen(0, PORT, 5), c, s;
	char buf[8];

	t_pair(l, &c, &s);
	t_send(c, "unread", 6, 0);
	CHECK_EQ(fd_close(s), 0);
	CHECK_EQ(t_recv(c, buf, 8, 0), -ECONNRESET);

	t_pair(l, &c, &s);
	t_send(c, "unread", 6, 0);
	sys_shutdown(c, SHUT_WR); /* and so in CLOSE_WAIT */
	CHECK_EQ(fd_close(s), 0);
	CHECK_EQ(t_recv(c, buf, 8, 0), -ECONNRESET);
}

NET_TEST(refused_connection)
{
	int c = t_socket(SOCK_STREAM | SOCK_NONBLOCK), l, s;

	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM | POLLHUP);
	CHECK_EQ(t_connect(c, LOOPBACK, 9), -EINPROGRESS);
	CHECK_EQ(t_poll(c),
		 POLLERR | POLLHUP | POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_ERROR), 0);
	l = t_listen(0, PORT, 5);
	CHECK_EQ(t_connect(c, LOOPBACK, PORT), -EINPROGRESS);
	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM);
	CHECK_EQ(t_connect(c, LOOPBACK, PORT), -EISCONN);
	s = (int)sys_accept(l, NULL, NULL);
	CHECK(s >= 0);
	fd_close(c);
	fake_on_sleep = deferred_run;
	c = t_socket(SOCK_STREAM);
	CHECK_EQ(t_connect(c, LOOPBACK, 9), -ECONNREFUSED);
	CHECK_EQ(t_connect(c, LOOPBACK, PORT), 0);
	CHECK_EQ(t_connect(c, LOOPBACK, 0), -ECONNREFUSED);
	fake_on_sleep = NULL;
}

NET_TEST(no_route_without_device)
{
	int c = t_socket(SOCK_STREAM), u = t_socket(SOCK_DGRAM);

	CHECK_EQ(t_connect(c, 0x0a000001, 80), -ENETUNREACH);
	CHECK_EQ(t_connect(u, 0x0a000001, 80), -ENETUNREACH);
	CHECK_EQ(t_sendto(u, "x", 1, 0x0a000001, 80), -ENETUNREACH);
	CHECK_EQ(t_bind(c, 0x0a000001, 80), -EADDRNOTAVAIL);
	CHECK_EQ(t_bind(u, 0x0a000001, 80), -EADDRNOTAVAIL);
}

NET_TEST(addresses_in_use)
{
	int l = t_listen(0, PORT, 5), a = t_socket(SOCK_STREAM), b = t_socket(SOCK_STREAM), c, s;

	CHECK_EQ(t_bind(a, 0, PORT), -EADDRINUSE);
	t_setopt(a, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(t_bind(a, LOOPBACK, PORT), -EADDRINUSE); /* someone listens */
	CHECK_EQ(t_bind(a, 0, 0), 0);
	CHECK(t_port(a) >= 32768);
	CHECK_EQ(t_bind(a, 0, 0), -EINVAL);
	CHECK_EQ(t_bind(b, 0, t_port(a)), -EADDRINUSE);
	t_setopt(b, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(t_bind(b, 0, t_port(a)), 0);
	CHECK_EQ(sys_listen(a, 1), 0);
	CHECK_EQ(sys_listen(b, 1), -EADDRINUSE);
	CHECK_EQ(sys_listen(a, 9), 0);
	CHECK_EQ(t_getopt(a, SOL_SOCKET, SO_ACCEPTCONN), 1);

	/* A server that closed its side first leaves TIME_WAIT: its port needs SO_REUSEADDR then. */
	t_pair(l, &c, &s);
	fd_close(s);
	fd_close(c);
	fd_close(l);
	CHECK(net_pcb_time_wait() > 0);
	c = t_socket(SOCK_STREAM);
	CHECK_EQ(t_bind(c, 0, PORT), -EADDRINUSE);
	t_setopt(c, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(t_bind(c, 0, PORT), 0);
	CHECK_EQ(sys_listen(c, 1), 0);
}

NET_TEST(listen_without_bind)
{
	int l = t_socket(SOCK_STREAM | SOCK_NONBLOCK), c, s;

	CHECK_EQ(sys_listen(l, 0), 0);
	CHECK(t_port(l) >= 32768);
	CHECK_EQ(sys_accept(l, NULL, NULL), -EAGAIN);
	t_pair(l, &c, &s);
	CHECK_EQ(t_connect(l, LOOPBACK, PORT), -EISCONN);
	CHECK_EQ(sys_shutdown(l, SHUT_RD), 0);
	CHECK_EQ(sys_accept(l, NULL, NULL), -EINVAL);
	CHECK_EQ(sys_listen(c, 1), -EINVAL);
}

NET_TEST(backlog_bounds_the_queue)
{
	int l = t_listen(0, PORT, 1), c[4], s;
	char buf[4];

	for (int i = 0; i < 4; i++) {
		c[i] = t_socket(SOCK_STREAM | SOCK_NONBLOCK);
		CHECK_EQ(t_connect(c[i], LOOPBACK, PORT), -EINPROGRESS);
	}
	/* As on Linux one more than the backlog; the others' SYNs are dropped, not refused. */
	CHECK_EQ(t_sock(l)->accepts, 2);
	CHECK_EQ(t_poll(c[1]), POLLOUT | POLLWRNORM);
	CHECK_EQ(t_poll(c[2]), 0);
	CHECK_EQ(t_connect(c[2], LOOPBACK, PORT), -EALREADY);
	CHECK_EQ(t_send(c[2], "x", 1, 0), -EAGAIN);
	CHECK_EQ(t_recv(c[2], buf, 1, 0), -EAGAIN);
	for (int i = 0; i < 2; i++) {
		s = (int)sys_accept(l, NULL, NULL);
		CHECK_EQ(t_send(s, "hi", 2, 0), 2);
	}
	pass(4 * NSEC_PER_SEC);
	CHECK_EQ(t_sock(l)->accepts, 2);
	CHECK_EQ(t_poll(c[3]), POLLOUT | POLLWRNORM);
	/* Those nobody took are reset with the listener. */
	fd_close(l);
	CHECK_EQ(t_recv(c[0], buf, 4, 0), 2);
	CHECK_EQ(t_recv(c[3], buf, 4, 0), -ECONNRESET);
}

NET_TEST(accept_tells_who)
{
	int l = t_listen(0, PORT, 5), c = t_socket(SOCK_STREAM | SOCK_NONBLOCK), s;
	unsigned len = 100, *ulen = fake_user_dup(&len, 4);
	struct abi_sockaddr_in *sin = fake_user_alloc(128), *h;

	t_connect(c, LOOPBACK, PORT);
	s = (int)sys_accept4(l, sin, ulen, SOCK_NONBLOCK | SOCK_CLOEXEC);
	REQUIRE(s >= 0);
	h = fake_user_host(sin);
	CHECK_EQ(*(unsigned *)fake_user_host(ulen), 16);
	CHECK_EQ(h->sin_family, AF_INET);
	CHECK_EQ(lwip_ntohl(h->sin_addr), LOOPBACK);
	CHECK_EQ(lwip_ntohs(h->sin_port), t_port(c));
	CHECK_EQ(sys_getpeername(c, sin, ulen), 0);
	CHECK_EQ(lwip_ntohs(h->sin_port), PORT);
	CHECK_EQ(sys_getpeername(l, sin, ulen), -ENOTCONN);
	CHECK_EQ(sys_accept4(l, NULL, NULL, 0x1234), -EINVAL);
	CHECK_EQ(sys_accept(c, NULL, NULL), -EINVAL);
	/* An address that cannot be written costs the connection, and is told. */
	t_connect(t_socket(SOCK_STREAM | SOCK_NONBLOCK), LOOPBACK, PORT);
	CHECK_EQ(sys_accept(l, (void *)8, ulen), -EFAULT);
}

NET_TEST(timeouts_end_sleeps)
{
	struct abi_timeval tv = {2, 500000};
	int l = t_listen(0, PORT, 5), c, s;
	uint64_t start;
	char buf[4];

	t_pair(l, &c, &s);
	sys_setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, fake_user_dup(&tv, 16), 16);
	fd_get(c)->flags &= ~O_NONBLOCK;
	file_put(t_sock(c)->file);
	fake_on_sleep = deferred_run;
	start = fake_clock;
	CHECK_EQ(t_recv(c, buf, 4, 0), -EAGAIN);
	CHECK_EQ((fake_clock - start) / NSEC_PER_MSEC, 2500);
	CHECK_EQ(t_recv(c, buf, 4, MSG_DONTWAIT), -EAGAIN);
	fake_ending = true;
	CHECK_EQ(t_recv(c, buf, 4, 0), -EINTR); /* a timeout would begin anew */
	tv = (struct abi_timeval){0, 0};
	sys_setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, fake_user_dup(&tv, 16), 16);
	CHECK_EQ(t_recv(c, buf, 4, 0), -ERESTARTSYS);
	fake_ending = false;
	fake_on_sleep = NULL;
}

static int late_socket;

static void send_late(void)
{
	fake_on_sleep = NULL;
	t_send(late_socket, "123456", 6, 0);
}

NET_TEST(data_wakes_a_reader)
{
	int l = t_listen(0, PORT, 5), c, s;
	char buf[8];

	t_pair(l, &c, &s);
	fd_get(c)->flags &= ~O_NONBLOCK;
	file_put(t_sock(c)->file);
	late_socket = s;
	t_setopt(s, IPPROTO_TCP, TCP_NODELAY, 1);
	fake_on_sleep = send_late;
	CHECK_EQ(t_recv(c, buf, 8, 0), 6);
	t_send(s, "12", 2, 0);
	fake_on_sleep = send_late;
	CHECK_EQ(t_recv(c, buf, 8, MSG_WAITALL), 8);
	CHECK_MEM(buf, "12123456", 8);
	/* The end of the stream ends the wait for all of it, and the error comes after the data. */
	t_send(s, "ab", 2, 0);
	sys_shutdown(s, SHUT_WR);
	CHECK_EQ(t_recv(c, buf, 8, MSG_WAITALL), 2);
}

static uint8_t block[512 * 1024];

NET_TEST(full_buffers_stop_the_writer)
{
	int l = t_listen(0, PORT, 5), c, s;
	long n, total = 0, got = 0;

	t_pair(l, &c, &s);
	while ((n = t_send(c, block, 100000, 0)) > 0)
		total += n;
	CHECK_EQ(n, -EAGAIN);
	CHECK(total >= 2 * 256 * 1024 - 65536 && total <= 2 * 256 * 1024);
	CHECK_EQ(t_poll(c), 0);
	CHECK_EQ(t_send(c, block, 1, 0), -EAGAIN);
	while ((n = t_recv(s, block, sizeof(block), 0)) > 0) {
		got += n;
		pass(200 * NSEC_PER_MSEC);
	}
	CHECK_EQ(got, total);
	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM);
}

NET_TEST(send_buffer_option_is_honest)
{
	int l = t_listen(0, PORT, 5), c, s;
	long n, total = 0;

	t_pair(l, &c, &s);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_SNDBUF), 256 * 1024);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_RCVBUF), 256 * 1024);
	CHECK_EQ(t_setopt(c, SOL_SOCKET, SO_SNDBUF, 5000), 0);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_SNDBUF), 10000);
	CHECK_EQ(t_setopt(c, SOL_SOCKET, SO_SNDBUF, -1), 0);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_SNDBUF), 256 * 1024);
	t_setopt(c, SOL_SOCKET, SO_SNDBUF, 5000);
	while ((n = t_send(c, block, 100000, 0)) > 0)
		total += n;
	CHECK(total <= 256 * 1024 + 10000);
}

NET_TEST(bad_pointers_lose_nothing)
{
	int l = t_listen(0, PORT, 5), c, s;
	char *p = fake_user_alloc(16), buf[16];

	t_pair(l, &c, &s);
	t_setopt(c, IPPROTO_TCP, TCP_NODELAY, 1);
	t_send(c, "0123456789", 10, 0);
	t_send(c, "abcdef", 6, 0);
	CHECK_EQ(sys_recvfrom(s, (void *)64, 10, 0, NULL, NULL), -EFAULT);
	CHECK_EQ(sys_recvfrom(s, (void *)~0UL, 10, 0, NULL, NULL), -EFAULT);
	CHECK_EQ(sys_recvfrom(s, p + 12, 16, 0, NULL, NULL), -EFAULT);
	/* The first segment can be written, the second not. */
	CHECK_EQ(sys_recvfrom(s, p + 4, 16, 0, NULL, NULL), 10);
	CHECK_EQ(t_recv(s, buf, 16, 0), 6);
	CHECK_MEM(buf, "abcdef", 6);
	CHECK_EQ(sys_sendto(c, (void *)64, 10, 0, NULL, 0), -EFAULT);
	CHECK_EQ(sys_sendto(c, p + 8, 64, 0, NULL, 0), -EFAULT);
	CHECK_EQ(t_send(c, "fine", 4, 0), 4);
	CHECK_EQ(t_recv(s, buf, 16, 0), 4);
	CHECK_MEM(buf, "fine", 4);
	CHECK_EQ(sys_connect(c, (void *)64, 16), -EFAULT);
	CHECK_EQ(sys_connect(c, sin_user(LOOPBACK, 1), 7), -EINVAL);
	CHECK_EQ(sys_bind(c, sin_user(LOOPBACK, 1), 1), -EINVAL);
	CHECK_EQ(sys_getsockname(c, p, (void *)64), -EFAULT);
	CHECK_EQ(sys_setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, (void *)64, 4), -EFAULT);
	CHECK_EQ(sys_getsockopt(c, SOL_SOCKET, SO_KEEPALIVE, (void *)64, (void *)64), -EFAULT);
	CHECK_EQ(sys_sendmsg(c, (void *)64, 0), -EFAULT);
	CHECK_EQ(sys_recvmsg(c, (void *)64, 0), -EFAULT);
}

NET_TEST(wrong_arguments)
{
	int c = t_socket(SOCK_STREAM), u = t_socket(SOCK_DGRAM);
	char buf[4];

	CHECK_EQ(sys_socket(AF_INET6, SOCK_STREAM, 0), -EAFNOSUPPORT);
	CHECK_EQ(sys_socket(AF_INET, SOCK_RAW, 0), -ESOCKTNOSUPPORT);
	CHECK_EQ(sys_socket(AF_INET, 77, 0), -EINVAL);
	CHECK_EQ(sys_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
	CHECK(sys_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) >= 0);
	CHECK_EQ(t_send(c, "x", 1, 0), -EPIPE);
	CHECK_EQ(t_recv(c, buf, 4, 0), -ENOTCONN);
	CHECK_EQ(sys_shutdown(c, SHUT_RDWR), -ENOTCONN);
	CHECK_EQ(sys_listen(u, 1), -EOPNOTSUPP);
	CHECK_EQ(sys_accept(u, NULL, NULL), -EOPNOTSUPP);
	CHECK_EQ(t_send(u, "x", 1, 0), -EDESTADDRREQ);
	CHECK_EQ(sys_listen(999, 1), -EBADF);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, 9999), -ENOPROTOOPT);
	CHECK_EQ(t_getopt(c, 4711, 1), -ENOPROTOOPT);
	CHECK_EQ(t_getopt(u, IPPROTO_TCP, TCP_NODELAY), -ENOPROTOOPT);
	CHECK_EQ(t_setopt(c, IPPROTO_TCP, TCP_KEEPIDLE, 0), -EINVAL);
	CHECK_EQ(sys_setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, buf, 1), -EFAULT);
	CHECK_EQ(sys_setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, fake_user_alloc(1), 1), -EINVAL);
}

NET_TEST(options_are_kept)
{
	int l = t_listen(0, PORT, 5), c, s;

	CHECK_EQ(t_setopt(l, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	CHECK_EQ(t_setopt(l, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	t_pair(l, &c, &s);
	CHECK_EQ(t_getopt(c, IPPROTO_TCP, TCP_NODELAY), 0); /* Nagle's algorithm, as on Linux */
	CHECK_EQ(t_getopt(s, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQ(t_getopt(s, SOL_SOCKET, SO_KEEPALIVE), 1);
	CHECK(t_sock(s)->pcb->flags & TF_NODELAY);
	CHECK(ip_get_option(t_sock(s)->pcb, SOF_KEEPALIVE));
	CHECK_EQ(t_setopt(c, IPPROTO_TCP, TCP_KEEPIDLE, 10), 0);
	CHECK_EQ(t_setopt(c, IPPROTO_TCP, TCP_KEEPINTVL, 2), 0);
	CHECK_EQ(t_setopt(c, IPPROTO_TCP, TCP_KEEPCNT, 3), 0);
	CHECK_EQ(t_getopt(c, IPPROTO_TCP, TCP_KEEPIDLE), 10);
	CHECK_EQ(t_sock(c)->pcb->keep_idle, 10000);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_DOMAIN), AF_INET);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	CHECK_EQ(t_getopt(c, IPPROTO_TCP, TCP_MAXSEG), 16384);
	CHECK_EQ(t_setopt(c, IPPROTO_IP, 2, 7), 0);
	CHECK_EQ(t_getopt(c, IPPROTO_IP, 2), 7);
	CHECK_EQ(t_sock(c)->pcb->ttl, 7);
}

NET_TEST(ioctls)
{
	int l = t_listen(0, PORT, 5), c, s, *v = fake_user_alloc(4);
	struct file *f;

	t_pair(l, &c, &s);
	t_send(c, "12345", 5, 0);
	f = fd_get(s);
	CHECK_EQ(f->ops->ioctl(f, FIONREAD, (unsigned long)v), 0);
	CHECK_EQ(*(int *)fake_user_host(v), 5);
	*(int *)fake_user_host(v) = 0;
	CHECK_EQ(f->ops->ioctl(f, FIONBIO, (unsigned long)v), 0);
	CHECK(!(f->flags & O_NONBLOCK));
	*(int *)fake_user_host(v) = 1;
	CHECK_EQ(f->ops->ioctl(f, FIONBIO, (unsigned long)v), 0);
	CHECK(f->flags & O_NONBLOCK);
	CHECK_EQ(f->ops->ioctl(f, FIONBIO, 64), -EFAULT);
	CHECK_EQ(f->ops->ioctl(f, 0x1234, 0), -ENOTTY);
	file_put(f);
}

NET_TEST(vectors)
{
	int l = t_listen(0, PORT, 5), c, s;
	struct iovec iov[3];
	struct abi_msghdr m = {0}, *um;
	char *a = fake_user_dup("one ", 4), *b = fake_user_dup("two", 3), buf[16];

	t_pair(l, &c, &s);
	iov[0] = (struct iovec){a, 4};
	iov[1] = (struct iovec){NULL, 0};
	iov[2] = (struct iovec){b, 3};
	m.msg_iov = fake_user_dup(iov, sizeof(iov));
	m.msg_iovlen = 3;
	CHECK_EQ(sys_sendmsg(c, fake_user_dup(&m, sizeof(m)), MSG_NOSIGNAL), 7);
	um = fake_user_dup(&m, sizeof(m));
	CHECK_EQ(sys_recvmsg(s, um, 0), 7);
	CHECK_MEM(fake_user_host(a), "one ", 4);
	CHECK_EQ(((struct abi_msghdr *)fake_user_host(um))->msg_flags, 0);
	m.msg_iovlen = 5000;
	CHECK_EQ(sys_sendmsg(c, fake_user_dup(&m, sizeof(m)), 0), -EMSGSIZE);
	CHECK_EQ(t_recv(s, buf, 16, 0), -EAGAIN);
}

NET_TEST(small_writes_share_blocks_and_gather)
{
	int l = t_listen(0, PORT, 5), c, s;
	size_t before;
	char buf[4096];

	t_pair(l, &c, &s);
	t_setopt(c, IPPROTO_TCP, TCP_NODELAY, 1);
	before = heap_in_use();
	for (int i = 0; i < 3000; i++) {
		buf[0] = (char)i;
		CHECK_EQ(t_send(c, buf, 1, 0), 1);
	}
	/* A byte each in a segment of its own, yet not a buffer of its own each. */
	CHECK(heap_in_use() - before < 64 * 1024);
	CHECK_EQ(t_recv(s, buf, 4096, 0), 3000);
	for (int i = 0; i < 3000; i++)
		REQUIRE(buf[i] == (char)i);
}

NET_TEST(a_reader_that_keeps_up_is_not_waited_for)
{
	int l = t_listen(0, PORT, 5), c, s;
	uint64_t start = fake_clock;
	char buf[16];

	/* Small writes with Nagle's algorithm on: each goes when the one before was acknowledged. */
	t_pair(l, &c, &s);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(t_send(c, "small", 5, 0), 5);
		while (t_recv(s, buf, 16, 0) < 0)
			pass(NSEC_PER_MSEC);
	}
	CHECK(fake_clock - start <= 50 * NSEC_PER_MSEC); /* one delayed acknowledgement at most */
}

NET_TEST(more_to_come_waits_but_not_for_ever)
{
	int l = t_listen(0, PORT, 5), c, s;
	char buf[16];

	t_pair(l, &c, &s);
	t_send(c, "abc", 3, MSG_MORE);
	CHECK_EQ(t_recv(s, buf, 16, 0), -EAGAIN);
	t_send(c, "def", 3, 0);
	CHECK_EQ(t_recv(s, buf, 16, 0), 6);
	t_setopt(c, IPPROTO_TCP, TCP_CORK, 1);
	t_send(c, "abc", 3, 0);
	CHECK_EQ(t_recv(s, buf, 16, 0), -EAGAIN);
	t_setopt(c, IPPROTO_TCP, TCP_CORK, 0);
	CHECK_EQ(t_recv(s, buf, 16, 0), 3);
	t_send(c, "x", 1, MSG_MORE);
	pass(300 * NSEC_PER_MSEC);
	CHECK_EQ(t_recv(s, buf, 16, 0), 1);
}
