// SPDX-License-Identifier: MIT
/*
 * TCP on a wire: lost, late, repeated, wrong and forged segments, TIME_WAIT, rings that are full,
 * buffers that are held.
 */
#include <core/page.h>
#include "../../net/txblock.h"
#include "test_net_segment.h"

NET_TEST(connection_from_outside)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40000, 1000, 0};
	struct segment s;
	unsigned kicks;
	char buf[16];

	c = open_from(l, &p);
	REQUIRE(c >= 0);
	give_data(&p, p.seq, "GET /", 5, PSH);
	CHECK_EQ(t_recv(c, buf, 16, 0), 5);
	p.seq += 5;
	kicks = wire_kicks;
	CHECK_EQ(t_send(c, "200 OK", 6, 0), 6);
	CHECK_EQ(wire_kicks, kicks + 1);
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, ACK | PSH);
	CHECK_EQ(s.ack, p.seq); /* no acknowledgement of its own was sent */
	CHECK_EQ(s.len, 6);
	CHECK_MEM(s.data, "200 OK", 6);
	CHECK(!sent(&s));
	p.ack += 6;
	give_data(&p, p.seq, NULL, 0, FIN);
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p.seq + 1);
	CHECK_EQ(t_recv(c, buf, 16, 0), 0);
	fd_close(c);
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, FIN | ACK);
	give(&(struct segment){p.port, PORT, p.seq + 1, s.seq + 1, .flags = ACK});
	CHECK_EQ(wire_rx_live, 0);
}

NET_TEST(delayed_acknowledgement_comes_within_40_ms)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40001, 1000, 0};
	struct segment s;

	c = open_from(l, &p);
	CHECK(c >= 0);
	pass(200 * NSEC_PER_MSEC);
	give_data(&p, p.seq, "x", 1, PSH);
	CHECK(!sent(&s));
	pass(50 * NSEC_PER_MSEC);
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p.seq + 1);
	/* And at the latest with the second segment. */
	give_data(&p, p.seq + 1, "x", 1, PSH);
	give_data(&p, p.seq + 2, "x", 1, PSH);
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p.seq + 3);
}

NET_TEST(out_of_order_and_repeated_segments)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40002, 0xfffffff0u, 0}; /* the numbers wrap */
	struct segment s;
	char buf[64];

	c = open_from(l, &p);
	give_data(&p, p.seq + 10, "KLMNO", 5, 0);
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p.seq);
	give_data(&p, p.seq + 5, "FGHIJ", 5, 0);
	CHECK_EQ(t_recv(c, buf, 64, 0), -EAGAIN);
	give_data(&p, p.seq, "ABCDE", 5, 0);
	CHECK_EQ(t_recv(c, buf, 64, 0), 15);
	CHECK_MEM(buf, "ABCDEFGHIJKLMNO", 15);
	wire_forget();
	give_data(&p, p.seq, "ABCDE", 5, 0); /* again: old */
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p.seq + 15);
	give_data(&p, p.seq + 10, "KLMNOPQR", 8, 0); /* overlapping */
	CHECK_EQ(t_recv(c, buf, 64, 0), 3);
	CHECK_MEM(buf, "PQR", 3);
	give(&(struct segment){p.port, PORT, p.seq + 18, p.ack, ACK, 0, "bad", 3, .bad_sum = true});
	CHECK_EQ(t_recv(c, buf, 64, 0), -EAGAIN);
	CHECK_EQ(wire_rx_live, 0);
}

NET_TEST(a_handshake_after_idleness_has_its_time)
{
	int l = t_listen(0, PORT, 5);
	struct peer p = {40015, 1000, 0};
	struct segment s;

	pass(1000 * NSEC_PER_SEC); /* the other tests' connections have given up */
	CHECK_EQ(net_pcb_count(), 0);
	fake_clock += 500 * NSEC_PER_SEC; /* and TCP's clock stood still */
	meet();
	give(&(struct segment){p.port, PORT, p.seq, .flags = SYN});
	REQUIRE(sent(&s));
	pass(500 * NSEC_PER_MSEC);
	CHECK_EQ(t_sock(l)->embryos, 1);
	give(&(struct segment){p.port, PORT, p.seq + 1, s.seq + 1, .flags = ACK});
	CHECK(sys_accept(l, NULL, NULL) >= 0);
}

NET_TEST(lost_segments_are_sent_again)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40003, 1000, 0};
	struct segment s;
	uint64_t start;

	c = open_from(l, &p);
	t_send(c, "lost", 4, 0);
	REQUIRE(sent(&s));
	start = fake_clock;
	while (!sent(&s) && fake_clock - start < 10 * NSEC_PER_SEC)
		pass(10 * NSEC_PER_MSEC);
	CHECK_MEM(s.data, "lost", 4);
	CHECK((fake_clock - start) / NSEC_PER_MSEC <= 1300);
	CHECK((fake_clock - start) / NSEC_PER_MSEC >= 200);
	give_data(&p, p.seq, NULL, 0, 0);
	p.ack += 4;
	give_data(&p, p.seq, NULL, 0, 0);
	CHECK(!t_sock(c)->tx_first);
}

NET_TEST(a_frame_on_the_ring_keeps_its_bytes)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40004, 1000, 0};
	struct segment s;
	size_t before;

	c = open_from(l, &p);
	before = heap_in_use();
	wire_hold = true; /* the device is slow: acknowledged before it says it is done */
	t_send(c, "payload", 7, 0);
	REQUIRE(sent(&s));
	p.ack += 7;
	give_data(&p, p.seq, NULL, 0, 0);
	CHECK(!t_sock(c)->tx_first);
	fd_close(c);
	fd_close(l);
	CHECK(heap_in_use() > before - 2000); /* the block lives */
	wire_hold = false;
	pass(20 * NSEC_PER_MSEC);
	netdev_interrupt(&wire);
	deferred_run();
	CHECK_EQ(wire_holds, 0);
}

NET_TEST(full_ring_delays_and_loses_nothing)
{
	static uint8_t data[30000];
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40005, 1000, 0};
	struct segment s;
	size_t got = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13);
	c = open_from(l, &p);
	wire_full = 2;
	CHECK_EQ(t_send(c, data, sizeof(data), 0), sizeof(data));
	for (int i = 0; got < sizeof(data) && i < 400; i++) {
		while (sent(&s)) {
			if (s.seq != p.ack)
				continue;
			CHECK(s.len <= 1460);
			CHECK_MEM(s.data, data + got, s.len);
			got += s.len;
			p.ack += (uint32_t)s.len;
		}
		give_data(&p, p.seq, NULL, 0, 0);
		pass(10 * NSEC_PER_MSEC);
	}
	CHECK_EQ(got, sizeof(data));
}

NET_TEST(a_connection_queues_little_when_memory_is_scarce)
{
	static uint8_t data[200000];
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40031, 1000, 0};
	unsigned before = tx_blocks;
	long n;

	c = open_from(l, &p);
	tx_blocks += (unsigned)page_total(); /* as if the others held it all */
	n = t_send(c, data, sizeof(data), MSG_DONTWAIT);
	tx_blocks -= (unsigned)page_total();
	CHECK(n > 0 && n <= TX_SCARCE);
	CHECK(t_send(c, data, sizeof(data), MSG_DONTWAIT) > TX_SCARCE);
	fd_close(c);
	fd_close(l);
	wire_forget();
	give(&(struct segment){p.port, PORT, p.seq, .flags = RST});
	CHECK_EQ(tx_blocks, before);
}

NET_TEST(sending_nothing_costs_nothing)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40032, 1000, 0};
	unsigned before;

	c = open_from(l, &p);
	t_send(c, "x", 1, 0);
	before = tx_blocks;
	for (int i = 0; i < 10; i++)
		CHECK_EQ(t_send(c, "", 0, MSG_DONTWAIT), 0);
	CHECK_EQ(tx_blocks, before);
	fd_close(c);
	fd_close(l);
	wire_forget();
}

NET_TEST(acknowledgements_wait_for_room_on_the_ring)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40016, 1000, 0};
	struct segment s;
	size_t before = heap_in_use();

	c = open_from(l, &p);
	wire_forget();
	fd_close(c);
	REQUIRE(sent(&s));
	wire_closed = true; /* no room: the acknowledgement of the peer's FIN must not be lost */
	give(&(struct segment){p.port, PORT, p.seq, s.seq + 1, .flags = FIN | ACK});
	for (unsigned i = 0; i < 3000; i++)
		give(&(struct segment){(uint16_t)(10000 + i), 81, 0, .flags = SYN});
	CHECK(!sent(&s));
	CHECK(heap_in_use() - before < 600 * 1024); /* what waits is bounded */
	wire_closed = false;
	netdev_interrupt(&wire);
	deferred_run();
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, ACK);
	CHECK_EQ(s.ack, p.seq + 1);
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, RST | ACK);
	pass(NSEC_PER_SEC);
	CHECK_EQ(wire_holds, 0);
}

static void close_actively(int c, struct peer *p)
{
	struct segment s;

	wire_forget();
	fd_close(c);
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, FIN | ACK);
	p->ack = s.seq + 1;
	give(&(struct segment){p->port, PORT, p->seq, p->ack, .flags = FIN | ACK});
	p->seq++;
	REQUIRE(sent(&s));
	CHECK_EQ(s.ack, p->seq);
	CHECK(!sent(&s));
}

NET_TEST(syn_reopens_time_wait)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40006, 1000, 0}, q;
	unsigned waits = net_pcb_time_wait();
	struct segment s;
	char buf[4];

	c = open_from(l, &p);
	close_actively(c, &p);
	CHECK_EQ(net_pcb_time_wait(), waits + 1);
	/* An old duplicate of the SYN: an acknowledgement, and it stays. */
	give(&(struct segment){p.port, PORT, 1000, .flags = SYN});
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, ACK);
	CHECK_EQ(s.ack, p.seq);
	CHECK_EQ(net_pcb_time_wait(), waits + 1);
	/* A new one from the same port: reopened, with sequence numbers beyond the old. */
	q = (struct peer){p.port, p.seq + 64000, 0};
	c = open_from(l, &q);
	REQUIRE(c >= 0);
	CHECK_EQ(net_pcb_time_wait(), waits);
	CHECK((int32_t)(q.ack - p.ack) > 65535);
	give_data(&q, q.seq, "new", 3, 0);
	CHECK_EQ(t_recv(c, buf, 4, 0), 3);
	close_actively(c, &(struct peer){q.port, q.seq + 3, 0});
	/* With nobody listening TIME_WAIT stands. */
	fd_close(l);
	give(&(struct segment){p.port, PORT, q.seq + 100000, .flags = SYN});
	CHECK_EQ(net_pcb_time_wait(), waits + 1);
	wire_forget();
	/* A reset at exactly the next number ends it, one elsewhere does not. */
	give(&(struct segment){p.port, PORT, q.seq + 5, .flags = RST});
	CHECK_EQ(net_pcb_time_wait(), waits + 1);
	give(&(struct segment){p.port, PORT, q.seq + 4, .flags = RST});
	CHECK_EQ(net_pcb_time_wait(), waits);
	CHECK(!sent(&s));
}

NET_TEST(time_wait_does_not_argue)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40017, 1000, 0};
	struct segment s;
	unsigned n = 0;

	c = open_from(l, &p);
	close_actively(c, &p);
	for (int i = 0; i < 1000; i++)
		give(&(struct segment){p.port, PORT, p.seq - 5000, p.ack, .flags = FIN | ACK});
	while (sent(&s))
		n++;
	CHECK(n >= 1 && n <= 20);
	for (int i = 0; i < 100; i++) /* the FIN itself always gets its answer */
		give(&(struct segment){p.port, PORT, p.seq - 1, p.ack, .flags = FIN | ACK});
	for (n = 0; sent(&s); n++)
		CHECK_EQ(s.ack, p.seq);
	CHECK_EQ(n, 100);
}

NET_TEST(a_client_may_reuse_its_port_at_once)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40007, 5000, 0};

	for (int i = 0; i < 3000; i++) {
		c = open_from(l, &p);
		REQUIRE(c >= 0);
		close_actively(c, &p);
		p.seq += 10;
	}
	CHECK(net_pcb_time_wait() < 20);
}

NET_TEST(resets)
{
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40008, 1000, 0};
	struct segment s;
	char buf[4];

	c = open_from(l, &p);
	give(&(struct segment){p.port, PORT, p.seq + 1000, 0,
			       .flags = RST}); /* in the window: challenged */
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, ACK);
	CHECK_EQ(t_recv(c, buf, 4, 0), -EAGAIN);
	give(&(struct segment){p.port, PORT, p.seq - 1000, 0, .flags = RST}); /* outside: ignored */
	CHECK_EQ(t_recv(c, buf, 4, 0), -EAGAIN);
	give(&(struct segment){p.port, PORT, p.seq, 0, .flags = RST});
	CHECK_EQ(t_recv(c, buf, 4, 0), -ECONNRESET);
	/* What belongs to no connection is reset. */
	give(&(struct segment){41000, 81, 77, .flags = SYN});
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, RST | ACK);
	CHECK_EQ(s.ack, 78);
	give(&(struct segment){41000, 81, 77, 99, .flags = ACK});
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags & RST, RST);
	CHECK_EQ(s.seq, 99);
	give(&(struct segment){41000, 81, 77, 99, .flags = RST});
	CHECK(!sent(&s));
}

NET_TEST(connection_to_outside)
{
	int c = t_socket(SOCK_STREAM | SOCK_NONBLOCK);
	struct frame *f;
	struct segment s;
	char buf[8];

	/* Past ARP's memory of the other tests: the SYN waits for an answer about the gateway. */
	pass(400 * NSEC_PER_SEC);
	wire_forget();
	CHECK_EQ(t_connect(c, STRANGE, 443), -EINPROGRESS);
	f = wire_next();
	REQUIRE(f);
	CHECK_EQ(get16(f->bytes + 12), 0x0806);
	CHECK_EQ(get32(f->bytes + 38), PEER);
	CHECK(!wire_next());
	arp(2, PEER, US);
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, SYN);
	CHECK_EQ(s.dport, 443);
	CHECK(s.sport >= 32768 && s.sport < 61000);
	CHECK_EQ(get32(IP(sent_frame) + 16), STRANGE);
	CHECK_EQ(get16(L4(sent_frame) + 22), 1460);
	{
		uint8_t fr[FRAME_MAX];
		struct segment a = {443, s.sport, 9000, s.seq + 1, .flags = SYN | ACK};

		wire_give(fr, tcp_frame(fr, STRANGE, &a));
	}
	REQUIRE(sent(&s));
	CHECK_EQ(s.flags, ACK);
	CHECK_EQ(t_poll(c), POLLOUT | POLLWRNORM);
	CHECK_EQ(t_recv(c, buf, 8, 0), -EAGAIN);
	CHECK_EQ(t_port(c), s.sport);
}

NET_TEST(silent_peer_times_out)
{
	int c = t_socket(SOCK_STREAM | SOCK_NONBLOCK);

	meet();
	CHECK_EQ(t_connect(c, PEER, 443), -EINPROGRESS);
	for (int i = 0; i < 300 && !(t_poll(c) & POLLERR); i++) {
		pass(NSEC_PER_SEC);
		meet();
	}
	CHECK_EQ(t_getopt(c, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

NET_TEST(syn_flood_is_bounded)
{
	int l = t_listen(0, PORT, 100);
	struct peer p = {40009, 1000, 0};
	size_t before;
	struct segment s;

	meet();
	before = heap_in_use();
	for (unsigned i = 0; i < 5000; i++) {
		give(&(struct segment){(uint16_t)(1 + i), PORT, i, .flags = SYN});
		wire_forget();
	}
	CHECK_EQ(t_sock(l)->embryos, 1024);
	CHECK(heap_in_use() - before < 1500 * 1024);
	for (int i = 0; i < 30; i++) {
		pass(NSEC_PER_SEC);
		wire_forget();
	}
	CHECK_EQ(t_sock(l)->embryos, 0);
	CHECK(open_from(l, &p) >= 0);
	CHECK(!sent(&s));
}

NET_TEST(buffers_held_are_bounded)
{
	static uint8_t data[1400];
	int l = t_listen(0, PORT, 5), c;
	struct peer p = {40010, 1000, 0};
	long n, got = 0;
	static char buf[70000];

	c = open_from(l, &p);
	for (int i = 0; i < 170; i++) {
		give_data(&p, p.seq, data, sizeof(data), 0);
		p.seq += sizeof(data);
		wire_forget();
	}
	CHECK(wire_rx_live <= 128);
	CHECK_EQ(bridge_rx_held(), wire_rx_live);
	while ((n = t_recv(c, buf, sizeof(buf), 0)) > 0)
		got += n;
	CHECK_EQ(got, 170 * 1400);
	CHECK_EQ(wire_rx_live, 0);
	CHECK_EQ(bridge_rx_held(), 0);
}
