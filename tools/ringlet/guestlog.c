/* SPDX-License-Identifier: MIT */
/* The log, line by line: terminal control sequences taken out, the last lines remembered. */
#include <ctype.h>
#include <string.h>
#include "guestlog.h"

#define LINE_MAX_BYTES 4096

/* Takes escape sequences (ECMA-48, 5.4) and control characters out of s in place. */
static size_t strip_controls(char *s, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c == 0x1b && i + 1 < n && s[i + 1] == '[') {
			for (i += 2; i < n && (s[i] < 0x40 || s[i] > 0x7e); i++)
				;
		} else if (c == 0x1b) {
			i++;
		} else if (c >= ' ' || c == '\t') {
			s[out++] = c;
		}
	}
	return out;
}

/* Where a time stamp "[ 12.345678] " begins in s, or NULL: the mark of the core's lines. */
static const char *find_stamp(const char *s)
{
	for (s = strchr(s, '['); s; s = strchr(s + 1, '[')) {
		const char *p = s + 1;

		p += strspn(p, " ");
		if (!isdigit((unsigned char)*p))
			continue;
		p += strspn(p, "0123456789");
		if (*p++ != '.' || !isdigit((unsigned char)*p))
			continue;
		p += strspn(p, "0123456789");
		if (*p == ']')
			return s;
	}
	return NULL;
}

static void end_line(struct guestlog *l)
{
	struct buffer *keep = &l->tail[l->lines % GUESTLOG_TAIL];
	const char *text, *stamp;

	buffer_add(&l->line, "", 0);
	l->line.len = strip_controls(l->line.data, l->line.len);
	l->line.data[l->line.len] = '\0';
	text = l->line.data;
	stamp = l->core ? NULL : find_stamp(text);
	if (stamp) {
		l->core = true;
		l->lines = 0;
		keep = &l->tail[0];
		text = stamp;
	}
	if (*text) {
		keep->len = 0;
		buffer_addf(keep, "%s\n", text);
		l->lines++;
		if (l->core && !l->silent)
			sink_add(l->sink, keep->data, keep->len);
	}
	l->line.len = 0;
}

void guestlog_feed(struct guestlog *l, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n' || l->line.len == LINE_MAX_BYTES)
			end_line(l);
		if (data[i] != '\n')
			buffer_add(&l->line, &data[i], 1);
	}
}

void guestlog_finish(struct guestlog *l)
{
	if (l->line.len)
		end_line(l);
}

void guestlog_show_tail(struct guestlog *l)
{
	size_t first = l->lines > GUESTLOG_TAIL ? l->lines - GUESTLOG_TAIL : 0;

	if (l->core && !l->silent)
		return;
	for (size_t i = first; i < l->lines; i++)
		sink_add(l->sink, l->tail[i % GUESTLOG_TAIL].data, l->tail[i % GUESTLOG_TAIL].len);
}

void guestlog_free(struct guestlog *l)
{
	buffer_free(&l->line);
	for (size_t i = 0; i < GUESTLOG_TAIL; i++)
		buffer_free(&l->tail[i]);
}
