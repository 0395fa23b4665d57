/* SPDX-License-Identifier: MIT */
/* BSD sockets: each is one system call. */
#include <stddef.h>
#include <sys/socket.h>
#include "cancel.h"

int socket(int domain, int type, int protocol)
{
	return (int)SYSCALL(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return (int)SYSCALL(NR_socketpair, domain, type, protocol, fds);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)SYSCALL(SYS_bind, fd, addr, len);
}

int listen(int fd, int backlog)
{
	return (int)SYSCALL(SYS_listen, fd, backlog);
}

int accept(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	return (int)SYSCALL_CANCEL(SYS_accept, fd, addr, len);
}

int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
	return (int)SYSCALL_CANCEL(SYS_accept4, fd, addr, len, flags);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)SYSCALL_CANCEL(SYS_connect, fd, addr, len);
}

int shutdown(int fd, int how)
{
	return (int)SYSCALL(SYS_shutdown, fd, how);
}

int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	return (int)SYSCALL(SYS_getsockname, fd, addr, len);
}

int getpeername(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	return (int)SYSCALL(SYS_getpeername, fd, addr, len);
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	return (int)SYSCALL(SYS_getsockopt, fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return (int)SYSCALL(SYS_setsockopt, fd, level, name, value, len);
}

ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
	       socklen_t len)
{
	return SYSCALL_CANCEL(SYS_sendto, fd, buf, n, flags, addr, len);
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	return SYSCALL_CANCEL(SYS_sendto, fd, buf, n, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return SYSCALL_CANCEL(SYS_sendmsg, fd, msg, flags);
}

ssize_t recvfrom(int fd, void *restrict buf, size_t n, int flags, struct sockaddr *restrict addr,
		 socklen_t *restrict len)
{
	return SYSCALL_CANCEL(SYS_recvfrom, fd, buf, n, flags, addr, len);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	return SYSCALL_CANCEL(SYS_recvfrom, fd, buf, n, flags, NULL, NULL);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	return SYSCALL_CANCEL(SYS_recvmsg, fd, msg, flags);
}
