/* SPDX-License-Identifier: MIT */
/*
 * Frames written and read by hand, for the tests that are the machine at the other end of the wire.
 * Included by test programs only, each of which is one file.
 */
#ifndef TEST_NET_SEGMENT_H
#define TEST_NET_SEGMENT_H

#include "test_net_fixture.h"

#define US	0x0a00020fu /* 10.0.2.15 */
#define PEER	0x0a000202u /* 10.0.2.2 */
#define STRANGE 0x08080808u /* behind the gateway, which is PEER */
#define PORT	80

#define FIN 1
#define SYN 2
#define RST 4
#define PSH 8
#define ACK 16

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 2};

void test_setup(void)
{
	boot_net("ip=10.0.2.15/24 gw=10.0.2.2 dns=10.0.2.3");
}

/* ---- building frames ---- */

static inline void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* The plain way, to check net_checksum() against. */
static inline unsigned sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline unsigned pseudo_sum(const uint8_t *ip, size_t len)
{
	return sum_of(ip + 12, 8, (uint32_t)(ip[9] + len));
}

#define IP(f) ((f) + 14)
#define L4(f) ((f) + 34)

static inline size_t eth_ip(uint8_t *f, uint32_t src, uint32_t dst, uint8_t proto, size_t len)
{
	memcpy(f, our_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	put16(f + 12, 0x0800);
	memset(IP(f), 0, 20);
	IP(f)[0] = 0x45;
	put16(IP(f) + 2, (unsigned)(20 + len));
	IP(f)[8] = 64;
	IP(f)[9] = proto;
	put32(IP(f) + 12, src);
	put32(IP(f) + 16, dst);
	put16(IP(f) + 10, ~sum_of(IP(f), 20, 0) & 0xffff);
	return 34 + len;
}

struct segment {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t wnd;
	const void *data;
	size_t len;
	bool bad_sum, no_options;
};

static inline size_t tcp_frame(uint8_t *f, uint32_t src, const struct segment *s)
{
	uint8_t *t = L4(f);
	size_t opt = (s->flags & SYN) && !s->no_options ? 8 : 0, len = 20 + opt + s->len;

	eth_ip(f, src, US, 6, len);
	memset(t, 0, 20);
	put16(t, s->sport);
	put16(t + 2, s->dport);
	put32(t + 4, s->seq);
	put32(t + 8, s->ack);
	t[12] = (uint8_t)((20 + opt) / 4 << 4);
	t[13] = s->flags;
	put16(t + 14, s->wnd ? s->wnd : 65535);
	if (opt) {
		static const uint8_t options[8] = {2, 4, 0x05, 0xb4, 3, 3, 2, 0}; /* MSS, scale 2 */

		memcpy(t + 20, options, 8);
	}
	if (s->len)
		memcpy(t + 20 + opt, s->data, s->len);
	put16(t + 16, ~sum_of(t, len, pseudo_sum(IP(f), len)) & 0xffff);
	if (s->bad_sum)
		t[16] ^= 0x55;
	return 34 + len;
}

static inline void give(const struct segment *s)
{
	uint8_t f[FRAME_MAX];

	wire_give(f, tcp_frame(f, PEER, s));
}

/* The next segment the stack sent; its checksums are checked. NULL if none. */
static uint8_t *sent_frame;
static inline bool sent(struct segment *s)
{
	struct frame *fr = wire_next();
	uint8_t *f, *t;
	size_t len;

	if (!fr)
		return false;
	sent_frame = f = fr->bytes;
	CHECK_EQ(get16(f + 12), 0x0800);
	CHECK_EQ(sum_of(IP(f), 20, 0), 0xffff);
	CHECK_EQ(IP(f)[9], 6);
	len = get16(IP(f) + 2) - 20u;
	CHECK_EQ(len + 34, fr->len);
	t = L4(f);
	CHECK_EQ(sum_of(t, len, pseudo_sum(IP(f), len)), 0xffff);
	*s = (struct segment){.sport = (uint16_t)get16(t),
			      .dport = (uint16_t)get16(t + 2),
			      .seq = get32(t + 4),
			      .ack = get32(t + 8),
			      .flags = t[13],
			      .wnd = (uint16_t)get16(t + 14),
			      .data = t + (t[12] >> 4) * 4,
			      .len = len - (t[12] >> 4) * 4u};
	return true;
}

static inline void arp(unsigned op, uint32_t from, uint32_t about)
{
	uint8_t f[60] = {0};

	memcpy(f, op == 1 ? (const uint8_t[6]){255, 255, 255, 255, 255, 255} : our_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	put16(f + 12, 0x0806);
	put16(f + 14, 1);
	put16(f + 16, 0x0800);
	f[18] = 6;
	f[19] = 4;
	put16(f + 20, op);
	memcpy(f + 22, peer_mac, 6);
	put32(f + 28, from);
	if (op == 2)
		memcpy(f + 32, our_mac, 6);
	put32(f + 38, about);
	wire_give(f, sizeof(f));
}

/* The stack learns PEER's address. */
static inline void meet(void)
{
	arp(1, PEER, US);
	wire_forget();
}

/* ---- opening by the peer ---- */

struct peer {
	uint16_t port;
	uint32_t seq, ack; /* ours next, theirs next */
};

static inline int open_from(int l, struct peer *p)
{
	struct segment s;

	meet();
	give(&(struct segment){p->port, PORT, p->seq, .flags = SYN});
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, SYN | ACK);
	CHECK_EQ(s.ack, p->seq + 1);
	CHECK_EQ(get16(L4(sent_frame) + 22), 1460); /* the MSS option */
	p->seq++;
	p->ack = s.seq + 1;
	give(&(struct segment){p->port, PORT, p->seq, p->ack, .flags = ACK});
	CHECK(!sent(&s));
	return (int)sys_accept4(l, NULL, NULL, SOCK_NONBLOCK);
}

static inline void give_data(struct peer *p, uint32_t seq, const void *data, size_t len,
			     unsigned flags)
{
	give(&(struct segment){.sport = p->port,
			       .dport = PORT,
			       .seq = seq,
			       .ack = p->ack,
			       .flags = (uint8_t)(ACK | flags),
			       .data = data,
			       .len = len});
}

#endif
