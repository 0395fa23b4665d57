/* SPDX-License-Identifier: MIT */
/* The access log on standard output, gathered so that it does not cost a write a request. */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
#include "conn.h"

#define LOG_SIZE     8192
#define LINE_MAX_LEN 1024 /* an escaped request line is cut to fit */
#define FLUSH_MS     100

static char buf[LOG_SIZE];
static size_t used;
static uint64_t oldest_ms;

static char *put_text(char *p, const char *text)
{
	size_t len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

static char *put_number(char *p, uint64_t n)
{
	char digits[20], *d = digits + sizeof(digits);

	do
		*--d = (char)('0' + n % 10);
	while (n /= 10);
	memcpy(p, d, (size_t)(digits + sizeof(digits) - d));
	return p + (digits + sizeof(digits) - d);
}

static char *put_address(char *p, struct in_addr addr)
{
	uint32_t a = ntohl(addr.s_addr);

	for (int shift = 24; shift >= 0; shift -= 8) {
		p = put_number(p, a >> shift & 0xff);
		*p++ = '.';
	}
	return p - 1;
}

/* Quotes, backslashes and what is not printable could forge lines: they become \xHH. */
static char *put_escaped(char *p, struct slice text)
{
	static const char hex[] = "0123456789abcdef";
	const char *end = p + LINE_MAX_LEN - 128;

	for (size_t i = 0; i < text.len && p < end; i++) {
		unsigned char c = (unsigned char)text.text[i];

		if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
			*p++ = (char)c;
			continue;
		}
		*p++ = '\\';
		*p++ = 'x';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return p;
}

void log_request(const struct conn *c)
{
	struct slice line = {"-", 1};
	char *p;

	if (options.quiet)
		return;
	if (used > sizeof(buf) - LINE_MAX_LEN)
		log_flush(true);
	if (!used)
		oldest_ms = now_ms;
	if (c->request_len)
		line = request_line(c->in, c->request_len);
	p = put_address(buf + used, c->peer);
	p = put_text(p, " - - [");
	p = put_text(p, log_date);
	p = put_text(p, "] \"");
	p = put_escaped(p, line);
	p = put_text(p, "\" ");
	p = put_number(p, (uint64_t)c->status);
	*p++ = ' ';
	p = put_number(p, (uint64_t)c->body_len);
	*p++ = '\n';
	used = (size_t)(p - buf);
}

int log_wait(int max)
{
	uint64_t due = oldest_ms + FLUSH_MS;

	if (!used)
		return max;
	if (due <= now_ms)
		return 0;
	return due - now_ms < (uint64_t)max ? (int)(due - now_ms) : max;
}

void log_flush(bool now)
{
	size_t done = 0;

	if (!used || (!now && now_ms - oldest_ms < FLUSH_MS))
		return;
	while (done < used) {
		ssize_t n = write(STDOUT_FILENO, buf + done, used - done);

		if (n <= 0)
			break; /* nobody reads the log: serving goes on */
		done += (size_t)n;
	}
	used = 0;
}
