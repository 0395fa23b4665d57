/* SPDX-License-Identifier: MIT */
/*
 * What the network's unit tests share: a booted stack, a fake device on the wire of which the test
 * is the other machine, and system calls with arguments in app memory. The clock goes on from test
 * to test, as the stack's state does.
 */
#ifndef TEST_NET_FIXTURE_H
#define TEST_NET_FIXTURE_H

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <abi/time.h>
#include <core/boot.h>
#include <core/deferred.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/netdev.h>
#include <core/random.h>
#include <core/syscall.h>
#include <core/time.h>

#include "../../net/net.h"
#include "../../net/socket.h"
#include "../../net/include/net_hooks.h"
#include "test.h"

/* ---- the wire ---- */

#define FRAME_MAX 1600
#define FRAMES	  1024

struct frame {
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

/* Frames the stack has sent, oldest first; the test takes them by wire_next(). */
static struct frame wire_sent[FRAMES];
static unsigned wire_head, wire_tail, wire_kicks, wire_checksums;
/*
 * Frames whose buffers the device has: with wire_hold for as long as that is set, else until it is
 * polled. It reads them again then: nobody may have changed or freed them.
 */
static bool wire_hold;
static struct {
	struct netdev_tx tx;
	uint8_t bytes[FRAME_MAX];
} wire_held[FRAMES];
static unsigned wire_holds, wire_full;
/* The ring takes nothing, as the device finishes nothing. */
static bool wire_closed;

static struct netdev wire;

struct wire_rx {
	struct netdev_rx rx;
	uint8_t bytes[];
};
static unsigned wire_rx_live;
static struct netdev_rx *wire_queue[FRAMES];
static unsigned wire_queued;

/* Completes a checksum as a device does that offers it. */
static void wire_checksum(struct frame *f, const struct netdev_tx *tx)
{
	uint32_t sum = 0;

	for (size_t i = tx->csum_start; i < f->len; i++)
		sum += (i - tx->csum_start) & 1 ? f->bytes[i] : (uint32_t)f->bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	f->bytes[tx->csum_start + tx->csum_offset] = (uint8_t)(~sum >> 8);
	f->bytes[tx->csum_start + tx->csum_offset + 1] = (uint8_t)~sum;
	wire_checksums++;
}

static int wire_transmit(struct netdev *dev, const struct netdev_tx *tx)
{
	struct frame *f = &wire_sent[wire_tail % FRAMES];

	if (wire_closed || (wire_full && !--wire_full))
		return -EAGAIN;
	f->len = 0;
	for (unsigned i = 0; i < tx->frags; i++) {
		if (f->len + tx->frag[i].len > FRAME_MAX)
			return -EINVAL;
		memcpy(f->bytes + f->len, tx->frag[i].data, tx->frag[i].len);
		f->len += tx->frag[i].len;
	}
	if (wire_holds == FRAMES)
		return -EAGAIN;
	wire_held[wire_holds].tx = *tx;
	memcpy(wire_held[wire_holds++].bytes, f->bytes, f->len);
	if (tx->csum_start)
		wire_checksum(f, tx);
	wire_tail++;
	if (wire_tail - wire_head > FRAMES)
		wire_head++; /* nobody looks: the oldest goes */
	dev->tx_packets++;
	return 0;
}

static void wire_kick(struct netdev *dev)
{
	(void)dev;
	wire_kicks++;
}

static void wire_finish(unsigned i)
{
	const struct netdev_tx *tx = &wire_held[i].tx;
	size_t at = 0;

	for (unsigned k = 0; k < tx->frags; at += tx->frag[k++].len)
		CHECK_MEM(tx->frag[k].data, wire_held[i].bytes + at, tx->frag[k].len);
	netdev_client()->transmitted(&wire, tx->cookie);
}

static bool wire_poll(struct netdev *dev, unsigned budget)
{
	unsigned n = 0;

	if (!wire_hold && !wire_closed) {
		for (unsigned i = 0; i < wire_holds; i++)
			wire_finish(i);
		wire_holds = 0;
	}
	while (n < budget && n < wire_queued)
		netdev_client()->receive(dev, wire_queue[n++]);
	memmove(wire_queue, wire_queue + n, (wire_queued - n) * sizeof(wire_queue[0]));
	wire_queued -= n;
	return wire_queued;
}

static const struct netdev_ops wire_ops = {wire_transmit, wire_kick, wire_poll};

static void wire_release(struct netdev_rx *rx)
{
	wire_rx_live--;
	free(container_of(rx, struct wire_rx, rx));
}

/* Puts a frame on the wire, in pieces of at most `piece` bytes (0: one), and lets it be received. */
static void wire_give_pieces(const void *bytes, size_t len, size_t piece, bool csum_good)
{
	struct wire_rx *w = malloc(sizeof(*w) + len);

	memset(&w->rx, 0, sizeof(w->rx));
	memcpy(w->bytes, bytes, len);
	for (size_t at = 0; at < len; at += w->rx.frag[w->rx.frags++].len)
		w->rx.frag[w->rx.frags] = (struct netdev_frag){
			w->bytes + at, (uint32_t)(piece ? min(piece, len - at) : len)};
	w->rx.csum_good = csum_good;
	w->rx.release = wire_release;
	w->rx.dev = &wire;
	wire_rx_live++;
	wire_queue[wire_queued++] = &w->rx;
	netdev_interrupt(&wire);
	deferred_run();
}

static inline void wire_give(const void *bytes, size_t len)
{
	wire_give_pieces(bytes, len, 0, false);
}

static inline struct frame *wire_next(void)
{
	if (wire_head == wire_tail)
		return NULL;
	return &wire_sent[wire_head++ % FRAMES];
}

static inline void wire_forget(void)
{
	wire_head = wire_tail;
}

/* ---- time ---- */

static uint64_t clock_saved = NSEC_PER_SEC;

/* Moves the clock in steps, so that work that timers raise is done when it is raised. */
static void pass(uint64_t ns)
{
	for (uint64_t end = fake_clock + ns; fake_clock < end;) {
		fake_clock_advance(min(end - fake_clock, 10 * NSEC_PER_MSEC));
		deferred_run();
	}
	clock_saved = fake_clock;
}

/* First line of each test: the clock goes on, the timers that fake_reset() stopped run again. */
static void begin(void)
{
	fake_clock = clock_saved;
	fd_close_all(); /* of a test that was aborted */
	wire_forget();
	wire_hold = false;
	wire_full = 0;
	wire_closed = false;
	net_lock();
	net_timer_poll_again();
	net_unlock();
	pass(NSEC_PER_MSEC);
}

#define NET_TEST(name)                    \
	static void body_##name(void);    \
	TEST(name)                        \
	{                                 \
		begin();                  \
		body_##name();            \
		fd_close_all();           \
		deferred_run();           \
		clock_saved = fake_clock; \
	}                                 \
	static void body_##name(void)

static void boot_net(const char *cmdline)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	const char *why;

	fake_boot();
	random_init();
	fake_clock = clock_saved;
	REQUIRE(!cmdline_add(&boot_info.cmdline, cmdline, &why));
	wire.ops = &wire_ops;
	memcpy(wire.mac, mac, 6);
	wire.mtu = 1500;
	netdev_register(&wire);
	net_init();
	deferred_run();
	clock_saved = fake_clock;
}

/* ---- system calls ---- */

#define LOOPBACK 0x7f000001u

static void *sin_user(uint32_t ip, uint16_t port)
{
	struct abi_sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = lwip_htons(port), .sin_addr = lwip_htonl(ip)};

	return fake_user_dup(&sin, sizeof(sin));
}

static inline int t_socket(int type)
{
	return (int)sys_socket(AF_INET, type, 0);
}

static inline int t_bind(int fd, uint32_t ip, uint16_t port)
{
	return (int)sys_bind(fd, sin_user(ip, port), 16);
}

static inline int t_connect(int fd, uint32_t ip, uint16_t port)
{
	return (int)sys_connect(fd, sin_user(ip, port), 16);
}

static inline long t_send(int fd, const void *data, size_t n, int flags)
{
	return sys_sendto(fd, fake_user_dup(data, n), n, flags, NULL, 0);
}

static inline long t_sendto(int fd, const void *data, size_t n, uint32_t ip, uint16_t port)
{
	return sys_sendto(fd, fake_user_dup(data, n), n, 0, sin_user(ip, port), 16);
}

static inline long t_recv(int fd, void *data, size_t n, int flags)
{
	void *p = fake_user_alloc(n);
	long ret = sys_recvfrom(fd, p, n, flags, NULL, NULL);

	if (ret > 0)
		memcpy(data, fake_user_host(p), min((size_t)ret, n));
	return ret;
}

static inline int t_setopt(int fd, int level, int name, int v)
{
	return (int)sys_setsockopt(fd, level, name, fake_user_dup(&v, sizeof(v)), sizeof(v));
}

static inline int t_getopt(int fd, int level, int name)
{
	unsigned len = 4, *ulen = fake_user_dup(&len, 4);
	int *v = fake_user_alloc(4), err = (int)sys_getsockopt(fd, level, name, v, ulen);

	return err ? err : *(int *)fake_user_host(v);
}

static inline uint32_t t_poll(int fd)
{
	struct file *f = fd_get(fd);
	uint32_t events = f->ops->poll(f);

	file_put(f);
	return events;
}

static inline struct socket *t_sock(int fd)
{
	struct file *f = fd_get(fd);
	struct socket *s = f->private;

	file_put(f);
	return s;
}

/* The port a socket is bound to. */
static inline uint16_t t_port(int fd)
{
	unsigned len = 16, *ulen = fake_user_dup(&len, 4);
	struct abi_sockaddr_in *sin = fake_user_alloc(16);

	if (sys_getsockname(fd, sin, ulen))
		return 0;
	return lwip_ntohs(((struct abi_sockaddr_in *)fake_user_host(sin))->sin_port);
}

static inline int t_listen(uint32_t ip, uint16_t port, int backlog)
{
	int fd = t_socket(SOCK_STREAM | SOCK_NONBLOCK);

	t_setopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	REQUIRE(!t_bind(fd, ip, port));
	REQUIRE(!sys_listen(fd, backlog));
	return fd;
}

/* A pair of connected, non-blocking sockets over loopback. */
static inline void t_pair(int listener, int *client, int *server)
{
	*client = t_socket(SOCK_STREAM | SOCK_NONBLOCK);
	CHECK_EQ(t_connect(*client, LOOPBACK, t_port(listener)), -EINPROGRESS);
	*server = (int)sys_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	REQUIRE(*server >= 0);
}

/* Bytes that tell where in a stream they belong. */
static inline void fill_pattern(uint8_t *p, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((at + i) * 31 + ((at + i) >> 8));
}

#endif
