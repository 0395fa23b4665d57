/* SPDX-License-Identifier: MIT */
/* Output that waits for its reader without blocking the tool. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include "tool.h"

#define SINK_FULL 65536 /* with this much waiting, its sources are not read */

struct sink {
	int fd;
	struct buffer waiting;
	bool broken; /* cannot be written any more; everything is dropped */
	int error;   /* why: errno */
};

void sink_add(struct sink *s, const void *data, size_t n);
/* Writes a piece that cannot block; call when poll() says there is room. */
void sink_flush(struct sink *s);
static inline bool sink_pending(const struct sink *s)
{
	return s->waiting.len && !s->broken;
}

#endif
