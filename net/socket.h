/* SPDX-License-Identifier: MIT */
/*
 * Sockets as files. socket.c owns what all kinds share, stream.c is TCP, datagram.c is UDP,
 * sockopt.c the options, syscall.c the calls. All fields are the net lock's; what a sleeper looks at
 * without it is read with READ_ONCE. A socket is counted: its file holds it, and for TCP its control
 * block, so it outlives close() until the last byte is acknowledged.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <abi/fcntl.h>
#include <abi/socket.h>
#include <core/file.h>
#include <core/list.h>
#include <core/uio.h>

#include "net.h"

struct udp_pcb;
struct tx_block;
struct socket;

/* An address and port in network byte order: what the core keeps of a struct sockaddr_in. */
struct endpoint {
	ip4_addr_t ip;
	u16_t port; /* host byte order */
};

/* What a kind of socket does. Called without the net lock; errors are -errno. */
struct socket_ops {
	int (*bind)(struct socket *s, const struct endpoint *e);
	int (*connect)(struct socket *s, const struct endpoint *e, bool nonblock);
	int (*disconnect)(struct socket *s);
	/* to may be NULL; flags are MSG_*. */
	ssize_t (*send)(struct socket *s, struct uio *u, unsigned flags, const struct endpoint *to);
	/* Fills *from (if it is not a stream) and adds to *out_flags. */
	ssize_t (*recv)(struct socket *s, struct uio *u, unsigned flags, struct endpoint *from,
			unsigned *out_flags);
	int (*shutdown)(struct socket *s, int how);
	uint32_t (*poll)(struct socket *s);
	/* Bytes that a read would give now. */
	size_t (*readable)(struct socket *s);
	/* The file is gone. May sleep (SO_LINGER). */
	void (*close)(struct socket *s);
};

enum stream_state {
	STREAM_IDLE, /* new, perhaps bound */
	STREAM_CONNECTING,
	STREAM_CONNECTED,
	STREAM_LISTENING,
	STREAM_DEAD, /* it was connected */
};

struct socket {
	const struct socket_ops *ops;
	struct file *file; /* NULL before accept() and after close() */
	unsigned refs;
	int type, protocol;
	int error; /* errno for the next call, SO_ERROR */
	bool shut_read, shut_write;
	bool want_write; /* a poller or sleeper found no room: wake it when there is */
	bool reuse, broadcast, keepalive, nodelay, cork, linger;
	unsigned linger_seconds, keep_idle, keep_interval, keep_count; /* 0: the default */
	unsigned send_limit, receive_limit;			       /* bytes */
	uint64_t receive_timeout, send_timeout;			       /* ns; 0 none */
	struct endpoint local, peer;

	/* TCP */
	enum stream_state state;
	struct tcp_pcb *pcb;		 /* NULL before the first use, and when lwIP has freed it */
	bool fin;			 /* the peer sends no more */
	struct pbuf *rx_first, *rx_last; /* chained by next; tot_len means nothing here */
	size_t rx_bytes;
	struct tx_block *tx_first, *tx_last; /* queued, oldest first */
	struct tx_block *tx_open;	     /* one of them with room, which no writer fills now */
	unsigned reads;			     /* that took all there was, since the last send */
	uint64_t tx_written, tx_acked;	     /* bytes in this socket's life */
	struct list accept_node;	     /* in the listener's queue */
	struct list accept_queue;	     /* connections nobody took yet */
	unsigned accepts, backlog, embryos;  /* embryos: handshakes not finished */

	/* UDP */
	struct udp_pcb *udp;
	struct list datagrams;
	size_t datagram_bytes; /* with what each costs */
	bool connected;
};

/* socket.c */

/* A new socket with one reference, or NULL. */
struct socket *socket_new(int type);
static inline void socket_get(struct socket *s)
{
	s->refs++;
}
void socket_put(struct socket *s);
/* A file for s, which takes over the caller's reference; NULL: no memory, the reference is kept. */
struct file *socket_file(struct socket *s, unsigned flags);
/* The socket of fd with a reference on its file (file_put() it), or -EBADF, -ENOTSOCK. */
int socket_of_fd(int fd, struct file **f, struct socket **s);
/* Tells pollers and sleepers. */
void socket_wake(struct socket *s, uint32_t events);
/* The error that waits for the next call, taken: 0 or -errno. */
int socket_take_error(struct socket *s);
static inline bool socket_nonblock(const struct socket *s, unsigned flags)
{
	return (flags & MSG_DONTWAIT) || (READ_ONCE(s->file->flags) & O_NONBLOCK);
}
/* When a sleep with this timeout (ns, 0 none) ends. */
uint64_t socket_deadline(uint64_t timeout);
/*
 * What a call answers whose sleep ended in err: -EAGAIN at the deadline; when a signal came, the call
 * is made again, but not with a timeout, which would begin anew.
 */
int socket_wait_error(int err, uint64_t timeout);

/* stream.c, stream_send.c, stream_recv.c */
extern const struct socket_ops stream_ops;
/* A control block for s, with its options; 0 or -ENOBUFS. Net lock. */
int stream_pcb(struct socket *s);
/* Makes pcb and s each other's, with lwIP's callbacks; the block holds a reference on s. Net lock. */
void stream_attach(struct socket *s, struct tcp_pcb *pcb);
int stream_listen(struct socket *s, int backlog);
/* The next connection of a listener, with one reference. 0 or -errno. No lock. */
int stream_accept(struct socket *s, bool nonblock, struct socket **out);
/* Puts a connection that accept() could not hand out back to the front. No lock. */
void stream_unaccept(struct socket *s, struct socket *child);
/* Hands the options that lwIP keeps to the control block. Net lock. */
void stream_options(struct socket *s);

ssize_t stream_send(struct socket *s, struct uio *u, unsigned flags, const struct endpoint *to);
uint32_t stream_writable(struct socket *s);
/* lwIP's sent callback, and the end of all that is queued. */
err_t stream_sent(void *arg, struct tcp_pcb *pcb, u16_t len);
void stream_drop_sent(struct socket *s);

ssize_t stream_recv(struct socket *s, struct uio *u, unsigned flags, struct endpoint *from,
		    unsigned *out_flags);
err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
void stream_drop_received(struct socket *s);

/* datagram.c */
extern const struct socket_ops datagram_ops;
/* An ICMP message came; p begins with the IP header and stays the caller's. */
void datagram_icmp(struct pbuf *p, const struct netif *in);
int datagram_init(struct socket *s);

/* sockopt.c: one option, its value in core memory; *len is its size, in and out. 0 or -errno. */
#define SOCKOPT_MAX 16 /* bytes of the largest value */
int socket_set_option(struct socket *s, int level, int name, const void *val, unsigned len);
int socket_get_option(struct socket *s, int level, int name, void *val, unsigned *len);

#endif
