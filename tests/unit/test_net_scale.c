// SPDX-License-Identifier: MIT
/* Datagrams over loopback; then many connections, nothing left behind, no memory. */
#include "test_net_fixture.h"

#include "lwip/priv/tcp_priv.h"

void test_setup(void)
{
	boot_net("ip=none");
}

#define PORT 8080

static uint8_t block[512 * 1024];

/* ---- datagrams ---- */

NET_TEST(datagrams)
{
	int a = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), b = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	unsigned len = 16, *ulen = fake_user_dup(&len, 4);
	struct abi_sockaddr_in *sin = fake_user_alloc(16);
	char buf[64], *ubuf = fake_user_alloc(64);

	CHECK_EQ(t_poll(a), POLLOUT | POLLWRNORM | POLLWRBAND);
	CHECK_EQ(t_bind(b, LOOPBACK, 5353), 0);
	CHECK_EQ(t_bind(a, 0, 5353), -EADDRINUSE);
	CHECK_EQ(t_recv(b, buf, 64, 0), -EAGAIN);
	CHECK_EQ(t_sendto(a, "question", 8, LOOPBACK, 5353), 8);
	CHECK_EQ(t_poll(b), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLWRBAND);
	CHECK_EQ(t_recv(b, buf, 4, MSG_PEEK), 4);
	CHECK_EQ(t_recv(b, buf, 4, MSG_PEEK | MSG_TRUNC), 8);
	CHECK_EQ(sys_recvfrom(b, ubuf, 64, 0, sin, ulen), 8);
	CHECK_MEM(fake_user_host(ubuf), "question", 8);
	CHECK_EQ(lwip_ntohs(((struct abi_sockaddr_in *)fake_user_host(sin))->sin_port), t_port(a));
	/* Empty ones count, too. */
	CHECK_EQ(t_sendto(a, "", 0, LOOPBACK, 5353), 0);
	CHECK_EQ(t_sendto(a, "two", 3, LOOPBACK, 5353), 3);
	CHECK_EQ(t_recv(b, buf, 64, 0), 0);
	CHECK_EQ(t_recv(b, buf, 64, 0), 3);
	CHECK_EQ(t_recv(b, buf, 64, 0), -EAGAIN);
}

NET_TEST(large_datagrams)
{
	int a = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), b = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	static uint8_t out[65507], in[65507];

	fill_pattern(out, sizeof(out), 3);
	t_bind(b, 0, 5353);
	for (size_t n = 1; n <= sizeof(out);
	     n = n * 3 > sizeof(out) && n < sizeof(out) ? sizeof(out) : n * 3) {
		CHECK_EQ(t_sendto(a, out, n, LOOPBACK, 5353), n);
		CHECK_EQ(t_recv(b, in, sizeof(in), 0), n);
		CHECK_MEM(in, out, n);
	}
	CHECK_EQ(sys_sendto(a, fake_user_alloc(65508), 65508, 0, sin_user(LOOPBACK, 5353), 16),
		 -EMSGSIZE);
}

NET_TEST(connected_datagrams)
{
	int a = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), b = t_socket(SOCK_DGRAM | SOCK_NONBLOCK),
	    c = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	unsigned short family = AF_UNSPEC;
	char buf[8];

	t_bind(b, LOOPBACK, 5353);
	CHECK_EQ(t_connect(a, LOOPBACK, 5353), 0);
	CHECK_EQ(t_send(a, "x", 1, 0), 1);
	CHECK_EQ(t_recv(b, buf, 8, 0), 1);
	CHECK_EQ(t_sendto(b, "yes", 3, LOOPBACK, t_port(a)), 3);
	CHECK_EQ(t_sendto(c, "no", 2, LOOPBACK, t_port(a)),
		 2); /* not from whom it is connected to */
	CHECK_EQ(t_recv(a, buf, 8, 0), 3);
	CHECK_EQ(t_recv(a, buf, 8, 0), -EAGAIN);
	/* Nobody there: told by ICMP, at the next call. */
	fd_close(b);
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(t_send(a, "x", 1, 0), 1);
	CHECK_EQ(t_poll(a), POLLERR | POLLOUT | POLLWRNORM | POLLWRBAND);
	CHECK_EQ(t_recv(a, buf, 8, 0), -ECONNREFUSED);
	CHECK_EQ(t_send(a, "x", 1, 0), 1);
	CHECK_EQ(t_send(a, "x", 1, 0), -ECONNREFUSED);
	CHECK_EQ(sys_connect(a, fake_user_dup(&family, 2), 2), 0);
	CHECK_EQ(t_send(a, "x", 1, 0), -EDESTADDRREQ);
}

NET_TEST(datagram_queue_is_bounded)
{
	int a = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), b = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	size_t before = heap_in_use();
	long n = 0;

	t_bind(b, LOOPBACK, 5353);
	for (int i = 0; i < 2000; i++)
		t_sendto(a, block, 1000, LOOPBACK, 5353);
	CHECK(heap_in_use() - before < 400 * 1024);
	while (t_recv(b, block, 1000, 0) > 0)
		n++;
	CHECK_EQ(n, 212992 / 1256);
	CHECK_EQ(t_setopt(b, SOL_SOCKET, SO_RCVBUF, 3000), 0);
	CHECK_EQ(t_getopt(b, SOL_SOCKET, SO_RCVBUF), 6000);
	for (int i = 0; i < 20; i++)
		t_sendto(a, block, 1000, LOOPBACK, 5353);
	for (n = 0; t_recv(b, block, 1000, 0) > 0;)
		n++;
	CHECK_EQ(n, 4);
}

/* ---- scale ---- */

static struct tcp_pcb *stranger[10000];

static void strangers(unsigned from, unsigned to, enum tcp_state state)
{
	for (unsigned i = from; i < to; i++) {
		struct tcp_pcb *p = tcp_new();

		p->local_ip.addr = PP_HTONL(LOOPBACK);
		p->remote_ip.addr = lwip_htonl(0x0a000000 + i / 100);
		p->local_port = PORT;
		p->remote_port = (u16_t)(1024 + i % 100);
		p->state = state;
		net_tcp_register(p);
		stranger[i] = p;
	}
}

/* Steps of all lookups while 100 bytes go there and back. */
static uint64_t steps_of_100(int c, int s)
{
	uint64_t start = net_pcb_steps;
	char b;

	for (int i = 0; i < 100; i++) {
		CHECK_EQ(t_send(c, "p", 1, 0), 1);
		CHECK_EQ(t_recv(s, &b, 1, 0), 1);
		CHECK_EQ(t_send(s, "p", 1, 0), 1);
		CHECK_EQ(t_recv(c, &b, 1, 0), 1);
	}
	return net_pcb_steps - start;
}

NET_TEST(lookup_does_not_grow_with_connections)
{
	int l = t_listen(0, PORT, 5), c, s;
	uint64_t few, many;
	struct tcp_pcb *p;
	unsigned before;

	t_pair(l, &c, &s);
	few = 400; /* one for each segment */
	before = net_pcb_count();
	net_lock();
	strangers(0, 1000, ESTABLISHED);
	net_unlock();
	CHECK(steps_of_100(c, s) <= 4 * few);
	net_lock();
	net_pcb_time_wait_max = 8192;
	strangers(1000, 4000, TIME_WAIT);
	strangers(4000, 10000, ESTABLISHED);
	net_unlock();
	many = steps_of_100(c, s);
	printf("# steps for 400 segments among 10000: %llu\n", (unsigned long long)many);
	CHECK(many <= 4 * few);
	/* And a new one among them is found as well. */
	fd_close(c);
	fd_close(s);
	t_pair(l, &c, &s);
	CHECK(steps_of_100(c, s) <= 4 * few);
	net_lock();
	/* From the middle, both ends, as lwIP does it. */
	for (unsigned i = 0; i < 10000; i++) {
		p = stranger[(i * 7919) % 10000];
		if (p->state == TIME_WAIT)
			tcp_abort(p);
		else
			tcp_abandon(p, 0);
	}
	net_unlock();
	CHECK(net_pcb_count() <= before + 2);
	CHECK(steps_of_100(c, s) <= 4 * few);
}

NET_TEST(time_wait_is_bounded)
{
	unsigned max = net_pcb_time_wait_max;
	int l = t_listen(0, PORT, 5), c, s;
	size_t full;

	net_pcb_time_wait_max = 100;
	for (int i = 0; i < 150; i++) {
		t_pair(l, &c, &s);
		fd_close(s);
		fd_close(c);
		CHECK(net_pcb_time_wait() <= 100);
	}
	CHECK_EQ(net_pcb_time_wait(), 100);
	full = heap_in_use();
	for (int i = 0; i < 300; i++) {
		t_pair(l, &c, &s);
		fd_close(s);
		fd_close(c);
	}
	CHECK(heap_in_use() <= full + 4096);
	CHECK_EQ(net_pcb_time_wait(), 100);
	pass(70 * NSEC_PER_SEC);
	CHECK_EQ(net_pcb_time_wait(), 0);
	net_pcb_time_wait_max = max;
}

NET_TEST(everything_closed_leaves_nothing)
{
	int l, c, s;
	size_t before;

	pass(120 * NSEC_PER_SEC);
	before = heap_in_use();
	l = t_listen(0, PORT, 5);
	for (int i = 0; i < 50; i++) {
		t_pair(l, &c, &s);
		t_send(c, block, 100000, 0);
		t_recv(s, block, i * 1000, 0);
		fd_close(i % 2 ? c : s);
		fd_close(i % 2 ? s : c);
	}
	fd_close(l);
	pass(120 * NSEC_PER_SEC);
	CHECK_EQ(net_pcb_count(), 0);
	CHECK_EQ(heap_in_use(), before);
}

NET_TEST(idle_means_no_timer)
{
	int l = t_listen(0, PORT, 5), c, s;
	uint64_t ticks = 0;

	pass(120 * NSEC_PER_SEC);
	CHECK_EQ(net_pcb_count(), 0);
	CHECK(!deferred_pending());
	fake_clock_advance(600 * NSEC_PER_SEC);
	CHECK(!deferred_pending());
	/* Quiet open connections: once a second. */
	t_pair(l, &c, &s);
	pass(2 * NSEC_PER_SEC);
	for (int i = 0; i < 1000; i++) {
		fake_clock_advance(10 * NSEC_PER_MSEC);
		ticks += deferred_pending();
		deferred_run();
	}
	CHECK(ticks <= 11);
	clock_saved = fake_clock;
}

/* ---- memory ---- */

static void scenario(void)
{
	int l = t_socket(SOCK_STREAM | SOCK_NONBLOCK), c = t_socket(SOCK_STREAM | SOCK_NONBLOCK),
	    u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), s;

	if (l >= 0 && c >= 0 && !t_bind(l, 0, PORT + 1) && !sys_listen(l, 5)) {
		t_connect(c, LOOPBACK, PORT + 1);
		s = (int)sys_accept4(l, NULL, NULL, SOCK_NONBLOCK);
		t_send(c, block, 20000, 0);
		if (s >= 0) {
			t_recv(s, block, 7, 0);
			t_send(s, "answer", 6, 0);
			t_recv(s, block, 9, MSG_PEEK);
			t_recv(s, block, 20000, 0);
		}
		t_recv(c, block, 5, 0);
	}
	if (u >= 0 && !t_bind(u, LOOPBACK, 5353)) {
		t_sendto(u, "x", 1, LOOPBACK, 5353);
		t_recv(u, block, 8, 0);
	}
	fd_close_all();
}

NET_TEST(no_memory_at_any_point)
{
	size_t before;

	pass(300 * NSEC_PER_SEC);
	scenario();
	pass(300 * NSEC_PER_SEC);
	before = heap_in_use();
	for (unsigned n = 1; n < 90; n++) {
		fake_kmalloc_fail = n;
		scenario();
		fake_kmalloc_fail = 0;
		pass(300 * NSEC_PER_SEC);
		CHECK_EQ(net_pcb_count(), 0);
		CHECK_EQ(heap_in_use(), before);
	}
}
