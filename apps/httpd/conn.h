/* SPDX-License-Identifier: MIT */
/*
 * One client's connection: reads requests, one after the other even if they come at once, and
 * writes each answer before it looks at the next. Never blocks; told by the loop when it may go on.
 */
#ifndef CONN_H
#define CONN_H

#include <netinet/in.h>
#include "cache.h"
#include "request.h"

enum conn_state {
	CONN_READING,	/* wants a request */
	CONN_WRITING,	/* has an answer under way */
	CONN_LINGERING, /* said all; drains what the client still sends, so that it gets to read it */
	CONN_CLOSED,
};

struct conn {
	int fd;
	enum conn_state state;
	bool keep_alive; /* after this answer */
	bool http10;
	bool refused; /* over the limit: gets a 503 */
	uint64_t deadline_ms;
	struct in_addr peer;

	/* The answer. */
	int status;
	size_t head_len, head_sent;
	struct entry *entry; /* the file, held until the answer is out; or NULL */
	char *page;	     /* a body made for this answer, to be freed; or NULL */
	const char *body;    /* what is left of a body in memory, or NULL: from entry->fd at pos */
	off_t pos;
	off_t left;	/* bytes of the body not sent yet */
	off_t body_len; /* for the log */

	/* What was received: the current request at the start, perhaps more after it. */
	size_t in_len, request_len, scanned;
	char head[512];
	char in[REQUEST_HEAD_MAX];
};

/* A connection that was accepted; takes over fd. NULL: out of memory, fd is closed. */
struct conn *conn_new(int fd, struct in_addr peer, bool refused);
/* Goes on as far as it can: at first, and when poll() told revents. */
void conn_run(struct conn *c, short revents);
/* Its deadline has passed. */
void conn_timeout(struct conn *c);
/* What to wait for: POLLIN or POLLOUT. */
short conn_events(const struct conn *c);
/* Closes and frees it. */
void conn_free(struct conn *c);

/* respond.c: prepares the answer to the request in c->in, or to one that is wrong. */
void respond(struct conn *c, const struct request *r);
void respond_error(struct conn *c, int status, bool head_only);

/* log.c: the access log, in the common log format; written when it is large or 100 ms old. */
void log_request(const struct conn *c);
/* Milliseconds until log_flush() has to be called, at most max. */
int log_wait(int max);
void log_flush(bool now);

#endif
