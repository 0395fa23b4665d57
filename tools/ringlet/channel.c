/* SPDX-License-Identifier: MIT */
/* The decoder of the app's output channel. Output is passed on as it comes, the rest when whole. */
#include <string.h>
#include <core/output.h>
#include "channel.h"

#define STATUS_SIZE 4

static bool header_ok(unsigned type, size_t n)
{
	switch (type) {
	case OUTPUT_STDOUT:
	case OUTPUT_STDERR:
		return true;
	case OUTPUT_STATUS:
		return n == STATUS_SIZE;
	case OUTPUT_READY:
	case OUTPUT_CALL:
		return n > 0 && n <= CHANNEL_TEXT_MAX;
	}
	return false;
}

static void finish(struct channel *c)
{
	const uint8_t *b = (const uint8_t *)c->body;

	if (c->header[0] == OUTPUT_STATUS)
		c->handler->status(c->arg, b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24);
	c->body[c->body_len] = '\0';
	if (c->header[0] == OUTPUT_READY)
		c->handler->ready(c->arg, c->body);
	if (c->header[0] == OUTPUT_CALL)
		c->handler->call(c->arg, c->body);
	c->header_len = 0;
	c->body_len = 0;
}

static void take_body(struct channel *c, const char *p, size_t n)
{
	if (c->header[0] == OUTPUT_STDOUT || c->header[0] == OUTPUT_STDERR) {
		c->handler->output(c->arg, c->header[0], p, n);
	} else {
		memcpy(c->body + c->body_len, p, n);
		c->body_len += n;
	}
	c->left -= n;
}

bool channel_feed(struct channel *c, const void *data, size_t n)
{
	const char *p = data, *end = p + n;
	size_t piece;

	while (p < end && !c->broken) {
		if (c->header_len < sizeof(c->header)) {
			c->header[c->header_len++] = *p++;
			if (c->header_len < sizeof(c->header))
				continue;
			c->left = c->header[1] | c->header[2] << 8;
			c->broken = !header_ok(c->header[0], c->left);
		} else {
			piece = (size_t)(end - p) < c->left ? (size_t)(end - p) : c->left;
			take_body(c, p, piece);
			p += piece;
		}
		if (!c->broken && c->left == 0)
			finish(c);
	}
	return !c->broken;
}
