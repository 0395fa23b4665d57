/* SPDX-License-Identifier: MIT */
/* Waiting: each is one system call. */
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include "cancel.h"

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return (int)SYSCALL_CANCEL(SYS_poll, fds, n, timeout_ms);
}

/* The core may write back what is left of the time; POSIX wants the caller's untouched. */
static long poll_raw(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		     const sigset_t *mask)
{
	struct timespec copy;

	if (timeout)
		copy = *timeout;
	return cancellable5(SYS_ppoll, (long)fds, (long)n, (long)(timeout ? &copy : NULL),
			    (long)mask, sizeof(*mask));
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	return (int)cancellable_result(poll_raw(fds, n, timeout, mask));
}

/* The core tells what is left of the time, as Linux's does. */
int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	   struct timeval *restrict timeout)
{
	return (int)SYSCALL_CANCEL(SYS_select, n, r, w, e, timeout);
}

int pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	    const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	const long pair[2] = {(long)mask, sizeof(*mask)};
	struct timespec copy;

	if (timeout)
		copy = *timeout;
	return (int)SYSCALL_CANCEL(SYS_pselect6, n, r, w, e, timeout ? &copy : NULL, pair);
}
