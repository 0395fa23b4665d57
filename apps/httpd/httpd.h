/* SPDX-License-Identifier: MIT */
/* What the files of the web server share: options, time and strings. */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	const char *root; /* the folder that is served; no slash at its end */
	int port;
	int max_connections;
	int timeout_ms; /* for a request to come, and for a client to take its answer */
	bool quiet;	/* no access log */
};

extern struct options options;

/* A piece of somebody else's text. */
struct slice {
	const char *text;
	size_t len;
};

/* clock.c: read once a turn of the loop, by clock_update(). */
extern uint64_t now_ms;			 /* monotonic */
extern char http_date[32], log_date[32]; /* the wall clock, renewed each second */
void clock_update(void);
/* Writes t as HTTP does ("Tue, 15 Nov 1994 08:12:31 GMT"). */
void clock_format_http(char *text, size_t size, int64_t t);

/* types.c: the media type for a file's name. */
const char *media_type(const char *path);

#endif
