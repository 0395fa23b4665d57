// SPDX-License-Identifier: MIT
/* The socket system calls: they bring arguments in and results out, and check them. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/heap.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "socket.h"

/* ---- addresses ---- */

/* 0, or -errno; -EAFNOSUPPORT with *family set if it is another family's. */
static int addr_in(const void __user *addr, unsigned len, struct endpoint *e, unsigned *family)
{
	struct abi_sockaddr_in sin;

	memset(&sin, 0, sizeof(sin));
	if (len < sizeof(sin.sin_family) || len > 128)
		return -EINVAL;
	if (copy_from_user(&sin, addr, min((size_t)len, sizeof(sin))))
		return -EFAULT;
	*family = sin.sin_family;
	if (sin.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	if (len < sizeof(sin))
		return -EINVAL;
	e->ip.addr = sin.sin_addr;
	e->port = lwip_ntohs(sin.sin_port);
	return 0;
}

/* Writes as much of the address as fits at addr, and its true length at *len. */
static int addr_out(const struct endpoint *e, void __user *addr, unsigned __user *len)
{
	struct abi_sockaddr_in sin;
	unsigned room, size = sizeof(sin);

	if (!addr)
		return 0;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = lwip_htons(e->port);
	sin.sin_addr = e->ip.addr;
	if (copy_from_user(&room, len, sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	if (copy_to_user(addr, &sin, min(room, size)) || copy_to_user(len, &size, sizeof(size)))
		return -EFAULT;
	return 0;
}

/* ---- sockets ---- */

long sys_socket(int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), err;
	struct socket *s;
	struct file *f;

	if (domain != AF_INET)
		return -EAFNOSUPPORT;
	if (kind != SOCK_STREAM && kind != SOCK_DGRAM)
		return kind == SOCK_RAW || kind == SOCK_SEQPACKET ? -ESOCKTNOSUPPORT : -EINVAL;
	if (protocol && protocol != (kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
		return -EPROTONOSUPPORT;
	s = socket_new(kind);
	if (!s)
		return -ENOMEM;
	err = kind == SOCK_DGRAM ? datagram_init(s) : 0;
	if (err) {
		socket_put(s);
		return err;
	}
	f = socket_file(s, type & SOCK_NONBLOCK);
	if (!f) {
		s->ops->close(s);
		socket_put(s);
		return -ENOMEM;
	}
	err = fd_install(f, 0, type & SOCK_CLOEXEC);
	if (err < 0)
		file_put(f);
	return err;
}

long sys_bind(int fd, const void __user *addr, unsigned len)
{
	struct endpoint e;
	struct socket *s;
	struct file *f;
	unsigned family;
	int err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	err = addr_in(addr, len, &e, &family);
	if (!err)
		err = s->ops->bind(s, &e);
	file_put(f);
	return err;
}

long sys_connect(int fd, const void __user *addr, unsigned len)
{
	struct endpoint e;
	struct socket *s;
	struct file *f;
	unsigned family = AF_INET;
	int err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	err = addr_in(addr, len, &e, &family);
	if (!err)
		err = s->ops->connect(s, &e, socket_nonblock(s, 0));
	else if (err == -EAFNOSUPPORT && family == AF_UNSPEC)
		err = s->ops->disconnect(s);
	file_put(f);
	return err;
}

long sys_listen(int fd, int backlog)
{
	struct socket *s;
	struct file *f;
	int err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	err = s->type == SOCK_STREAM ? stream_listen(s, backlog) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

/* A descriptor for a connection just accepted, whose reference it takes over. */
static long install_child(struct socket *listener, struct socket *child, void __user *addr,
			  unsigned __user *len, int flags)
{
	struct file *f = socket_file(child, flags & SOCK_NONBLOCK);
	long err;

	if (!f) {
		stream_unaccept(listener, child);
		return -ENOMEM;
	}
	err = addr_out(&child->peer, addr, len);
	if (!err)
		err = fd_install(f, 0, flags & SOCK_CLOEXEC);
	if (err < 0)
		file_put(f);
	return err;
}

long sys_accept4(int fd, void __user *addr, unsigned __user *len, int flags)
{
	struct socket *s, *child;
	struct file *f;
	long err;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	err = socket_of_fd(fd, &f, &s);
	if (err)
		return err;
	err = -EOPNOTSUPP;
	if (s->type == SOCK_STREAM)
		err = stream_accept(s, socket_nonblock(s, 0), &child);
	if (!err)
		err = install_child(s, child, addr, len, flags);
	file_put(f);
	return err;
}

long sys_accept(int fd, void __user *addr, unsigned __user *len)
{
	return sys_accept4(fd, addr, len, 0);
}

long sys_shutdown(int fd, int how)
{
	struct socket *s;
	struct file *f;
	int err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	err = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : s->ops->shutdown(s, how);
	file_put(f);
	return err;
}

static long get_name(int fd, void __user *addr, unsigned __user *len, bool peer)
{
	struct endpoint e;
	struct socket *s;
	struct file *f;
	int err = socket_of_fd(fd, &f, &s);
	bool connected;

	if (err)
		return err;
	net_lock();
	e = peer ? s->peer : s->local;
	connected = s->type == SOCK_STREAM ? s->state == STREAM_CONNECTED : s->connected;
	net_unlock();
	file_put(f);
	if (peer && !connected)
		return -ENOTCONN;
	return addr ? addr_out(&e, addr, len) : -EFAULT;
}

long sys_getsockname(int fd, void __user *addr, unsigned __user *len)
{
	return get_name(fd, addr, len, false);
}

long sys_getpeername(int fd, void __user *addr, unsigned __user *len)
{
	return get_name(fd, addr, len, true);
}

/* ---- data ---- */

static long send_to(struct socket *s, struct uio *u, int flags, const void __user *addr,
		    unsigned len)
{
	struct endpoint e;
	unsigned family;
	int err = addr ? addr_in(addr, len, &e, &family) : 0;

	return err ? err : s->ops->send(s, u, (unsigned)flags, addr ? &e : NULL);
}

long sys_sendto(int fd, const void __user *buf, size_t n, int flags, const void __user *addr,
		unsigned len)
{
	struct socket *s;
	struct file *f;
	struct uio u;
	long ret = socket_of_fd(fd, &f, &s);

	if (ret)
		return ret;
	ret = uio_init(&u, (void __user *)buf, n);
	if (!ret)
		ret = send_to(s, &u, flags, addr, len);
	file_put(f);
	return ret;
}

long sys_recvfrom(int fd, void __user *buf, size_t n, int flags, void __user *addr,
		  unsigned __user *len)
{
	struct endpoint from = {0};
	unsigned out_flags = 0;
	struct socket *s;
	struct file *f;
	struct uio u;
	long ret = socket_of_fd(fd, &f, &s), err = 0;

	if (ret)
		return ret;
	ret = uio_init(&u, buf, n);
	if (!ret)
		ret = s->ops->recv(s, &u, (unsigned)flags, &from, &out_flags);
	if (ret >= 0 && s->type == SOCK_DGRAM)
		err = addr_out(&from, addr, len);
	file_put(f);
	return err ? err : ret;
}

long sys_sendmsg(int fd, const struct abi_msghdr __user *msg, int flags)
{
	struct iovec fast[UIO_FAST], *heap = NULL;
	struct abi_msghdr m;
	struct socket *s;
	struct file *f;
	struct uio u;
	long ret = socket_of_fd(fd, &f, &s);

	if (ret)
		return ret;
	ret = -EFAULT;
	if (copy_from_user(&m, msg, sizeof(m)))
		goto out;
	ret = m.msg_iovlen > UIO_MAXIOV ? -EMSGSIZE : m.msg_controllen ? -EOPNOTSUPP : 0;
	if (!ret)
		ret = uio_import(&u, m.msg_iov, (unsigned)m.msg_iovlen, fast, &heap);
	if (ret)
		goto out;
	ret = send_to(s, &u, flags, m.msg_name, m.msg_namelen);
	kfree(heap);
out:
	file_put(f);
	return ret;
}

/* What recvmsg() tells beside the data. */
static int msg_out(struct abi_msghdr __user *msg, const struct abi_msghdr *m,
		   const struct endpoint *from, unsigned out_flags, bool named)
{
	unsigned zero_len = 0;
	size_t zero = 0;
	int err = 0;

	/* The app's structure may lie at any address: no member of it is named in C. */
#define FIELD(msg, name) ((void __user *)((uintptr_t)(msg) + offsetof(struct abi_msghdr, name)))
	if (m->msg_name && named)
		err = addr_out(from, m->msg_name, FIELD(msg, msg_namelen));
	else if (m->msg_name)
		err = copy_to_user(FIELD(msg, msg_namelen), &zero_len, sizeof(zero_len));
	if (!err)
		err = copy_to_user(FIELD(msg, msg_controllen), &zero, sizeof(zero));
	if (!err)
		err = copy_to_user(FIELD(msg, msg_flags), &out_flags, sizeof(out_flags));
	return err;
}

long sys_recvmsg(int fd, struct abi_msghdr __user *msg, int flags)
{
	struct iovec fast[UIO_FAST], *heap = NULL;
	struct endpoint from = {0};
	struct abi_msghdr m;
	unsigned out_flags = 0;
	struct socket *s;
	struct file *f;
	struct uio u;
	long ret = socket_of_fd(fd, &f, &s);
	int err = 0;

	if (ret)
		return ret;
	ret = -EFAULT;
	if (copy_from_user(&m, msg, sizeof(m)))
		goto out;
	ret = m.msg_iovlen > UIO_MAXIOV
		      ? -EMSGSIZE
		      : uio_import(&u, m.msg_iov, (unsigned)m.msg_iovlen, fast, &heap);
	if (ret)
		goto out;
	ret = s->ops->recv(s, &u, (unsigned)flags, &from, &out_flags);
	kfree(heap);
	if (ret >= 0)
		err = msg_out(msg, &m, &from, out_flags, s->type == SOCK_DGRAM);
out:
	file_put(f);
	return err ? err : ret;
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int name, const void __user *val, unsigned len)
{
	uint64_t value[SOCKOPT_MAX / 8];
	struct socket *s;
	struct file *f;
	long err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	if ((int)len < 0)
		err = -EINVAL;
	else if (copy_from_user(value, val, min((size_t)len, sizeof(value))))
		err = -EFAULT;
	else
		err = socket_set_option(s, level, name, value, min(len, (unsigned)sizeof(value)));
	file_put(f);
	return err;
}

long sys_getsockopt(int fd, int level, int name, void __user *val, unsigned __user *len)
{
	uint64_t value[SOCKOPT_MAX / 8];
	struct socket *s;
	struct file *f;
	unsigned n;
	long err = socket_of_fd(fd, &f, &s);

	if (err)
		return err;
	if (copy_from_user(&n, len, sizeof(n))) {
		err = -EFAULT;
	} else if ((int)n < 0) {
		err = -EINVAL;
	} else {
		n = min(n, (unsigned)sizeof(value));
		err = socket_get_option(s, level, name, value, &n);
		if (!err && (copy_to_user(val, value, n) || copy_to_user(len, &n, sizeof(n))))
			err = -EFAULT;
	}
	file_put(f);
	return err;
}
