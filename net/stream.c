// SPDX-License-Identifier: MIT
/*
 * Stream sockets: opening, listening, accepting, closing. The control block is lwIP's and can go at
 * any time under the net lock; NET_SLOT_OWNER tells when. A block in its handshake belongs to the
 * listener, as one of its embryos, until lwIP calls accepted().
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/log.h>
#include <core/output.h>
#include <core/string.h>
#include <core/time.h>

#include "net_hooks.h"
#include "socket.h"
#include "txblock.h"
#include "lwip/prot/tcp.h"
#include "lwip/priv/tcp_priv.h"

#define EMBRYOS	      1024 /* unfinished handshakes of one listener */
#define STRAY_ANSWERS 10   /* a tick, to segments that TIME_WAIT does not expect */

/* ---- the tie between socket and control block ---- */

static void pcb_gone(u8_t id, void *data)
{
	struct socket *s = data;

	(void)id;
	s->pcb = NULL;
	stream_drop_sent(s);
	socket_put(s);
}

static void embryo_gone(u8_t id, void *data)
{
	struct socket *listener = data;

	(void)id;
	listener->embryos--;
	socket_put(listener);
}

static const struct tcp_ext_arg_callbacks owner_callbacks = {pcb_gone, NULL};
static const struct tcp_ext_arg_callbacks embryo_callbacks = {embryo_gone, NULL};

static err_t embryo_new(u8_t id, struct tcp_pcb_listen *lpcb, struct tcp_pcb *pcb)
{
	struct socket *listener = lpcb->callback_arg;

	pcb->ext_args[id].callbacks = &embryo_callbacks;
	pcb->ext_args[id].data = listener;
	listener->embryos++;
	socket_get(listener);
	return ERR_OK;
}

static const struct tcp_ext_arg_callbacks listener_callbacks = {pcb_gone, embryo_new};

/* The peer has reset the connection, or lwIP has given it up; the block is gone or going. */
static void failed(void *arg, err_t err)
{
	struct socket *s = arg;

	if (s->state == STREAM_IDLE)
		return;
	if (s->state == STREAM_CONNECTING) {
		s->error = err == ERR_RST ? ECONNREFUSED : -net_errno(err);
		s->state = STREAM_IDLE;
		s->local = (struct endpoint){0};
	} else {
		if (err == ERR_RST)
			s->error = s->fin && !s->shut_write ? EPIPE : ECONNRESET;
		else if (err != ERR_CLSD) /* both sides had closed */
			s->error = -net_errno(err);
		s->state = STREAM_DEAD;
	}
	s->fin = true;
	socket_wake(s, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP | POLLRDHUP);
}

void stream_options(struct socket *s)
{
	struct tcp_pcb *pcb = s->pcb;

	if (!pcb)
		return;
	if (s->reuse)
		ip_set_option(pcb, SOF_REUSEADDR);
	else
		ip_reset_option(pcb, SOF_REUSEADDR);
	if (s->keepalive)
		ip_set_option(pcb, SOF_KEEPALIVE);
	else
		ip_reset_option(pcb, SOF_KEEPALIVE);
	if (s->state == STREAM_LISTENING)
		return;
	if (s->nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	pcb->keep_idle = s->keep_idle ? s->keep_idle * 1000 : TCP_KEEPIDLE_DEFAULT;
	pcb->keep_intvl = s->keep_interval ? s->keep_interval * 1000 : TCP_KEEPINTVL_DEFAULT;
	pcb->keep_cnt = s->keep_count ? s->keep_count : TCP_KEEPCNT_DEFAULT;
}

void stream_attach(struct socket *s, struct tcp_pcb *pcb)
{
	pcb->ext_args[NET_SLOT_OWNER].callbacks = &owner_callbacks;
	pcb->ext_args[NET_SLOT_OWNER].data = s;
	socket_get(s);
	s->pcb = pcb;
	tcp_arg(pcb, s);
	tcp_recv(pcb, stream_received);
	tcp_sent(pcb, stream_sent);
	tcp_err(pcb, failed);
	stream_options(s);
}

int stream_pcb(struct socket *s)
{
	struct tcp_pcb *pcb;

	if (s->pcb)
		return 0;
	pcb = tcp_new();
	if (!pcb)
		return -ENOBUFS;
	stream_attach(s, pcb);
	return 0;
}

/* Leaves the block to lwIP. */
static void detach(struct socket *s)
{
	struct tcp_pcb *pcb = s->pcb;

	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	pcb->ext_args[NET_SLOT_OWNER].callbacks = NULL;
	pcb_gone(NET_SLOT_OWNER, s);
}

void stream_time_wait(struct tcp_pcb *pcb)
{
	struct socket *s = pcb->ext_args[NET_SLOT_OWNER].data;

	if (pcb->ext_args[NET_SLOT_OWNER].callbacks == &owner_callbacks && !s->file &&
	    list_empty(&s->accept_node))
		detach(s);
}

/* ---- active open ---- */

static int stream_bind(struct socket *s, const struct endpoint *e)
{
	int err = -EINVAL;

	net_lock();
	if (s->state == STREAM_IDLE && !s->local.port) {
		if (!ip4_addr_isany_val(e->ip) && !net_is_local(&e->ip))
			err = -EADDRNOTAVAIL;
		else
			err = stream_pcb(s);
	}
	if (!err) {
		err = net_pcb_bind(s->pcb, &e->ip, e->port);
		if (!err) {
			s->local.ip = e->ip;
			s->local.port = s->pcb->local_port;
		}
	}
	net_unlock();
	return err;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct socket *s = arg;

	(void)pcb;
	(void)err; /* always ERR_OK */
	s->state = STREAM_CONNECTED;
	socket_wake(s, POLLOUT | POLLWRNORM);
	return ERR_OK;
}

/* Sends the SYN. Net lock. */
static int connect_start(struct socket *s, const struct endpoint *e)
{
	struct netif *netif;
	struct tcp_pcb *pcb;
	ip4_addr_t src;
	bool bound;
	err_t lerr;
	int err;

	if (!net_route(&e->ip, &netif, &src))
		return -ENETUNREACH;
	if (ip4_addr_isbroadcast(&e->ip, netif) || ip4_addr_ismulticast(&e->ip))
		return -ENETUNREACH;
	err = stream_pcb(s);
	if (err)
		return err;
	pcb = s->pcb;
	bound = pcb->local_port;
	if (ip4_addr_isany_val(pcb->local_ip))
		pcb->local_ip = src;
	if (!bound)
		pcb->local_port = net_pcb_port(&pcb->local_ip, &e->ip, e->port);
	if (!pcb->local_port)
		return -EADDRNOTAVAIL;
	s->error = 0;
	s->fin = false;
	net_timer_tcp();
	lerr = tcp_connect(pcb, &e->ip, e->port, connected);
	if (lerr != ERR_OK) {
		if (!bound)
			pcb->local_port = 0;
		return net_errno(lerr);
	}
	s->state = STREAM_CONNECTING;
	s->local = (struct endpoint){pcb->local_ip, pcb->local_port};
	s->peer = *e;
	return 0;
}

static int connect_finish(struct socket *s)
{
	int err = 0;

	wait_event(err, &s->file->wait, socket_deadline(s->send_timeout),
		   READ_ONCE(s->state) != STREAM_CONNECTING);
	if (err)
		return err == -ETIMEDOUT ? -EINPROGRESS : socket_wait_error(err, s->send_timeout);
	net_lock();
	err = socket_take_error(s);
	if (!err && s->state == STREAM_IDLE)
		err = -ECONNABORTED; /* another thread took the reason */
	net_unlock();
	return err;
}

static int stream_connect(struct socket *s, const struct endpoint *e, bool nonblock)
{
	struct endpoint to = *e;
	int err;

	if (!to.port)
		return -ECONNREFUSED;
	if (ip4_addr_isany_val(to.ip))
		ip4_addr_set_loopback(&to.ip);
	err = READ_ONCE(s->state) == STREAM_IDLE ? net_wait_route(&to.ip, nonblock) : 0;
	if (err)
		return err;
	net_lock();
	if (s->state == STREAM_IDLE)
		err = connect_start(s, &to);
	else if (s->state == STREAM_CONNECTING)
		err = nonblock ? -EALREADY : 0;
	else
		err = -EISCONN;
	net_unlock();
	if (err)
		return err;
	return nonblock ? -EINPROGRESS : connect_finish(s);
}

/* ---- passive open ---- */

/*
 * TIME_WAIT acknowledges the peer's FIN whenever it comes again. What lies elsewhere is acknowledged
 * as well, but not more than a few times a tick: two sides that disagree about a connection would
 * answer each other for ever.
 */
static bool answer_time_wait(const struct tcp_pcb *pcb, const struct tcp_hdr *hdr)
{
	static u32_t tick, answers;

	if (hdr->seqno + 1 == pcb->rcv_nxt)
		return true;
	if (tick != tcp_ticks) {
		tick = tcp_ticks;
		answers = 0;
	}
	return answers++ < STRAY_ANSWERS;
}

err_t net_tcp_inpacket(struct tcp_pcb *pcb, const struct tcp_hdr *hdr)
{
	const struct socket *l;
	unsigned flags = TCPH_FLAGS(hdr);

	net_timer_segment();
	if (unlikely(pcb->state == TIME_WAIT))
		return answer_time_wait(pcb, hdr) ? ERR_OK : ERR_BUF;
	if (likely(pcb->state >= ESTABLISHED))
		return ERR_OK;
	if (pcb->state == LISTEN && (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
		l = pcb->callback_arg;
		if (l->accepts > l->backlog || l->embryos >= EMBRYOS)
			return ERR_BUF;
	}
	/* The last step of a handshake waits for room, as on Linux: the peer sends again. */
	if (pcb->state == SYN_RCVD && pcb->listener && (flags & (TCP_ACK | TCP_RST)) == TCP_ACK) {
		l = pcb->listener->callback_arg;
		if (l->accepts > l->backlog)
			return ERR_BUF;
	}
	return ERR_OK;
}

static void inherit(struct socket *child, const struct socket *l)
{
	child->reuse = l->reuse;
	child->keepalive = l->keepalive;
	child->nodelay = l->nodelay;
	child->linger = l->linger;
	child->linger_seconds = l->linger_seconds;
	child->keep_idle = l->keep_idle;
	child->keep_interval = l->keep_interval;
	child->keep_count = l->keep_count;
	child->send_limit = l->send_limit;
	child->receive_timeout = l->receive_timeout;
	child->send_timeout = l->send_timeout;
}

/* A handshake is finished; lwIP resets the connection if this fails. */
static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct socket *l = arg, *s;

	if (err != ERR_OK || !pcb)
		return ERR_VAL; /* lwIP had no memory for a block: nothing to undo */
	s = socket_new(SOCK_STREAM);
	if (!s)
		return ERR_MEM;
	inherit(s, l);
	pcb->ext_args[NET_SLOT_OWNER].callbacks = NULL;
	embryo_gone(NET_SLOT_OWNER, l);
	s->state = STREAM_CONNECTED;
	s->local = (struct endpoint){pcb->local_ip, pcb->local_port};
	s->peer = (struct endpoint){pcb->remote_ip, pcb->remote_port};
	stream_attach(s, pcb);
	list_add_tail(&l->accept_queue, &s->accept_node);
	l->accepts++;
	socket_wake(l, POLLIN | POLLRDNORM);
	return ERR_OK;
}

static void announce(u16_t port)
{
	static bool done;
	char line[20];

	log_info("net: listening on TCP port %u", port);
	if (done)
		return;
	done = true;
	output_write(OUTPUT_READY, line, (size_t)ksnprintf(line, sizeof(line), "listen %u", port));
}

/* Turns the bound block into a listening one, which lwIP makes anew. Net lock. */
static int listen_start(struct socket *s)
{
	struct tcp_pcb *pcb, *lpcb;
	err_t lerr;
	int err;

	err = stream_pcb(s);
	if (err)
		return err;
	pcb = s->pcb;
	if (!pcb->local_port) {
		err = net_pcb_bind(pcb, IP_ADDR_ANY, 0);
		if (err)
			return err;
		s->local.port = pcb->local_port;
	}
	if (net_pcb_listened(pcb))
		return -EADDRINUSE;
	/* lwIP copies the slots and frees the old block: the reference goes over to the new one. */
	pcb->ext_args[NET_SLOT_OWNER].callbacks = NULL;
	lpcb = tcp_listen_with_backlog_and_err(pcb, TCP_DEFAULT_LISTEN_BACKLOG, &lerr);
	if (!lpcb) {
		pcb->ext_args[NET_SLOT_OWNER].callbacks = &owner_callbacks;
		return net_errno(lerr);
	}
	lpcb->ext_args[NET_SLOT_OWNER].callbacks = &listener_callbacks;
	s->pcb = lpcb;
	s->state = STREAM_LISTENING;
	s->fin = false;
	s->local.port = lpcb->local_port;
	tcp_accept(lpcb, accepted);
	return 0;
}

int stream_listen(struct socket *s, int backlog)
{
	int err = 0;
	bool first;

	net_lock();
	first = s->state == STREAM_IDLE;
	if (first)
		err = listen_start(s);
	else if (s->state != STREAM_LISTENING)
		err = -EINVAL;
	if (!err)
		s->backlog = min((unsigned)backlog, (unsigned)SOMAXCONN);
	net_unlock();
	if (!err && first)
		announce(s->local.port);
	return err;
}

static struct socket *accept_pop(struct socket *s)
{
	struct socket *child = list_first(&s->accept_queue, struct socket, accept_node);

	if (child) {
		list_del(&child->accept_node);
		s->accepts--;
	}
	return child;
}

int stream_accept(struct socket *s, bool nonblock, struct socket **out)
{
	uint64_t deadline = socket_deadline(s->receive_timeout);
	int err;

	for (;;) {
		net_lock();
		err = s->state == STREAM_LISTENING ? 0 : -EINVAL;
		*out = err ? NULL : accept_pop(s);
		net_unlock();
		if (err || *out)
			return err;
		if (nonblock)
			return -EAGAIN;
		wait_event(err, &s->file->wait, deadline,
			   READ_ONCE(s->accepts) || READ_ONCE(s->state) != STREAM_LISTENING);
		if (err)
			return socket_wait_error(err, s->receive_timeout);
	}
}

void stream_unaccept(struct socket *s, struct socket *child)
{
	net_lock();
	if (s->state == STREAM_LISTENING) {
		list_add(&s->accept_queue, &child->accept_node);
		s->accepts++;
		child = NULL;
	} else if (child->pcb) {
		tcp_abort(child->pcb);
	}
	if (child) {
		stream_drop_received(child);
		socket_put(child);
	}
	net_unlock();
}

/* ---- closing ---- */

/* Connections nobody took are reset. Net lock. */
static void listen_end(struct socket *s)
{
	struct socket *child;

	while ((child = accept_pop(s))) {
		if (child->pcb)
			tcp_abort(child->pcb);
		stream_drop_received(child);
		socket_put(child);
	}
	s->state = STREAM_IDLE;
	s->local = (struct endpoint){0};
	tcp_close(s->pcb);
}

static int stream_disconnect(struct socket *s)
{
	net_lock();
	if (s->state == STREAM_LISTENING) {
		listen_end(s);
	} else if (s->pcb) {
		tcp_err(s->pcb, NULL);
		tcp_abort(s->pcb);
	}
	stream_drop_received(s);
	s->state = STREAM_IDLE;
	s->fin = s->shut_read = s->shut_write = false;
	s->local = s->peer = (struct endpoint){0};
	socket_wake(s, POLLHUP | POLLIN | POLLOUT);
	net_unlock();
	return 0;
}

static int stream_shutdown(struct socket *s, int how)
{
	int err = 0;

	net_lock();
	if (s->state == STREAM_LISTENING && how != SHUT_WR) {
		listen_end(s);
	} else if (s->state != STREAM_CONNECTED) {
		err = -ENOTCONN;
	} else {
		if (how != SHUT_WR)
			s->shut_read = true;
		if (how != SHUT_RD && !s->shut_write) {
			s->shut_write = true;
			net_timer_tcp();
			if (s->pcb)
				tcp_shutdown(s->pcb, 0, 1);
		}
	}
	socket_wake(s, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLRDHUP | POLLHUP);
	net_unlock();
	return err;
}

static bool linger_done(struct socket *s)
{
	WRITE_ONCE(s->want_write, true);
	return !READ_ONCE(s->tx_first) || !READ_ONCE(s->pcb);
}

/* SO_LINGER: until what was sent is acknowledged, or the time is over. No lock. */
static void linger(struct socket *s)
{
	int err;

	net_lock();
	if (s->state == STREAM_CONNECTED && !s->shut_write && s->pcb) {
		s->shut_write = true;
		net_timer_tcp();
		tcp_shutdown(s->pcb, 0, 1);
	}
	net_unlock();
	wait_event(err, &s->file->wait, socket_deadline(s->linger_seconds * NSEC_PER_SEC),
		   linger_done(s));
	(void)err; /* the connection goes on closing behind our back, in any case */
}

/* The app lets go of the connection. Net lock. */
static void close_pcb(struct socket *s, bool unread)
{
	struct tcp_pcb *pcb = s->pcb;

	tcp_err(pcb, NULL);
	if (pcb->state == TIME_WAIT) {
		detach(s);
	} else if ((s->linger && !s->linger_seconds) || (unread && pcb->state > ESTABLISHED)) {
		tcp_abort(pcb);
	} else {
		tcp_recv(pcb, NULL);
		net_timer_tcp();
		tcp_close(pcb); /* with unread data it resets */
	}
}

static void stream_close(struct socket *s)
{
	bool unread;

	if (s->linger && s->linger_seconds && READ_ONCE(s->tx_first))
		linger(s);
	net_lock();
	s->file = NULL;
	unread = s->rx_bytes;
	stream_drop_received(s);
	if (s->state == STREAM_LISTENING)
		listen_end(s);
	else if (s->pcb)
		close_pcb(s, unread);
	net_unlock();
}

/* ---- poll ---- */

/* As Linux's tcp_poll(). */
static uint32_t stream_poll(struct socket *s)
{
	bool no_read = s->shut_read || s->fin, no_write = s->shut_write;
	uint32_t events = s->error ? POLLERR : 0;

	if (s->state == STREAM_LISTENING)
		return s->accepts ? POLLIN | POLLRDNORM : 0;
	if (s->state == STREAM_DEAD || (s->state == STREAM_IDLE && s->fin))
		no_read = no_write = true;
	if ((no_read && no_write) || s->state == STREAM_IDLE)
		events |= POLLHUP;
	if (no_read)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (s->state == STREAM_CONNECTING)
		return events;
	if (s->rx_bytes)
		events |= POLLIN | POLLRDNORM;
	if (no_write || s->state == STREAM_IDLE)
		return events | POLLOUT | POLLWRNORM;
	return events | stream_writable(s);
}

static size_t stream_readable(struct socket *s)
{
	return s->rx_bytes;
}

const struct socket_ops stream_ops = {
	.bind = stream_bind,
	.connect = stream_connect,
	.disconnect = stream_disconnect,
	.send = stream_send,
	.recv = stream_recv,
	.shutdown = stream_shutdown,
	.poll = stream_poll,
	.readable = stream_readable,
	.close = stream_close,
};
