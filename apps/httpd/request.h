/* SPDX-License-Identifier: MIT */
/*
 * Reading a request's head (RFC 9112). Pure functions over the bytes received: no socket, no file,
 * no state; every byte is distrusted.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "httpd.h"

#define REQUEST_HEAD_MAX 8192 /* request line and headers */
#define REQUEST_LINE_MAX 4096
#define REQUEST_PATH_MAX 1024

enum method {
	METHOD_GET,
	METHOD_HEAD
};

struct request {
	enum method method;
	bool keep_alive;
	bool http10; /* has to be told that the connection is kept */
	struct slice range, if_range, if_none_match, if_modified_since; /* text is NULL if absent */
	char path[REQUEST_PATH_MAX]; /* decoded, begins with '/', without "." and ".." segments */
};

/*
 * Bytes of the head at the start of buf, blank line included; 0 if it is not complete yet. *scanned
 * is where to go on looking: 0 at first, kept by the caller.
 */
size_t request_head_length(const char *buf, size_t n, size_t *scanned);

/*
 * 0 with *r filled (slices point into head), or the status of the answer: 400, 405, 414, 501, 505.
 * The connection cannot be used further after an error.
 */
int request_parse(const char *head, size_t n, struct request *r);

/* The first line without its end, for the log. */
struct slice request_line(const char *head, size_t n);

#endif
