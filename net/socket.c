// SPDX-License-Identifier: MIT
/* What all sockets share: their life, and the way from file operations to a kind of socket. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/stat.h>
#include <core/heap.h>
#include <core/time.h>
#include <core/uaccess.h>

#include "socket.h"

#define DATAGRAM_LIMIT 212992 /* bytes queued, as on Linux */

struct socket *socket_new(int type)
{
	struct socket *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->type = type;
	list_init(&s->accept_node);
	list_init(&s->accept_queue);
	list_init(&s->datagrams);
	if (type == SOCK_STREAM) {
		s->ops = &stream_ops;
		s->protocol = IPPROTO_TCP;
		s->send_limit = TCP_SND_BUF;
		s->receive_limit = TCP_WND;
	} else {
		s->ops = &datagram_ops;
		s->protocol = IPPROTO_UDP;
		s->send_limit = s->receive_limit = DATAGRAM_LIMIT;
	}
	return s;
}

void socket_put(struct socket *s)
{
	if (!--s->refs)
		kfree(s);
}

void socket_wake(struct socket *s, uint32_t events)
{
	if (s->file)
		file_wake(s->file, events);
}

int socket_take_error(struct socket *s)
{
	int e = s->error;

	s->error = 0;
	return -e;
}

uint64_t socket_deadline(uint64_t timeout)
{
	return timeout ? time_now() + timeout : TIME_NEVER;
}

int socket_wait_error(int err, uint64_t timeout)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -ERESTARTSYS && timeout ? -EINTR : err;
}

/* ---- file operations ---- */

static ssize_t socket_read(struct file *f, struct uio *u, off_t *pos)
{
	struct socket *s = f->private;
	unsigned out_flags = 0;
	struct endpoint from;

	(void)pos;
	if (!u->resid && s->type == SOCK_STREAM)
		return 0;
	return s->ops->recv(s, u, 0, &from, &out_flags);
}

static ssize_t socket_write(struct file *f, struct uio *u, off_t *pos)
{
	struct socket *s = f->private;

	(void)pos;
	return s->ops->send(s, u, 0, NULL);
}

static uint32_t socket_poll(struct file *f)
{
	struct socket *s = f->private;
	uint32_t events;

	net_lock();
	events = s->ops->poll(s);
	net_unlock();
	return events;
}

static int socket_stat(struct file *f, struct abi_stat *st)
{
	(void)f;
	st->st_mode = S_IFSOCK | 0777;
	st->st_nlink = 1;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

static long socket_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct socket *s = f->private;
	int v;

	switch (cmd) {
	case FIONREAD:
		if (s->state == STREAM_LISTENING)
			return -EINVAL;
		net_lock();
		v = (int)s->ops->readable(s);
		net_unlock();
		return copy_to_user((void __user *)arg, &v, sizeof(v));
	case FIONBIO:
		if (copy_from_user(&v, (void __user *)arg, sizeof(v)))
			return -EFAULT;
		if (v)
			__atomic_or_fetch(&f->flags, O_NONBLOCK, __ATOMIC_RELAXED);
		else
			__atomic_and_fetch(&f->flags, ~O_NONBLOCK, __ATOMIC_RELAXED);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void socket_release(struct file *f)
{
	struct socket *s = f->private;

	s->ops->close(s);
	net_lock();
	s->file = NULL;
	socket_put(s);
	net_unlock();
}

static const struct file_ops socket_file_ops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.stat = socket_stat,
	.ioctl = socket_ioctl,
	.release = socket_release,
};

struct file *socket_file(struct socket *s, unsigned flags)
{
	struct file *f = file_new(&socket_file_ops, s, O_RDWR | flags);

	if (!f)
		return NULL;
	net_lock();
	s->file = f;
	net_unlock();
	return f;
}

int socket_of_fd(int fd, struct file **f, struct socket **s)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	if ((*f)->ops != &socket_file_ops) {
		file_put(*f);
		return -ENOTSOCK;
	}
	*s = (*f)->private;
	return 0;
}
