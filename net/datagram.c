// SPDX-License-Identifier: MIT
/*
 * Datagram sockets. A datagram is copied once from the app into the packet it travels in, with no
 * lock held, and once out of the packet it came in.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/heap.h>
#include <core/time.h>

#include "socket.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip4.h"
#include "lwip/udp.h"

#define DATAGRAM_MAX  65507 /* bytes: IP's 65535 without headers */
#define DATAGRAM_COST 256   /* bytes that one costs beside its own */
#define PORT_FIRST    32768
#define PORT_COUNT    28232
#define PORT_TRIES    64

struct datagram {
	struct list node;
	struct pbuf *p;
	struct endpoint from;
};

static void datagram_free(struct datagram *d)
{
	pbuf_free(d->p);
	kfree(d);
}

static size_t cost(const struct datagram *d)
{
	return d->p->tot_len + DATAGRAM_COST;
}

/* ---- receiving ---- */

static void received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr,
		     u16_t port)
{
	struct socket *s = arg;
	struct datagram *d = NULL;

	(void)pcb;
	if (s->datagram_bytes + p->tot_len + DATAGRAM_COST <= s->receive_limit)
		d = kmalloc(sizeof(*d));
	if (!d) {
		pbuf_free(p);
		return;
	}
	d->p = p;
	d->from = (struct endpoint){*addr, port};
	list_add_tail(&s->datagrams, &d->node);
	s->datagram_bytes += cost(d);
	socket_wake(s, POLLIN | POLLRDNORM);
}

/* The first datagram's packet: off the queue, or (peek) one more reference on it. Net lock. */
static bool take(struct socket *s, bool peek, struct endpoint *from, struct pbuf **p)
{
	struct datagram *d = list_first(&s->datagrams, struct datagram, node);

	if (!d)
		return false;
	*from = d->from;
	*p = d->p;
	if (peek) {
		pbuf_ref(d->p);
	} else {
		list_del(&d->node);
		s->datagram_bytes -= cost(d);
		kfree(d);
	}
	return true;
}

static bool may_recv(const struct socket *s)
{
	return !list_empty(&s->datagrams) || READ_ONCE(s->error) || READ_ONCE(s->shut_read);
}

/* A packet for the caller, waiting if it may; *p stays NULL after shutdown. */
static int wait_for(struct socket *s, unsigned flags, struct endpoint *from, struct pbuf **p)
{
	uint64_t deadline = 0;
	int err;

	*p = NULL;
	for (;;) {
		net_lock();
		err = socket_take_error(s);
		if (!err && !take(s, flags & MSG_PEEK, from, p) && !s->shut_read)
			err = -EAGAIN;
		net_unlock();
		if (err != -EAGAIN || socket_nonblock(s, flags))
			return err;
		if (!deadline)
			deadline = socket_deadline(s->receive_timeout);
		wait_event(err, &s->file->wait, deadline, may_recv(s));
		if (err)
			return socket_wait_error(err, s->receive_timeout);
	}
}

static ssize_t datagram_recv(struct socket *s, struct uio *u, unsigned flags, struct endpoint *from,
			     unsigned *out_flags)
{
	struct pbuf *p;
	size_t len, n, left;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = wait_for(s, flags, from, &p);
	if (err || !p)
		return err;
	len = p->tot_len;
	n = left = min(len, u->resid);
	if (len > n)
		*out_flags |= MSG_TRUNC;
	for (struct pbuf *q = p; q && left && !err; q = q->next) {
		size_t k = min(left, (size_t)q->len);

		err = uio_copy_to(u, q->payload, k);
		left -= k;
	}
	net_lock();
	pbuf_free(p);
	net_unlock();
	if (err)
		return err;
	return (ssize_t)((flags & MSG_TRUNC) ? len : n);
}

static size_t datagram_readable(struct socket *s)
{
	struct datagram *d = list_first(&s->datagrams, struct datagram, node);

	return d ? d->p->tot_len : 0;
}

/* ---- addresses ---- */

int datagram_init(struct socket *s)
{
	net_lock();
	s->udp = udp_new();
	if (s->udp)
		udp_recv(s->udp, received, s);
	net_unlock();
	return s->udp ? 0 : -ENOBUFS;
}

/* Net lock. */
static int bind_port(struct socket *s, const ip4_addr_t *ip, u16_t port)
{
	err_t err = ERR_USE;

	if (port)
		err = udp_bind(s->udp, ip, port);
	for (int i = 0; !port && err == ERR_USE && i < PORT_TRIES; i++)
		err = udp_bind(s->udp, ip, (u16_t)(PORT_FIRST + net_rand() % PORT_COUNT));
	if (!port && err == ERR_USE)
		err = udp_bind(s->udp, ip, 0);
	if (err == ERR_OK)
		s->local = (struct endpoint){*ip, s->udp->local_port};
	return net_errno(err);
}

static int datagram_bind(struct socket *s, const struct endpoint *e)
{
	int err;

	net_lock();
	if (s->local.port)
		err = -EINVAL;
	else if (!ip4_addr_isany_val(e->ip) && e->ip.addr != IPADDR_BROADCAST &&
		 !net_is_local(&e->ip))
		err = -EADDRNOTAVAIL;
	else
		err = bind_port(s, &e->ip, e->port);
	net_unlock();
	return err;
}

static int datagram_connect(struct socket *s, const struct endpoint *e, bool nonblock)
{
	struct endpoint to = *e;
	struct netif *netif;
	ip4_addr_t src;
	int err;

	if (ip4_addr_isany_val(to.ip))
		ip4_addr_set_loopback(&to.ip);
	err = net_wait_route(&to.ip, nonblock);
	if (err)
		return err;
	net_lock();
	if (!net_route(&to.ip, &netif, &src))
		err = -ENETUNREACH;
	else if (ip4_addr_isbroadcast(&to.ip, netif) && !s->broadcast)
		err = -EACCES;
	else if (!s->local.port)
		err = bind_port(s, IP4_ADDR_ANY4, 0);
	if (!err)
		err = net_errno(udp_connect(s->udp, &to.ip, to.port));
	if (!err) {
		s->peer = to;
		s->connected = true;
		if (ip4_addr_isany_val(s->local.ip))
			s->local.ip = src;
	}
	net_unlock();
	return err;
}

static int datagram_disconnect(struct socket *s)
{
	net_lock();
	udp_disconnect(s->udp);
	s->connected = false;
	s->peer = (struct endpoint){0};
	net_unlock();
	return 0;
}

/* ---- sending ---- */

/* A checksum over several fragments is not the device's to make. */
static err_t give(struct socket *s, struct pbuf *p, const struct endpoint *to, struct netif *netif,
		  const ip4_addr_t *src)
{
	u16_t checksums = netif->chksum_flags;
	err_t err;

	if (netif != &loopback && p->tot_len + IP_HLEN + UDP_HLEN > netif->mtu)
		netif->chksum_flags |= NETIF_CHECKSUM_GEN_UDP;
	err = udp_sendto_if_src(s->udp, p, &to->ip, to->port, netif, src);
	netif->chksum_flags = checksums;
	return err;
}

static int send_packet(struct socket *s, struct pbuf *p, const struct endpoint *to)
{
	struct netif *netif;
	ip4_addr_t src;
	int err = 0;

	net_lock();
	if (!s->local.port)
		err = bind_port(s, IP4_ADDR_ANY4, 0);
	if (!err && !net_route(&to->ip, &netif, &src))
		err = -ENETUNREACH;
	if (!err && ip4_addr_isbroadcast(&to->ip, netif) && !s->broadcast)
		err = -EACCES;
	if (!err) {
		if (s->broadcast)
			ip_set_option(s->udp, SOF_BROADCAST);
		if (!ip4_addr_isany_val(s->udp->local_ip))
			src = s->udp->local_ip;
		err = net_errno(give(s, p, to, netif, &src));
	}
	pbuf_free(p);
	net_unlock();
	return err;
}

/* Where a datagram goes, and whether it may: 0 or -errno. */
static int destination(struct socket *s, const struct endpoint *to, struct endpoint *out)
{
	int err;

	net_lock();
	err = socket_take_error(s);
	if (!err && s->shut_write)
		err = -EPIPE;
	if (!err && !to && !s->connected)
		err = -EDESTADDRREQ;
	*out = to ? *to : s->peer;
	net_unlock();
	if (!err && !out->port)
		err = -EINVAL;
	if (ip4_addr_isany_val(out->ip))
		ip4_addr_set_loopback(&out->ip);
	return err;
}

static ssize_t datagram_send(struct socket *s, struct uio *u, unsigned flags,
			     const struct endpoint *to)
{
	struct endpoint dest;
	size_t len = u->resid;
	struct pbuf *p;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > DATAGRAM_MAX)
		return -EMSGSIZE;
	err = destination(s, to, &dest);
	if (!err)
		err = net_wait_route(&dest.ip, socket_nonblock(s, flags));
	if (err)
		return err;
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	err = uio_copy_from(u, p->payload, len);
	if (err) {
		pbuf_free(p); /* nobody else has it yet */
		return err;
	}
	err = send_packet(s, p, &dest);
	return err ? err : (ssize_t)len;
}

/* ---- errors that other machines tell ---- */

static void unreachable(const struct ip_hdr *ip, const struct udp_hdr *udp, u8_t code)
{
	u16_t local = lwip_ntohs(udp->src), remote = lwip_ntohs(udp->dest);

	for (struct udp_pcb *p = udp_pcbs; p; p = p->next) {
		struct socket *s = p->recv_arg;

		if (p->recv != received || !s->connected || p->local_port != local ||
		    p->remote_port != remote || p->remote_ip.addr != ip->dest.addr)
			continue;
		s->error = code == ICMP_DUR_PORT ? ECONNREFUSED : EHOSTUNREACH;
		socket_wake(s, POLLERR | POLLIN | POLLOUT);
	}
}

/*
 * "Destination unreachable" about a datagram of a connected socket is told at its next call. lwIP
 * itself ignores these messages; all of it is checked here, as it comes before lwIP's checks.
 */
void datagram_icmp(struct pbuf *p, const struct netif *in)
{
	struct {
		struct icmp_hdr icmp;
		struct ip_hdr ip;
		struct udp_hdr udp;
	} __packed m;
	const struct ip_hdr *ip = p->payload;
	u16_t header = IPH_HL_BYTES(ip), len = lwip_ntohs(IPH_LEN(ip)), sum;

	if (header < IP_HLEN || len > p->tot_len || len < header + sizeof(m) ||
	    pbuf_copy_partial(p, &m, sizeof(m), header) != sizeof(m))
		return;
	if (m.icmp.type != ICMP_DUR ||
	    (m.icmp.code != ICMP_DUR_PORT && m.icmp.code > ICMP_DUR_PROTO) ||
	    IPH_HL_BYTES(&m.ip) != IP_HLEN || IPH_PROTO(&m.ip) != IP_PROTO_UDP ||
	    !net_is_local(&(ip4_addr_t){m.ip.src.addr}))
		return;
	pbuf_remove_header(p, header);
	sum = inet_chksum_pbuf(p);
	pbuf_add_header_force(p, header);
	if (!sum || in == &loopback)
		unreachable(&m.ip, &m.udp, m.icmp.code);
}

/* ---- the rest ---- */

static int datagram_shutdown(struct socket *s, int how)
{
	int err = 0;

	net_lock();
	if (!s->connected)
		err = -ENOTCONN;
	if (how != SHUT_WR)
		s->shut_read = true;
	if (how != SHUT_RD)
		s->shut_write = true;
	socket_wake(s, POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP);
	net_unlock();
	return err;
}

/* As Linux's datagram_poll(): there is always room to send. */
static uint32_t datagram_poll(struct socket *s)
{
	uint32_t events = POLLOUT | POLLWRNORM | POLLWRBAND;

	if (s->error)
		events |= POLLERR;
	if (s->shut_read)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (s->shut_read && s->shut_write)
		events |= POLLHUP;
	if (!list_empty(&s->datagrams))
		events |= POLLIN | POLLRDNORM;
	return events;
}

static void datagram_close(struct socket *s)
{
	struct datagram *d, *next;

	net_lock();
	udp_remove(s->udp);
	s->udp = NULL;
	list_for_each_entry_safe (d, next, &s->datagrams, node)
		datagram_free(d);
	list_init(&s->datagrams);
	net_unlock();
}

const struct socket_ops datagram_ops = {
	.bind = datagram_bind,
	.connect = datagram_connect,
	.disconnect = datagram_disconnect,
	.send = datagram_send,
	.recv = datagram_recv,
	.shutdown = datagram_shutdown,
	.poll = datagram_poll,
	.readable = datagram_readable,
	.close = datagram_close,
};
