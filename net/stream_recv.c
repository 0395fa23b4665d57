// SPDX-License-Identifier: MIT
/*
 * Receiving on a stream. What lwIP delivers is queued as it came, often in the driver's buffers. A
 * reader takes pieces off the queue under the net lock, copies them to the app without it, and then
 * frees them and opens the window; at a fault the rest goes back to the front.
 *
 * Tiny segments are gathered when the app is behind, so that what a peer can make us hold stays in
 * proportion to the window.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/heap.h>
#include <core/string.h>

#include "socket.h"
#include "lwip/priv/tcp_priv.h"

#define GATHER_BELOW 512  /* bytes: a segment this small is gathered if others wait already */
#define GATHER_SIZE  2048 /* bytes of a piece that gathers */

/* A piece of a pbuf that stays on the queue, or is held elsewhere. */
struct slice {
	struct pbuf_custom custom;
	struct pbuf *of;
};

static void slice_free(struct pbuf *p)
{
	struct slice *s = container_of(p, struct slice, custom.pbuf);

	pbuf_free(s->of);
	kfree(s);
}

static struct pbuf *slice_new(struct pbuf *of, size_t len)
{
	struct slice *s = kmalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->custom.custom_free_function = slice_free;
	s->of = of;
	pbuf_ref(of);
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)len, PBUF_REF, &s->custom, of->payload,
				   (u16_t)len);
}

/* Frees the pieces of a chain one by one: their tot_len do not add up. Net lock. */
static void free_chain(struct pbuf *p)
{
	while (p) {
		struct pbuf *next = p->next;

		p->next = NULL;
		p->tot_len = p->len;
		pbuf_free(p);
		p = next;
	}
}

void stream_drop_received(struct socket *s)
{
	free_chain(s->rx_first);
	s->rx_first = s->rx_last = NULL;
	s->rx_bytes = 0;
}

/* Up to n bytes off the queue, or (peek) a view of them; NULL if there are none or no memory. */
static struct pbuf *take(struct socket *s, size_t n, bool peek)
{
	struct pbuf *head = NULL, **end = &head, *from = s->rx_first;

	while (n && from) {
		struct pbuf *p = from, *next = from->next;

		if (peek || p->len > n) {
			p = slice_new(p, min(n, (size_t)p->len));
			if (!p)
				break;
		}
		if (!peek && p != from) {
			from->payload = (uint8_t *)from->payload + p->len;
			from->len = (u16_t)(from->len - p->len);
		} else if (!peek) {
			s->rx_first = next;
			if (!next)
				s->rx_last = NULL;
		}
		if (!peek)
			s->rx_bytes -= p->len;
		n -= p->len;
		from = next;
		p->next = NULL;
		*end = p;
		end = &p->next;
	}
	return head;
}

/* What a reader did not copy returns to the front. Net lock. */
static void put_back(struct socket *s, struct pbuf *p)
{
	struct pbuf *last = p;

	if (!p)
		return;
	for (; last; last = last->next) {
		s->rx_bytes += last->len;
		if (!last->next)
			break;
	}
	last->next = s->rx_first;
	if (!s->rx_first)
		s->rx_last = last;
	s->rx_first = p;
}

/* Copies the chain to the app; *copied is how far it came, *done the last piece copied. */
static int copy_out(struct uio *u, struct pbuf *p, unsigned flags, size_t *copied,
		    struct pbuf **done)
{
	int err = 0;

	*copied = 0;
	*done = NULL;
	for (; p && !err; p = p->next) {
		if (flags & MSG_TRUNC)
			uio_advance(u, p->len);
		else
			err = uio_copy_to(u, p->payload, p->len);
		if (err)
			break;
		*copied += p->len;
		*done = p;
	}
	return err;
}

/* The app has taken n bytes: tells the peer when that is worth a word. Net lock. */
static void open_window(struct socket *s, size_t n)
{
	if (!s->pcb || s->state != STREAM_CONNECTED || s->pcb->state == TIME_WAIT)
		return;
	while (n) {
		u16_t k = (u16_t)min(n, (size_t)UINT16_MAX);

		tcp_recved(s->pcb, k);
		n -= k;
	}
	/*
	 * A peer whose Nagle's algorithm waits for our acknowledgement gets it when all is read, not
	 * after the delay: unless the app answers each read, so that its answer carries it.
	 */
	if (!s->rx_bytes && s->reads++ && (s->pcb->flags & TF_ACK_DELAY)) {
		tcp_ack_now(s->pcb);
		tcp_output(s->pcb);
	}
}

/*
 * One round: what is there. Bytes, 0 at the end, -EAGAIN if nothing is there yet, or -errno; with
 * keep a waiting error is left for the next call.
 */
static ssize_t recv_some(struct socket *s, struct uio *u, unsigned flags, bool keep)
{
	bool peek = flags & MSG_PEEK;
	struct pbuf *chain, *done;
	size_t copied;
	ssize_t n;
	int err;

	net_lock();
	chain = take(s, u->resid, peek);
	if (!chain) {
		if (s->rx_bytes)
			n = -ENOMEM;
		else if (s->error)
			n = keep ? -s->error : socket_take_error(s);
		else if (s->fin || s->shut_read || s->state == STREAM_DEAD)
			n = 0;
		else if (s->state == STREAM_CONNECTED || s->state == STREAM_CONNECTING)
			n = -EAGAIN;
		else
			n = -ENOTCONN;
		net_unlock();
		return n;
	}
	net_unlock();
	err = copy_out(u, chain, flags, &copied, &done);

	net_lock();
	if (err && !peek) {
		put_back(s, done ? done->next : chain);
		if (done)
			done->next = NULL;
		else
			chain = NULL;
	}
	free_chain(chain);
	if (!peek)
		open_window(s, copied);
	net_unlock();
	return copied ? (ssize_t)copied : err;
}

static bool may_recv(const struct socket *s)
{
	return READ_ONCE(s->rx_bytes) || READ_ONCE(s->fin) || READ_ONCE(s->error) ||
	       READ_ONCE(s->shut_read) ||
	       (READ_ONCE(s->state) != STREAM_CONNECTED &&
		READ_ONCE(s->state) != STREAM_CONNECTING);
}

ssize_t stream_recv(struct socket *s, struct uio *u, unsigned flags, struct endpoint *from,
		    unsigned *out_flags)
{
	uint64_t deadline = 0;
	size_t got = 0;
	ssize_t n;
	int err;

	(void)from;
	(void)out_flags;
	if (flags & MSG_OOB)
		return -EINVAL;
	if (!u->resid)
		return 0;
	do {
		n = recv_some(s, u, flags, got);
		if (n > 0) {
			got += (size_t)n;
		} else if (n == -EAGAIN && !socket_nonblock(s, flags)) {
			if (!deadline)
				deadline = socket_deadline(s->receive_timeout);
			wait_event(err, &s->file->wait, deadline, may_recv(s));
			n = err ? socket_wait_error(err, s->receive_timeout) : 0;
			if (n)
				break;
		} else {
			break;
		}
	} while (!got || (u->resid && (flags & MSG_WAITALL) && !(flags & MSG_PEEK)));
	return got ? (ssize_t)got : n;
}

/* Bytes that fit behind the data of the last piece on the queue, if it is one that gathers. */
static size_t gather_room(const struct socket *s)
{
	const struct pbuf *p = s->rx_last;
	const uint8_t *start = (const uint8_t *)p + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf));

	if (p->type_internal != (u8_t)PBUF_RAM || !(p->flags & PBUF_FLAG_MCASTLOOP))
		return 0;
	return GATHER_SIZE - (size_t)((const uint8_t *)p->payload + p->len - start);
}

/* Appends p to a piece that gathers, begun if need be. False: it must be queued itself. */
static bool gather(struct socket *s, struct pbuf *p)
{
	struct pbuf *g = s->rx_last;

	if (gather_room(s) < p->tot_len) {
		g = pbuf_alloc(PBUF_RAW, GATHER_SIZE, PBUF_RAM);
		if (!g)
			return false;
		g->len = 0;
		g->flags |= PBUF_FLAG_MCASTLOOP;
		s->rx_last->next = g;
		s->rx_last = g;
	}
	pbuf_copy_partial(p, (uint8_t *)g->payload + g->len, p->tot_len, 0);
	g->len = (u16_t)(g->len + p->tot_len);
	return true;
}

/* Appends p's pieces; those of which only headers were used are empty, and go. */
static void append(struct socket *s, struct pbuf *p)
{
	for (struct pbuf *next; p; p = next) {
		next = p->next;
		p->next = NULL;
		p->tot_len = p->len;
		if (!p->len) {
			pbuf_free(p);
			continue;
		}
		if (s->rx_last)
			s->rx_last->next = p;
		else
			s->rx_first = p;
		s->rx_last = p;
	}
}

/* lwIP's recv callback: data in order, or NULL for the peer's FIN. */
err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct socket *s = arg;

	(void)pcb;
	(void)err;
	if (!p) {
		s->fin = true;
		socket_wake(s, POLLIN | POLLRDNORM | POLLRDHUP);
		return ERR_OK;
	}
	s->rx_bytes += p->tot_len;
	if (s->rx_last && p->tot_len < GATHER_BELOW && gather(s, p))
		pbuf_free(p);
	else
		append(s, p);
	socket_wake(s, POLLIN | POLLRDNORM);
	return ERR_OK;
}
