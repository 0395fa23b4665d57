/* SPDX-License-Identifier: MIT */
/*
 * Decodes the records of core/include/core/output.h from a stream cut at any place. Owns no
 * descriptor and allocates nothing.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_TEXT_MAX 128 /* of a record with text that is handed on whole */

struct channel_handler {
	/* A piece of standard output or error; type is OUTPUT_STDOUT or OUTPUT_STDERR. */
	void (*output)(void *arg, unsigned type, const char *data, size_t n);
	void (*status)(void *arg, uint32_t status);
	void (*ready)(void *arg, const char *text);
	void (*call)(void *arg, const char *name);
};

/* Zeroed is the start of a stream, but for handler and arg. */
struct channel {
	const struct channel_handler *handler;
	void *arg;
	uint8_t header[3];
	unsigned header_len;
	size_t left; /* of the record's body */
	char body[CHANNEL_TEXT_MAX + 1];
	size_t body_len;
	bool broken;
};

/* False once the stream is not one of records; what follows is ignored. */
bool channel_feed(struct channel *c, const void *data, size_t n);

#endif
