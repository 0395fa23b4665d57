/* SPDX-License-Identifier: MIT */
/* select: 1024 descriptors at most in a set of this type, as on Linux. */
#ifndef _SYS_SELECT_H
#define _SYS_SELECT_H

#include <sys/cdefs.h>
#include <sys/_sigset.h>
#include <sys/_timeval.h>
#include <sys/timespec.h>

#if !defined(_SIGSET_T_DECLARED)
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define _SYS_TYPES_FD_SET
#define FD_SETSIZE 1024

typedef unsigned long __fd_mask;
#if __BSD_VISIBLE
typedef __fd_mask fd_mask;
#define NFDBITS 64
#endif

typedef struct fd_set {
	__fd_mask fds_bits[FD_SETSIZE / 64];
} fd_set;

#define FD_SET(n, p)   ((p)->fds_bits[(n) / 64] |= 1UL << ((n) % 64))
#define FD_CLR(n, p)   ((p)->fds_bits[(n) / 64] &= ~(1UL << ((n) % 64)))
#define FD_ISSET(n, p) (((p)->fds_bits[(n) / 64] >> ((n) % 64)) & 1)
#define FD_ZERO(p)     __builtin_memset((p), 0, sizeof(fd_set))

__BEGIN_DECLS
int select(int n, fd_set *__restrict r, fd_set *__restrict w, fd_set *__restrict e,
	   struct timeval *__restrict timeout);
int pselect(int n, fd_set *__restrict r, fd_set *__restrict w, fd_set *__restrict e,
	    const struct timespec *__restrict timeout, const sigset_t *__restrict mask);
__END_DECLS

#endif
