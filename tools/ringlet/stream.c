/* SPDX-License-Identifier: MIT */
/*
 * Sinks: standard output and error. They are shared with other programs, so they are not made
 * non-blocking; a write of PIPE_BUF bytes after POLLOUT does not block a pipe either.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "stream.h"

void sink_add(struct sink *s, const void *data, size_t n)
{
	if (!s->broken)
		buffer_add(&s->waiting, data, n);
}

void sink_flush(struct sink *s)
{
	size_t n = s->waiting.len < PIPE_BUF ? s->waiting.len : PIPE_BUF;
	ssize_t done = write(s->fd, s->waiting.data, n);

	if (done > 0)
		buffer_drop(&s->waiting, done);
	if (done < 0 && errno != EINTR && errno != EAGAIN) {
		s->broken = true;
		s->error = errno;
	}
}
