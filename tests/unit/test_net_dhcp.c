// SPDX-License-Identifier: MIT
/*
 * DHCP, with the test as server, on a device that makes checksums: how soon there is an address, who
 * waits for it, and that every checksum left to the device comes out right.
 */
#include "test_net_fixture.h"

#include "lwip/dhcp.h"

#define SERVER 0x0a000202u
#define US     0x0a00020fu

static const uint8_t server_mac[6] = {2, 0, 0, 0, 0, 2};
static uint64_t booted;

void test_setup(void)
{
	wire.features = NETDEV_TX_CSUM;
	boot_net("");
	booted = fake_clock;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static unsigned sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The value of option `code` of a DHCP message in a frame. */
static const uint8_t *option(const struct frame *f, uint8_t code)
{
	const uint8_t *p = f->bytes + 42 + 240, *end = f->bytes + f->len;

	while (p + 2 < end && *p != 255)
		if (!*p)
			p++;
		else if (*p == code)
			return p + 2;
		else
			p += 2 + p[1];
	return NULL;
}

/* The next DHCP message the stack sent, of this type. */
static struct frame *request(uint8_t type)
{
	struct frame *f;

	while ((f = wire_next())) {
		const uint8_t *ip = f->bytes + 14, *udp = f->bytes + 34;
		size_t len = f->len - 34;

		if (get16(f->bytes + 12) != 0x0800 || ip[9] != 17 || get16(udp + 2) != 67)
			continue;
		CHECK_EQ(sum_of(ip, 20, 0), 0xffff);
		CHECK_EQ(sum_of(udp, len, sum_of(ip + 12, 8, (uint32_t)(17 + len))), 0xffff);
		if (option(f, 53) && *option(f, 53) == type)
			return f;
	}
	return NULL;
}

static void answer(const struct frame *q, uint8_t type)
{
	static const uint8_t options[] = {99, 130, 83, 99, 53,	 1,    0, 54, 4,   10,	0,   2,	 2,
					  51, 4,   0,  1,  0x51, 0x80, 1, 4,  255, 255, 255, 0,	 3,
					  4,  10,  0,  2,  2,	 6,    4, 10, 0,   2,	3,   255};
	uint8_t f[342] = {0}, *ip = f + 14, *udp = f + 34, *m = f + 42;

	memset(f, 255, 6);
	memcpy(f + 6, server_mac, 6);
	put16(f + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, sizeof(f) - 14);
	ip[8] = 64;
	ip[9] = 17;
	put32(ip + 12, SERVER);
	put32(ip + 16, 0xffffffff);
	put16(ip + 10, ~sum_of(ip, 20, 0) & 0xffff);
	put16(udp, 67);
	put16(udp + 2, 68);
	put16(udp + 4, sizeof(f) - 34);
	m[0] = 2;
	m[1] = 1;
	m[2] = 6;
	memcpy(m + 4, q->bytes + 42 + 4, 4);
	put32(m + 16, US);
	memcpy(m + 28, wire.mac, 6);
	memcpy(m + 236, options, sizeof(options));
	m[236 + 6] = type;
	wire_give(f, sizeof(f));
}

TEST(sends_that_cannot_wait_fail_before_there_is_an_address)
{
	int u, c;

	fake_clock = clock_saved;
	u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	c = t_socket(SOCK_STREAM | SOCK_NONBLOCK);
	CHECK_EQ(t_sendto(u, "x", 1, SERVER, 9), -ENETUNREACH);
	CHECK_EQ(t_connect(c, SERVER, 80), -ENETUNREACH);
	fd_close_all();
}

static int waiter;

static void server(void)
{
	struct frame *q = request(1);

	REQUIRE(q);
	CHECK(option(q, 55) && memchr(option(q, 55), 6, option(q, 55)[-1])); /* name servers, too */
	answer(q, 2);
	q = request(3);
	REQUIRE(q);
	CHECK_MEM(option(q, 50), ((uint8_t[]){10, 0, 2, 15}), 4);
	answer(q, 5);
	fake_on_sleep = NULL;
}

TEST(an_app_that_waits_goes_on_with_the_address)
{
	struct netif *n = netif_default;

	/* The question was asked at boot; the answer comes while the app's first send waits. */
	fake_clock = clock_saved;
	waiter = t_socket(SOCK_DGRAM);
	fake_on_sleep = server;
	CHECK_EQ(t_sendto(waiter, "x", 1, SERVER, 9), 1);
	fake_on_sleep = NULL;
	CHECK_EQ(netif_ip4_addr(n)->addr, lwip_htonl(US));
	CHECK_EQ(netif_ip4_gw(n)->addr, lwip_htonl(SERVER));
	/* No second of probing for a conflict: all in the time of the two answers. */
	CHECK(fake_clock - booted < 10 * NSEC_PER_MSEC);
	CHECK_STR(fake_log_last, "net: address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
	fd_close_all();
}

NET_TEST(lease_is_renewed_halfway)
{
	uint64_t start = fake_clock;
	struct frame *q;

	wire_forget();
	while (!(q = request(3)) && fake_clock - start < 86400 * NSEC_PER_SEC) {
		fake_clock_advance(10 * NSEC_PER_SEC);
		deferred_run();
		if (wire_tail != wire_head &&
		    get16(wire_sent[wire_head % FRAMES].bytes + 12) == 0x806) {
			uint8_t f[60] = {0};

			memcpy(f, wire.mac, 6);
			memcpy(f + 6, server_mac, 6);
			memcpy(f + 12, (const uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 10);
			memcpy(f + 22, server_mac, 6);
			put32(f + 28, SERVER);
			memcpy(f + 32, wire.mac, 6);
			put32(f + 38, US);
			wire_give(f, sizeof(f));
		}
	}
	REQUIRE(q);
	CHECK((fake_clock - start) / NSEC_PER_SEC / 3600 == 12 ||
	      (fake_clock - start) / NSEC_PER_SEC / 3600 == 11);
	answer(q, 5);
	CHECK_EQ(netif_ip4_addr(netif_default)->addr, lwip_htonl(US));
}

NET_TEST(fragments_get_their_checksum_here)
{
	static uint8_t data[3000], whole[3008];
	int u = t_socket(SOCK_DGRAM | SOCK_NONBLOCK);
	unsigned made, n = 0;
	struct frame *f;

	memset(data, 0x5a, sizeof(data));
	made = wire_checksums;
	CHECK_EQ(t_sendto(u, data, sizeof(data), SERVER, 9), sizeof(data));
	CHECK_EQ(wire_checksums, made);
	while ((f = wire_next())) {
		if (get16(f->bytes + 12) != 0x0800)
			continue;
		memcpy(whole + (get16(f->bytes + 20) & 0x1fff) * 8, f->bytes + 34, f->len - 34);
		n++;
	}
	CHECK_EQ(n, 3);
	CHECK_EQ(sum_of(whole, 3008,
			(uint32_t)(17 + 3008) + (US >> 16) + (US & 0xffff) + (SERVER >> 16) +
				(SERVER & 0xffff)),
		 0xffff);
	CHECK_EQ(t_sendto(u, data, 100, SERVER, 9), 100);
	CHECK_EQ(wire_checksums, made + 1);
}
