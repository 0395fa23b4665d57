// SPDX-License-Identifier: MIT
/*
 * Sending on a stream. The app's bytes are copied into blocks while no lock is held: blocks that
 * only this writer has, or the open end of the last one, which it takes for itself meanwhile. Then
 * lwIP is told of them, without a copy. txblock.h says how long they live.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/page.h>

#include "socket.h"
#include "txblock.h"
#include "lwip/priv/tcp_priv.h"

#define CHUNK	   (64 * 1024) /* bytes copied before lwIP gets them */
#define PARTS	   (CHUNK / TX_BLOCK_ROOM + 2)
#define OPEN_LEAST 64 /* bytes: an end with less room is not worth keeping open */
#define QUEUE_MOST (TCP_SND_QUEUELEN * 3 / 4)

struct part {
	struct tx_block *block;
	uint16_t at, len; /* bytes data[at] to data[at + len - 1] */
};

unsigned tx_blocks;

/* What a connection may queue: little once all of them together hold a good part of memory. */
static size_t send_limit(const struct socket *s)
{
	return tx_blocks < page_total() / 4 ? s->send_limit
					    : min(s->send_limit, (unsigned)TX_SCARCE);
}

/* Bytes that may be queued now, or -errno; a waiting error is taken unless keep. Net lock. */
static ssize_t send_room(struct socket *s, bool keep)
{
	size_t queued;

	if (s->error)
		return keep ? -s->error : socket_take_error(s);
	if (s->shut_write)
		return -EPIPE;
	if (s->state == STREAM_CONNECTING)
		return 0;
	if (s->state != STREAM_CONNECTED || !s->pcb)
		return -EPIPE;
	if (s->pcb->snd_queuelen >= QUEUE_MOST)
		return 0;
	queued = TCP_SND_BUF - s->pcb->snd_buf;
	return queued < send_limit(s) ? (ssize_t)(send_limit(s) - queued) : 0;
}

/* As Linux: when a third of the buffer is free. Remembers who asked in vain. */
uint32_t stream_writable(struct socket *s)
{
	if (s->pcb && s->pcb->snd_queuelen < QUEUE_MOST / 2) {
		size_t queued = TCP_SND_BUF - s->pcb->snd_buf;

		if (queued <= send_limit(s) / 3 * 2)
			return POLLOUT | POLLWRNORM;
	}
	s->want_write = true;
	return 0;
}

/* What ends a wait for room: looked at without the lock. */
static bool may_send(struct socket *s)
{
	bool may;

	net_lock();
	may = s->error || s->shut_write ||
	      (s->state != STREAM_CONNECTING &&
	       (s->state != STREAM_CONNECTED || !s->pcb || stream_writable(s)));
	net_unlock();
	return may;
}

/* Copies up to n bytes from the app; the count of parts, the last of which may be short. */
static unsigned fill(struct uio *u, size_t n, struct tx_block *open, struct part *part, int *err)
{
	unsigned parts = 0;

	while (n && parts < PARTS) {
		struct tx_block *b = open ? open : tx_block_new();
		size_t len;

		open = NULL;
		if (!b) {
			*err = -ENOMEM;
			break;
		}
		len = min(n, TX_BLOCK_ROOM - b->used);
		part[parts++] = (struct part){b, (uint16_t)b->used, (uint16_t)len};
		*err = uio_copy_from(u, b->data + b->used, len);
		if (*err) {
			part[parts - 1].len = 0;
			break;
		}
		b->used += (uint32_t)len;
		n -= len;
	}
	return parts;
}

static void queue_block(struct socket *s, struct tx_block *b)
{
	b->end = s->tx_written;
	if (b->queued)
		return;
	b->queued = true;
	b->refs++;
	b->next = NULL;
	if (s->tx_last)
		s->tx_last->next = b;
	else
		s->tx_first = b;
	s->tx_last = b;
}

/*
 * Gives the parts to lwIP; bytes it took, or -errno if none. With more to come, an unfilled segment
 * waits: for the next call, or TCP's slow tick. Net lock.
 */
static ssize_t commit(struct socket *s, const struct part *part, unsigned parts, bool more)
{
	ssize_t room = send_room(s, true), taken = 0;
	err_t err = ERR_OK;

	for (unsigned i = 0; i < parts && room > taken; i++) {
		const struct part *p = &part[i];
		bool last = i + 1 == parts;

		if (!p->len)
			continue;
		err = tcp_write(s->pcb, p->block->data + p->at, p->len,
				more || !last ? TCP_WRITE_FLAG_MORE : 0);
		if (err != ERR_OK)
			break;
		s->tx_written += p->len;
		queue_block(s, p->block);
		taken += p->len;
	}
	if (taken && (!more || (s->pcb->unsent && s->pcb->unsent->next)))
		tcp_output(s->pcb);
	s->reads = 0;
	if (taken)
		return taken;
	if (room < 0)
		return room;
	return err == ERR_OK || err == ERR_MEM ? -EAGAIN : net_errno(err);
}

/* The blocks go back: bytes lwIP did not take are forgotten, the last may stay open. Net lock. */
static void give_back(struct socket *s, const struct part *part, unsigned parts, ssize_t taken)
{
	for (unsigned i = 0; i < parts; i++) {
		struct tx_block *b = part[i].block;

		if (taken < part[i].len)
			b->used = part[i].at;
		taken = max(taken - part[i].len, (ssize_t)0);
		if (b->queued && !s->tx_open && TX_BLOCK_ROOM - b->used >= OPEN_LEAST)
			s->tx_open = b;
		tx_block_put(b);
	}
}

/* One round: what there is room for, at most a CHUNK. Bytes, or -errno. */
static ssize_t send_some(struct socket *s, struct uio *u, bool more, bool keep)
{
	struct part part[PARTS];
	struct uio before = *u;
	struct tx_block *open = NULL;
	unsigned parts;
	ssize_t n;
	int err = 0;

	net_lock();
	n = send_room(s, keep);
	if (n > 0) {
		open = s->tx_open;
		s->tx_open = NULL;
		if (open)
			open->refs++;
	} else {
		s->want_write = true;
	}
	net_unlock();
	if (n <= 0)
		return n ? n : -EAGAIN;
	n = (ssize_t)min(min((size_t)n, u->resid), (size_t)CHUNK);
	parts = fill(u, (size_t)n, open, part, &err);

	net_lock();
	net_timer_tcp();
	n = commit(s, part, parts, more);
	give_back(s, part, parts, n);
	net_unlock();
	*u = before;
	if (n > 0)
		uio_advance(u, (size_t)n);
	return n == -EAGAIN && err ? err : n;
}

/* All of it, unless an error or a signal comes. */
static ssize_t send_all(struct socket *s, struct uio *u, unsigned flags)
{
	uint64_t deadline = 0;
	size_t total = u->resid;
	ssize_t n;
	int err;

	do {
		n = send_some(s, u, (flags & MSG_MORE) || s->cork, u->resid < total);
		if (n > 0)
			continue;
		if (n == -EAGAIN && !socket_nonblock(s, flags)) {
			if (!deadline)
				deadline = socket_deadline(s->send_timeout);
			wait_event(err, &s->file->wait, deadline, may_send(s));
			if (!err)
				continue;
			n = socket_wait_error(err, s->send_timeout);
		}
		return u->resid < total ? (ssize_t)(total - u->resid) : n;
	} while (u->resid);
	return (ssize_t)total;
}

ssize_t stream_send(struct socket *s, struct uio *u, unsigned flags, const struct endpoint *to)
{
	ssize_t n;

	(void)to;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (u->resid) {
		n = send_all(s, u, flags);
	} else {
		/* Nothing to send may still find an error. */
		net_lock();
		n = min(send_room(s, false), (ssize_t)0);
		net_unlock();
	}
	if (n == -EPIPE && !(flags & MSG_NOSIGNAL))
		signal_send_self(SIGPIPE);
	return n;
}

err_t stream_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct socket *s = arg;
	struct tx_block *b;

	(void)pcb;
	s->tx_acked += len;
	while ((b = s->tx_first) && b->end <= s->tx_acked) {
		s->tx_first = b->next;
		b->queued = false;
		if (s->tx_open == b)
			s->tx_open = NULL;
		tx_block_put(b);
	}
	if (!s->tx_first)
		s->tx_last = NULL;
	if (s->want_write) {
		s->want_write = false;
		if (stream_writable(s) || (s->shut_write && !s->tx_first))
			socket_wake(s, POLLOUT | POLLWRNORM);
	}
	return ERR_OK;
}

void stream_drop_sent(struct socket *s)
{
	struct tx_block *b;

	s->tx_open = NULL;
	while ((b = s->tx_first)) {
		s->tx_first = b->next;
		b->queued = false;
		tx_block_put(b);
	}
	s->tx_last = NULL;
}
