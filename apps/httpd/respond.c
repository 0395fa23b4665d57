/* SPDX-License-Identifier: MIT */
/* Answers: a file, a part of one, a listing, a redirection, or an error. Fills in struct conn. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"
#include "listing.h"
#include "range.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{414, "URI Too Long"},
	{416, "Range Not Satisfiable"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

static const char *reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* All that is put into the head is short and ours, or was made to fit (cache.c): it never fills up. */
static void add(struct conn *c, const char *text, size_t len)
{
	if (len > sizeof(c->head) - c->head_len)
		abort();
	memcpy(c->head + c->head_len, text, len);
	c->head_len += len;
}

static void add_text(struct conn *c, const char *text)
{
	add(c, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void add_format(struct conn *c, const char *format,
							     ...)
{
	char text[128];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	add_text(c, text);
}

/* printf is too slow for every answer's length. */
static void add_number(struct conn *c, uint64_t n)
{
	char text[20], *p = text + sizeof(text);

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	add(c, p, (size_t)(text + sizeof(text) - p));
}

static void begin(struct conn *c, int status, bool keep_alive)
{
	c->state = CONN_WRITING;
	c->status = status;
	c->keep_alive = keep_alive;
	c->head_len = c->head_sent = 0;
	c->deadline_ms = now_ms + (uint64_t)options.timeout_ms;
	add_text(c, "HTTP/1.1 ");
	add_number(c, (uint64_t)status);
	add_text(c, " ");
	add_text(c, reason(status));
	add_text(c, "\r\nServer: Ringlet\r\nDate: ");
	add_text(c, http_date);
	add_text(c, "\r\n");
}

static void add_length(struct conn *c, off_t len)
{
	add_text(c, "Content-Length: ");
	add_number(c, (uint64_t)len);
	add_text(c, "\r\n");
}

static void end(struct conn *c, off_t body_len)
{
	if (!c->keep_alive)
		add_text(c, "Connection: close\r\n");
	else if (c->http10)
		add_text(c, "Connection: keep-alive\r\n");
	add_text(c, "\r\n");
	c->left = c->body_len = body_len;
}

/* A page made for this answer; takes it over. */
static void end_with_page(struct conn *c, char *page, size_t len, bool head_only)
{
	add_text(c, "Content-Type: text/html; charset=utf-8\r\n");
	add_length(c, (off_t)len);
	c->page = page;
	c->body = page;
	end(c, head_only ? 0 : (off_t)len);
}

static char *error_page(int status, size_t *len)
{
	char *page = NULL;
	int n = asprintf(
		&page,
		"<!doctype html><meta charset=utf-8><title>%d %s</title>"
		"<style>:root{color-scheme:light dark}body{font:1.2rem system-ui,sans-serif;"
		"margin:20vh auto;text-align:center}</style><h1>%d</h1><p>%s</p>\n",
		status, reason(status), status, reason(status));

	*len = n > 0 ? (size_t)n : 0;
	return n > 0 ? page : NULL;
}

void respond_error(struct conn *c, int status, bool head_only)
{
	size_t len;
	char *page = error_page(status, &len);
	/* Only what is known to be a well-formed request may be followed by another one. */
	bool keep = c->keep_alive && (status == 403 || status == 404);

	begin(c, status, keep);
	if (status == 405)
		add_text(c, "Allow: GET, HEAD\r\n");
	if (status == 503)
		add_text(c, "Retry-After: 1\r\n");
	end_with_page(c, page, len, head_only);
}

static void respond_unchanged(struct conn *c, struct entry *e, const struct request *r)
{
	begin(c, 304, r->keep_alive);
	add_format(c, "ETag: %s\r\n", e->etag);
	add_format(c, "Last-Modified: %s\r\n", e->modified_text);
	end(c, 0);
	cache_put(e);
}

static void respond_bad_range(struct conn *c, struct entry *e, const struct request *r)
{
	size_t len;
	char *page = error_page(416, &len);

	begin(c, 416, r->keep_alive);
	add_format(c, "Content-Range: bytes */%lld\r\n", (long long)e->size);
	end_with_page(c, page, len, r->method == METHOD_HEAD);
	cache_put(e);
}

/* Sends length bytes of the file from first on; keeps the reference. */
static void respond_file(struct conn *c, struct entry *e, const struct request *r, off_t first,
			 off_t length)
{
	bool part = length != e->size;

	begin(c, part ? 206 : 200, r->keep_alive);
	add(c, e->fields, e->fields_len);
	if (part)
		add_format(c, "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)first,
			   (long long)(first + length - 1), (long long)e->size);
	add_length(c, length);
	c->entry = e;
	c->pos = first;
	c->body = e->body ? e->body + first : NULL;
	end(c, r->method == METHOD_HEAD ? 0 : length);
}

static bool slice_equals(struct slice s, const char *text)
{
	return s.text && s.len == strlen(text) && !memcmp(s.text, text, s.len);
}

/* If-None-Match wins over If-Modified-Since (RFC 9110, 13.2.2). */
static bool unchanged(const struct entry *e, const struct request *r)
{
	if (r->if_none_match.text)
		return slice_equals(r->if_none_match, "*") ||
		       memmem(r->if_none_match.text, r->if_none_match.len, e->etag,
			      strlen(e->etag)) != NULL;
	return slice_equals(r->if_modified_since, e->modified_text);
}

static bool range_applies(const struct entry *e, const struct request *r)
{
	return r->method == METHOD_GET && r->range.text &&
	       (!r->if_range.text || slice_equals(r->if_range, e->etag) ||
		slice_equals(r->if_range, e->modified_text));
}

static void respond_entry(struct conn *c, struct entry *e, const struct request *r)
{
	off_t first = 0, length = e->size;

	if (unchanged(e, r)) {
		respond_unchanged(c, e, r);
		return;
	}
	if (range_applies(e, r) && range_parse(r->range, e->size, &first, &length) < 0) {
		respond_bad_range(c, e, r);
		return;
	}
	respond_file(c, e, r, first, length);
}

/* The path goes back as it came, up to its query: still encoded, with a slash added. */
static void respond_redirect(struct conn *c, const struct request *r)
{
	struct slice line = request_line(c->in, c->request_len);
	const char *target = (const char *)memchr(line.text, ' ', line.len) + 1;
	size_t len = strcspn(target, " ?");
	char *page;
	size_t page_len;

	if (len > 256 || target[0] != '/' || target[1] == '/') {
		respond_error(c, 404, r->method == METHOD_HEAD);
		return;
	}
	page = error_page(301, &page_len);
	begin(c, 301, r->keep_alive);
	add_text(c, "Location: ");
	add(c, target, len);
	add_text(c, "/\r\n");
	end_with_page(c, page, page_len, r->method == METHOD_HEAD);
}

static void respond_listing(struct conn *c, const struct request *r)
{
	size_t len;
	char *page = listing_make(r->path, &len);

	if (!page) {
		respond_error(c, 404, r->method == METHOD_HEAD);
		return;
	}
	begin(c, 200, r->keep_alive);
	end_with_page(c, page, len, r->method == METHOD_HEAD);
}

void respond(struct conn *c, const struct request *r)
{
	struct entry *e;
	int status = cache_get(r->path, &e);

	c->keep_alive = r->keep_alive;
	c->http10 = r->http10;
	if (status == 0)
		respond_entry(c, e, r);
	else if (status == 200)
		respond_listing(c, r);
	else if (status == 301)
		respond_redirect(c, r);
	else
		respond_error(c, status, r->method == METHOD_HEAD);
}
