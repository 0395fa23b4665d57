// SPDX-License-Identifier: MIT
/*
 * The stack on a wire: ARP, ICMP, UDP, fragments, checksums left to the device, malformed frames.
 */
#include "test_net_segment.h"

NET_TEST(arp_and_ping)
{
	uint8_t f[100], *i = L4(f);
	struct frame *r;

	arp(1, PEER, US);
	r = wire_next();
	REQUIRE(r);
	CHECK_EQ(get16(r->bytes + 12), 0x0806);
	CHECK_EQ(get16(r->bytes + 20), 2);
	CHECK_MEM(r->bytes + 22, our_mac, 6);
	CHECK_MEM(r->bytes, peer_mac, 6);
	arp(1, PEER, US + 1); /* not about us */
	CHECK(!wire_next());

	memset(i, 0x42, 64);
	i[0] = 8;
	i[1] = 0;
	put16(i + 2, 0);
	put16(i + 2, ~sum_of(i, 64, 0) & 0xffff);
	wire_give(f, eth_ip(f, PEER, US, 1, 64));
	r = wire_next();
	REQUIRE(r);
	CHECK_EQ(r->len, 98);
	CHECK_EQ(L4(r->bytes)[0], 0);
	CHECK_EQ(sum_of(L4(r->bytes), 64, 0), 0xffff);
	CHECK_MEM(L4(r->bytes) + 4, i + 4, 60);
	CHECK_EQ(get32(IP(r->bytes) + 16), PEER);
	i[2] ^= 1; /* a wrong checksum gets no answer */
	wire_give(f, eth_ip(f, PEER, US, 1, 64));
	CHECK(!wire_next());
}

static void udp(uint32_t src, uint16_t sport, uint16_t dport, const void *data, size_t n)
{
	uint8_t f[FRAME_MAX], *u = L4(f);

	put16(u, sport);
	put16(u + 2, dport);
	put16(u + 4, (unsigned)(8 + n));
	put16(u + 6, 0);
	memcpy(u + 8, data, n);
	eth_ip(f, src, US, 17, 8 + n);
	put16(u + 6, ~sum_of(u, 8 + n, pseudo_sum(IP(f), 8 + n)) & 0xffff);
	wire_give(f, 34 + 8 + n);
}

NET_TEST(datagrams_on_the_wire)
{
	int u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	struct frame *f;
	uint8_t icmp[100], *i = L4(icmp);
	char buf[8];

	meet();
	udp(PEER, 1111, 7777, "nobody", 6);
	f = wire_next();
	REQUIRE(f);
	CHECK_EQ(IP(f->bytes)[9], 1);
	CHECK_EQ(L4(f->bytes)[0], 3);
	CHECK_EQ(L4(f->bytes)[1], 3);
	CHECK_EQ(t_bind(u, US, 7777), 0);
	udp(PEER, 1111, 7777, "hi", 2);
	CHECK_EQ(t_recv(u, buf, 8, 0), 2);
	CHECK_EQ(t_connect(u, PEER, 1111), 0);
	CHECK_EQ(t_send(u, "hello", 5, 0), 5);
	f = wire_next();
	REQUIRE(f);
	CHECK_EQ(sum_of(L4(f->bytes), 13, pseudo_sum(IP(f->bytes), 13)), 0xffff);
	/* The answer: port unreachable, about that datagram; with a wrong checksum it is not believed. */
	memset(i, 0, 8);
	i[0] = i[1] = 3;
	memcpy(i + 8, IP(f->bytes), 28);
	put16(i + 2, ~sum_of(i, 36, 0) & 0xffff);
	i[3] ^= 1;
	wire_give(icmp, eth_ip(icmp, PEER, US, 1, 36));
	CHECK_EQ(t_recv(u, buf, 8, 0), -EAGAIN);
	i[3] ^= 1;
	wire_give(icmp, eth_ip(icmp, PEER, US, 1, 36));
	CHECK_EQ(t_recv(u, buf, 8, 0), -ECONNREFUSED);
	CHECK_EQ(t_recv(u, buf, 8, 0), -EAGAIN);
}

NET_TEST(broadcast_needs_permission)
{
	int u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	struct frame *f;

	CHECK_EQ(t_sendto(u, "x", 1, 0x0a0002ff, 9), -EACCES);
	CHECK_EQ(t_sendto(u, "x", 1, 0xffffffff, 9), -EACCES);
	CHECK_EQ(t_setopt(u, SOL_SOCKET, SO_BROADCAST, 1), 0);
	CHECK_EQ(t_sendto(u, "x", 1, 0xffffffff, 9), 1);
	f = wire_next();
	REQUIRE(f);
	CHECK_EQ(f->bytes[0], 255);
}

NET_TEST(fragments_of_a_datagram)
{
	int u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	static uint8_t data[4000], in[4000];
	uint8_t f[FRAME_MAX];
	struct frame *r;
	unsigned n = 0, at = 0;

	meet();
	t_bind(u, 0, 7000);
	CHECK_EQ(t_sendto(u, data, sizeof(data), PEER, 9), sizeof(data));
	while ((r = wire_next())) {
		CHECK(r->len <= 1514);
		n++;
	}
	CHECK_EQ(n, 3);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3);
	static uint8_t whole[4008];
	put16(whole, 9);
	put16(whole + 2, 7000);
	put16(whole + 4, 4008);
	put16(whole + 6, 0); /* no checksum: allowed */
	memcpy(whole + 8, data, 4000);
	while (at < sizeof(whole)) {
		unsigned len = (unsigned)min(sizeof(whole) - at, 1480UL);

		eth_ip(f, PEER, US, 17, len);
		put16(IP(f) + 6, at / 8 | (at + len < sizeof(whole) ? 0x2000 : 0));
		put16(IP(f) + 10, 0);
		put16(IP(f) + 10, ~sum_of(IP(f), 20, 0) & 0xffff);
		memcpy(L4(f), whole + at, len);
		wire_give(f, 34 + len);
		at += len;
	}
	CHECK_EQ(t_recv(u, in, sizeof(in), 0), 4000);
	CHECK_MEM(in, data, 4000);
	CHECK_EQ(wire_rx_live, 0);
	/* The device's word for a fragment's checksum does not count for the datagram. */
	put16(whole + 6, 1);
	for (at = 0; at < sizeof(whole); at += 1480) {
		unsigned len = (unsigned)min(sizeof(whole) - at, 1480UL);

		eth_ip(f, PEER, US, 17, len);
		put16(IP(f) + 6, at / 8 | (at + len < sizeof(whole) ? 0x2000 : 0));
		put16(IP(f) + 10, 0);
		put16(IP(f) + 10, ~sum_of(IP(f), 20, 0) & 0xffff);
		memcpy(L4(f), whole + at, len);
		wire_give_pieces(f, 34 + len, 0, true);
	}
	CHECK_EQ(t_recv(u, in, sizeof(in), 0), -EAGAIN);
	/* One that never becomes whole is given up. */
	eth_ip(f, PEER, US, 17, 1480);
	put16(IP(f) + 6, 0x2000);
	put16(IP(f) + 10, 0);
	put16(IP(f) + 10, ~sum_of(IP(f), 20, 0) & 0xffff);
	wire_give(f, 1514);
	CHECK_EQ(wire_rx_live, 1);
	pass(20 * NSEC_PER_SEC);
	CHECK_EQ(wire_rx_live, 0);
}

NET_TEST(checksums_by_the_device)
{
	int l = t_listen(0, PORT, 5), c, u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	struct peer p = {40011, 1000, 0};
	uint8_t f[FRAME_MAX];
	struct segment d = {p.port, PORT, 0, 0, ACK, 0, "trust me", 8, .bad_sum = true};
	size_t len;
	char buf[16];

	c = open_from(l, &p);
	d.seq = p.seq;
	d.ack = p.ack;
	len = tcp_frame(f, PEER, &d);
	wire_give_pieces(f, len, 0, false);
	CHECK_EQ(t_recv(c, buf, 16, 0), -EAGAIN);
	wire_give_pieces(f, len, 0, true);
	CHECK_EQ(t_recv(c, buf, 16, 0), 8);
	/* The word counts for its frame only. */
	d.seq += 8;
	len = tcp_frame(f, PEER, &d);
	wire_give_pieces(f, len, 0, false);
	CHECK_EQ(t_recv(c, buf, 16, 0), -EAGAIN);
	CHECK_EQ(t_sendto(u, "sum", 3, PEER, 9), 3);
}

NET_TEST(frames_in_pieces)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40012, 1000, 0};
	uint8_t f[FRAME_MAX], data[1000], in[1000];
	struct segment d = {p.port, PORT, 0, 0, ACK, 0, data, .len = sizeof(data)};

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	c = open_from(l, &p);
	d.seq = p.seq;
	d.ack = p.ack;
	wire_give_pieces(f, tcp_frame(f, PEER, &d), 100, false);
	CHECK_EQ(t_recv(c, in, 1000, 0), 1000);
	CHECK_MEM(in, data, 1000);
	CHECK_EQ(wire_rx_live, 0);
}

/* Deterministic noise. */
static uint32_t noise(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

NET_TEST(malformed_frames_do_no_harm)
{
	int l = t_listen(0, PORT, 5), u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), c;
	struct peer p = {40013, 1000, 0};
	uint8_t f[FRAME_MAX];
	static char buf[70000];
	size_t before = heap_in_use(), len;

	t_bind(u, 0, 7000);
	c = open_from(l, &p);
	for (unsigned i = 0; i < 20000; i++) {
		struct segment s = {
			p.port,	      PORT,	p.seq + (noise() % 4 ? 0 : noise() % 3000),
			p.ack,	      ACK,	0,
			"0123456789", .len = 10};

		s.flags |= noise() % 8 ? 0 : noise() & 0x3b; /* no RST */
		len = tcp_frame(f, PEER, &s);
		if (noise() % 4 == 0)
			len = eth_ip(f, PEER, US, noise() % 2 ? 1 : 17, noise() % 200);
		for (unsigned k = noise() % 4; k; k--)
			f[12 + noise() % (len - 12)] = (uint8_t)noise();
		if (noise() % 8 == 0)
			len = noise() % len;
		/* All checksums pass, so that what lies behind them is reached. */
		if (len >= 34) {
			unsigned hl = (IP(f)[0] & 15) * 4u;

			put16(IP(f) + 10, 0);
			if (14 + hl <= len)
				put16(IP(f) + 10, ~sum_of(IP(f), hl, 0) & 0xffff);
		}
		wire_give_pieces(f, len, noise() % 3 ? 0 : 60 + noise() % 100, true);
		if (noise() % 16 == 0)
			t_recv(c, buf, 100, 0);
		if (noise() % 64 == 0)
			pass(NSEC_PER_MSEC * (noise() % 100));
		while (t_recv(u, buf, 100, 0) > 0)
			;
		wire_forget();
	}
	fd_close_all();
	pass(300 * NSEC_PER_SEC);
	wire_forget();
	CHECK_EQ(wire_rx_live, 0);
	CHECK(heap_in_use() < before + 20000);
	/* And it still serves. */
	meet();
	p = (struct peer){40014, 1000, 0};
	l = t_listen(0, PORT, 5);
	CHECK(open_from(l, &p) >= 0);
}

NET_TEST(foreign_loopback_addresses_are_dropped)
{
	int u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	char buf[4];

	meet();
	t_bind(u, 0, 7000);
	udp(0x7f000001, 1, 7000, "x", 1);
	CHECK_EQ(t_recv(u, buf, 4, 0), -EAGAIN);
	udp(PEER, 1, 7000, "x", 1);
	CHECK_EQ(t_recv(u, buf, 4, 0), 1);
}

NET_TEST(own_address_goes_through_loopback)
{
	int l = t_listen(US, PORT, 5), c = t_socket(SOCK_STREAM | SOCK_NONBLOCK), s;
	int a = t_socket(SOCK_DGRAM | SOCK_NONBLOCK), b = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	char buf[8];

	wire_forget();
	CHECK_EQ(t_connect(c, US, PORT), -EINPROGRESS);
	s = (int)sys_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	REQUIRE(s >= 0);
	CHECK_EQ(t_sock(s)->peer.ip.addr, PP_HTONL(US));
	CHECK_EQ(t_send(c, "self", 4, 0), 4);
	CHECK_EQ(t_recv(s, buf, 8, 0), 4);
	CHECK_EQ(t_connect(t_socket(SOCK_STREAM), LOOPBACK, PORT) == 0, false);
	CHECK_EQ(t_bind(b, US, 7000), 0);
	CHECK_EQ(t_sendto(a, "self", 4, US, 7000), 4);
	CHECK_EQ(t_recv(b, buf, 8, 0), 4);
	CHECK_EQ(t_sendto(b, "back", 4, US, t_port(a)), 4);
	CHECK_EQ(t_recv(a, buf, 8, 0), 4);
	CHECK(!wire_next());
}

NET_TEST(checksum_function)
{
	uint8_t b[300];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)noise();
	for (unsigned at = 0; at < 9; at++)
		for (unsigned n = 0; n < 280; n++)
			CHECK_EQ(lwip_htons(net_checksum(b + at, (int)n)), sum_of(b + at, n, 0));
	memset(b, 0xff, sizeof(b));
	CHECK_EQ(net_checksum(b, 300), 0xffff);
}
