// SPDX-License-Identifier: MIT
/* Socket options: what is set is in effect, and what is asked for is what holds. */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/string.h>
#include <core/time.h>

#include "socket.h"
#include "lwip/udp.h"

#define IP_TOS 1
#define IP_TTL 2

#define BUFFER_LEAST 4608 /* bytes, as on Linux */

struct abi_linger {
	int onoff, seconds;
};

static int timeout_from(const void *val, unsigned len, uint64_t *out)
{
	struct abi_timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, val, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	*out = tv.tv_sec < 0
		       ? 1
		       : (uint64_t)tv.tv_sec * NSEC_PER_SEC + (uint64_t)tv.tv_usec * NSEC_PER_USEC;
	if (tv.tv_sec >= 0 && (uint64_t)tv.tv_sec > TIME_NEVER / NSEC_PER_SEC / 2)
		*out = 0;
	return 0;
}

static void timeout_to(uint64_t ns, void *val, unsigned *len)
{
	struct abi_timeval tv = {(long)(ns / NSEC_PER_SEC),
				 (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};

	*len = min(*len, (unsigned)sizeof(tv));
	memcpy(val, &tv, *len);
}

/* Linux doubles what is asked for, to leave room for its own needs; so does this, up to the most. */
static unsigned buffer_size(int v, unsigned most)
{
	unsigned size = v < 0 || (unsigned)v > most / 2 ? most : (unsigned)v * 2;

	return max(size, min((unsigned)BUFFER_LEAST, most));
}

static int set_linger(struct socket *s, const void *val, unsigned len)
{
	struct abi_linger l;

	if (len < sizeof(l))
		return -EINVAL;
	memcpy(&l, val, sizeof(l));
	s->linger = l.onoff;
	s->linger_seconds = l.seconds < 0 ? 0 : (unsigned)min(l.seconds, 3600);
	return 0;
}

static int set_socket(struct socket *s, int name, int v, const void *val, unsigned len)
{
	bool stream = s->type == SOCK_STREAM;

	switch (name) {
	case SO_REUSEADDR:
		s->reuse = v;
		break;
	case SO_BROADCAST:
		s->broadcast = v;
		break;
	case SO_KEEPALIVE:
		s->keepalive = v;
		break;
	case SO_LINGER:
		return set_linger(s, val, len);
	case SO_SNDBUF:
		s->send_limit = buffer_size(v, stream ? TCP_SND_BUF : 1U << 20);
		break;
	case SO_RCVBUF: /* TCP's window is the same for all connections */
		if (!stream)
			s->receive_limit = buffer_size(v, 1U << 20);
		break;
	case SO_RCVTIMEO:
		return timeout_from(val, len, &s->receive_timeout);
	case SO_SNDTIMEO:
		return timeout_from(val, len, &s->send_timeout);
	case SO_OOBINLINE:
	case SO_DONTROUTE:
		return v ? -EOPNOTSUPP : 0;
	case SO_TYPE:
	case SO_ERROR:
	case SO_ACCEPTCONN:
	case SO_DOMAIN:
	case SO_PROTOCOL:
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

static int set_tcp(struct socket *s, int name, int v)
{
	switch (name) {
	case TCP_NODELAY:
		s->nodelay = v;
		break;
	case TCP_CORK:
		s->cork = v;
		break;
	case TCP_KEEPIDLE:
	case TCP_KEEPINTVL:
		if (v < 1 || v > 32767)
			return -EINVAL;
		*(name == TCP_KEEPIDLE ? &s->keep_idle : &s->keep_interval) = (unsigned)v;
		break;
	case TCP_KEEPCNT:
		if (v < 1 || v > 127)
			return -EINVAL;
		s->keep_count = (unsigned)v;
		break;
	case TCP_QUICKACK: /* a wish, and acknowledgements are quick enough */
		break;
	default:
		return -ENOPROTOOPT;
	}
	/* What waited for a full segment goes now; stream_options() then sets Nagle's algorithm anew. */
	if (s->pcb && s->state == STREAM_CONNECTED && ((name == TCP_CORK && !v) || s->nodelay)) {
		tcp_nagle_disable(s->pcb);
		tcp_output(s->pcb);
	}
	return 0;
}

static int set_ip(struct socket *s, int name, int v)
{
	if (name != IP_TTL && name != IP_TOS)
		return -ENOPROTOOPT;
	if (name == IP_TTL && v == -1)
		v = IP_DEFAULT_TTL;
	if (v < (name == IP_TTL) || v > 255)
		return -EINVAL;
	if (s->type == SOCK_STREAM && stream_pcb(s))
		return -ENOBUFS;
	if (s->type == SOCK_STREAM)
		*(name == IP_TTL ? &s->pcb->ttl : &s->pcb->tos) = (u8_t)v;
	else
		*(name == IP_TTL ? &s->udp->ttl : &s->udp->tos) = (u8_t)v;
	return 0;
}

int socket_set_option(struct socket *s, int level, int name, const void *val, unsigned len)
{
	int v, err;

	if (len < sizeof(v))
		return -EINVAL;
	memcpy(&v, val, sizeof(v));
	net_lock();
	if (level == SOL_SOCKET)
		err = set_socket(s, name, v, val, len);
	else if (level == IPPROTO_TCP && s->type == SOCK_STREAM)
		err = set_tcp(s, name, v);
	else if (level == IPPROTO_IP)
		err = set_ip(s, name, v);
	else
		err = -ENOPROTOOPT;
	if (!err && s->type == SOCK_STREAM)
		stream_options(s);
	net_unlock();
	return err;
}

static int get_socket(struct socket *s, int name, int *v)
{
	switch (name) {
	case SO_REUSEADDR:
		*v = s->reuse;
		break;
	case SO_TYPE:
		*v = s->type;
		break;
	case SO_ERROR:
		*v = -socket_take_error(s);
		break;
	case SO_BROADCAST:
		*v = s->broadcast;
		break;
	case SO_SNDBUF:
		*v = (int)s->send_limit;
		break;
	case SO_RCVBUF:
		*v = (int)s->receive_limit;
		break;
	case SO_KEEPALIVE:
		*v = s->keepalive;
		break;
	case SO_ACCEPTCONN:
		*v = s->state == STREAM_LISTENING;
		break;
	case SO_DOMAIN:
		*v = AF_INET;
		break;
	case SO_PROTOCOL:
		*v = s->protocol;
		break;
	case SO_OOBINLINE:
	case SO_DONTROUTE:
		*v = 0;
		break;
	case SO_RCVLOWAT:
	case SO_SNDLOWAT:
		*v = 1;
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

static int get_tcp(struct socket *s, int name, int *v)
{
	switch (name) {
	case TCP_NODELAY:
		*v = s->nodelay;
		break;
	case TCP_CORK:
		*v = s->cork;
		break;
	case TCP_MAXSEG:
		*v = s->pcb && s->state == STREAM_CONNECTED ? s->pcb->mss : 536;
		break;
	case TCP_KEEPIDLE:
		*v = (int)(s->keep_idle ? s->keep_idle : 7200);
		break;
	case TCP_KEEPINTVL:
		*v = (int)(s->keep_interval ? s->keep_interval : 75);
		break;
	case TCP_KEEPCNT:
		*v = (int)(s->keep_count ? s->keep_count : 9);
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

static int get_ip(struct socket *s, int name, int *v)
{
	if (name != IP_TTL && name != IP_TOS)
		return -ENOPROTOOPT;
	if (s->type == SOCK_STREAM && stream_pcb(s))
		return -ENOBUFS;
	if (s->type == SOCK_STREAM)
		*v = name == IP_TTL ? s->pcb->ttl : s->pcb->tos;
	else
		*v = name == IP_TTL ? s->udp->ttl : s->udp->tos;
	return 0;
}

static int get_linger(const struct socket *s, void *val, unsigned *len)
{
	struct abi_linger l = {s->linger, (int)s->linger_seconds};

	*len = min(*len, (unsigned)sizeof(l));
	memcpy(val, &l, *len);
	return 0;
}

int socket_get_option(struct socket *s, int level, int name, void *val, unsigned *len)
{
	int v = 0, err;

	if (level == SOL_SOCKET && name == SO_LINGER)
		return get_linger(s, val, len);
	if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		timeout_to(name == SO_RCVTIMEO ? s->receive_timeout : s->send_timeout, val, len);
		return 0;
	}
	net_lock();
	if (level == SOL_SOCKET)
		err = get_socket(s, name, &v);
	else if (level == IPPROTO_TCP && s->type == SOCK_STREAM)
		err = get_tcp(s, name, &v);
	else if (level == IPPROTO_IP)
		err = get_ip(s, name, &v);
	else
		err = -ENOPROTOOPT;
	net_unlock();
	*len = min(*len, (unsigned)sizeof(v));
	memcpy(val, &v, *len);
	return err;
}
