/* SPDX-License-Identifier: MIT */
/* Waiting for several descriptors, in Linux's layout. */
#ifndef _POLL_H
#define _POLL_H

#include <sys/cdefs.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <abi/poll.h>

#if !defined(_SIGSET_T_DECLARED)
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

typedef unsigned long nfds_t;

struct pollfd {
	int fd;
	short events;
	short revents;
};

__BEGIN_DECLS
int poll(struct pollfd *fds, nfds_t n, int timeout_ms);
#if __GNU_VISIBLE || __POSIX_VISIBLE >= 202405
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);
#endif
__END_DECLS

#endif
