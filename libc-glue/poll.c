/* SPDX-License-Identifier: MIT */
/* Waiting: poll and ppoll are system calls, select and pselect are built on them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
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

static bool in_set(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

static nfds_t sets_to_poll(struct pollfd *fds, int n, const fd_set *r, const fd_set *w,
			   const fd_set *e)
{
	nfds_t used = 0;

	for (int fd = 0; fd < n; fd++) {
		short events = (short)((in_set(r, fd) ? POLLIN : 0) |
				       (in_set(w, fd) ? POLLOUT : 0) |
				       (in_set(e, fd) ? POLLPRI : 0));

		if (events)
			fds[used++] = (struct pollfd){.fd = fd, .events = events};
	}
	return used;
}

/* Counts and sets what became ready, or -1 with EBADF for a descriptor that is not open. */
static int poll_to_sets(const struct pollfd *fds, nfds_t used, fd_set *r, fd_set *w, fd_set *e)
{
	int ready = 0;

	for (nfds_t i = 0; i < used; i++)
		if (fds[i].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
	if (r)
		FD_ZERO(r);
	if (w)
		FD_ZERO(w);
	if (e)
		FD_ZERO(e);
	for (nfds_t i = 0; i < used; i++) {
		const struct pollfd *p = &fds[i];

		if (p->events & POLLIN && p->revents & (POLLIN | POLLHUP | POLLERR)) {
			FD_SET(p->fd, r);
			ready++;
		}
		if (p->events & POLLOUT && p->revents & (POLLOUT | POLLERR)) {
			FD_SET(p->fd, w);
			ready++;
		}
		if (p->events & POLLPRI && p->revents & POLLPRI) {
			FD_SET(p->fd, e);
			ready++;
		}
	}
	return ready;
}

int pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	    const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	struct pollfd few[32], *fds = few;
	nfds_t used;
	long raw;
	int ready = -1;

	if (n < 0 || n > FD_SETSIZE) {
		errno = EINVAL;
		return -1;
	}
	if (n > 32) {
		fds = malloc((size_t)n * sizeof(*fds));
		if (!fds)
			return -1;
	}
	used = sets_to_poll(fds, n, r, w, e);
	raw = poll_raw(fds, used, timeout, mask);
	if (raw >= 0)
		ready = poll_to_sets(fds, used, r, w, e);
	if (fds != few)
		free(fds);
	return raw < 0 ? (int)cancellable_result(raw) : ready;
}

int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	   struct timeval *restrict timeout)
{
	struct timespec ts;

	if (!timeout)
		return pselect(n, r, w, e, NULL, NULL);
	if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
		errno = EINVAL;
		return -1;
	}
	ts.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
	ts.tv_nsec = timeout->tv_usec % 1000000 * 1000;
	return pselect(n, r, w, e, &ts, NULL);
}
