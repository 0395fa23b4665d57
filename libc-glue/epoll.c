/* SPDX-License-Identifier: MIT */
/* epoll: each is one system call. */
#include <signal.h>
#include <sys/epoll.h>
#include "cancel.h"

int epoll_create(int size)
{
	return (int)SYSCALL(SYS_epoll_create, size);
}

int epoll_create1(int flags)
{
	return (int)SYSCALL(SYS_epoll_create1, flags);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return (int)SYSCALL(SYS_epoll_ctl, epfd, op, fd, event);
}

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout_ms)
{
	return (int)SYSCALL_CANCEL(SYS_epoll_wait, epfd, events, maxevents, timeout_ms);
}

int epoll_pwait(int epfd, struct epoll_event *events, int maxevents, int timeout_ms,
		const sigset_t *mask)
{
	return (int)SYSCALL_CANCEL(SYS_epoll_pwait, epfd, events, maxevents, timeout_ms, mask,
				   sizeof(*mask));
}

int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
		 const struct timespec *timeout, const sigset_t *mask)
{
	return (int)SYSCALL_CANCEL(SYS_epoll_pwait2, epfd, events, maxevents, timeout, mask,
				   sizeof(*mask));
}
