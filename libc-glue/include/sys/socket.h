/* SPDX-License-Identifier: MIT */
/* BSD sockets with Linux's numbers and layouts. */
#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <abi/socket.h>

#ifndef _SA_FAMILY_T_DECLARED
typedef __sa_family_t sa_family_t;
#define _SA_FAMILY_T_DECLARED
#endif
#ifndef _SOCKLEN_T_DECLARED
typedef __socklen_t socklen_t;
#define _SOCKLEN_T_DECLARED
#endif

#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX	  AF_UNIX
#define PF_INET	  AF_INET
#define PF_INET6  AF_INET6
#define AF_LOCAL  AF_UNIX
#define PF_LOCAL  AF_UNIX

struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};

struct sockaddr_storage {
	sa_family_t ss_family;
	char __padding[118];
	unsigned long __align;
};

struct linger {
	int l_onoff;
	int l_linger; /* seconds */
};

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};

struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level;
	int cmsg_type;
};

#define CMSG_ALIGN(n) (((n) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_DATA(c)  ((unsigned char *)((struct cmsghdr *)(c) + 1))
#define CMSG_SPACE(n) (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(n))
#define CMSG_LEN(n)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_FIRSTHDR(m)                                                                    \
	((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control \
						       : (struct cmsghdr *)0)
#define CMSG_NXTHDR(m, c)                                                                  \
	((c)->cmsg_len < sizeof(struct cmsghdr) ||                                         \
			 CMSG_ALIGN((c)->cmsg_len) + sizeof(struct cmsghdr) >              \
				 (size_t)((char *)(m)->msg_control + (m)->msg_controllen - \
					  (char *)(c))                                     \
		 ? (struct cmsghdr *)0                                                     \
		 : (struct cmsghdr *)((char *)(c) + CMSG_ALIGN((c)->cmsg_len)))

__BEGIN_DECLS
int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, int fds[2]);
int bind(int fd, const struct sockaddr *addr, socklen_t len);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len);
#if __GNU_VISIBLE || __BSD_VISIBLE || __POSIX_VISIBLE >= 202405
int accept4(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len, int flags);
#endif
int connect(int fd, const struct sockaddr *addr, socklen_t len);
int shutdown(int fd, int how);
int getsockname(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len);
int getpeername(int fd, struct sockaddr *__restrict addr, socklen_t *__restrict len);
int getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict len);
int setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t send(int fd, const void *buf, size_t n, int flags);
ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
	       socklen_t len);
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t recv(int fd, void *buf, size_t n, int flags);
ssize_t recvfrom(int fd, void *__restrict buf, size_t n, int flags,
		 struct sockaddr *__restrict addr, socklen_t *__restrict len);
ssize_t recvmsg(int fd, struct msghdr *msg, int flags);
__END_DECLS

#endif
