/* SPDX-License-Identifier: MIT */
/* Request line and headers. What a request has to be is RFC 9112's; what is doubtful is refused. */
#include <string.h>
#include <strings.h>
#include "request.h"
#include "target.h"

size_t request_head_length(const char *buf, size_t n, size_t *scanned)
{
	const char *end = buf + n, *p = buf + *scanned;

	/* A line ends in LF, with or without CR before it; an empty line ends the head. */
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		const char *next = p + 1;

		if (next < end && *next == '\r')
			next++;
		if (next == end)
			break;
		if (*next == '\n')
			return (size_t)(next + 1 - buf);
		p++;
	}
	*scanned = p ? (size_t)(p - buf) : n;
	return 0;
}

struct slice request_line(const char *head, size_t n)
{
	const char *end = memchr(head, '\n', n);
	size_t len = end ? (size_t)(end - head) : n;

	if (len && head[len - 1] == '\r')
		len--;
	return (struct slice){head, len};
}

static bool slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && !strncasecmp(s.text, text, s.len);
}

/* tchar of RFC 9110, 5.6.2. */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.text[i];

		if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return s.len > 0;
}

static int parse_method(struct slice word, struct request *r)
{
	static const char *const others[] = {"POST",  "PUT",	 "DELETE", "OPTIONS",
					     "PATCH", "CONNECT", "TRACE"};

	if (word.len == 3 && !memcmp(word.text, "GET", 3)) {
		r->method = METHOD_GET;
		return 0;
	}
	if (word.len == 4 && !memcmp(word.text, "HEAD", 4)) {
		r->method = METHOD_HEAD;
		return 0;
	}
	if (!is_token(word))
		return 400;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (word.len == strlen(others[i]) && !memcmp(word.text, others[i], word.len))
			return 405;
	return 501;
}

/* Takes the next word, up to one space, off the line. */
static struct slice next_word(struct slice *line)
{
	const char *space = memchr(line->text, ' ', line->len);
	size_t len = space ? (size_t)(space - line->text) : line->len;
	struct slice word = {line->text, len};

	line->text += len + (space != NULL);
	line->len -= len + (space != NULL);
	return word;
}

static int parse_version(struct slice version, bool *http11)
{
	if (version.len != 8 || memcmp(version.text, "HTTP/", 5) || version.text[6] != '.' ||
	    version.text[5] < '0' || version.text[5] > '9' || version.text[7] < '0' ||
	    version.text[7] > '9')
		return 400;
	if (version.text[5] != '1')
		return 505;
	*http11 = version.text[7] != '0';
	return 0;
}

static int parse_line(struct slice line, struct request *r, bool *http11)
{
	struct slice method, target;
	int status, method_status;

	if (line.len > REQUEST_LINE_MAX)
		return 414;
	method = next_word(&line);
	target = next_word(&line);
	status = parse_version(line, http11);
	if (status)
		return status;
	method_status = parse_method(method, r);
	if (method_status)
		return method_status;
	return target_to_path(target, r->path, sizeof(r->path));
}

/* What headers say of the message itself. */
struct framing {
	int hosts;
	bool close, keep_alive, body;
};

/* True if the comma-separated list holds word. */
static bool list_has(struct slice list, const char *word)
{
	while (list.len) {
		const char *comma = memchr(list.text, ',', list.len);
		size_t len = comma ? (size_t)(comma - list.text) : list.len;
		struct slice item = {list.text, len};

		while (item.len && (*item.text == ' ' || *item.text == '\t'))
			item.text++, item.len--;
		while (item.len &&
		       (item.text[item.len - 1] == ' ' || item.text[item.len - 1] == '\t'))
			item.len--;
		if (slice_is(item, word))
			return true;
		list.text += len + (comma != NULL);
		list.len -= len + (comma != NULL);
	}
	return false;
}

static int content_length(struct slice value, bool *body)
{
	if (!value.len)
		return 400;
	for (size_t i = 0; i < value.len; i++) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return 400;
		if (value.text[i] != '0')
			*body = true;
	}
	return 0;
}

static int parse_header(struct slice name, struct slice value, struct request *r, struct framing *f)
{
	switch (name.len) {
	case 4:
		if (slice_is(name, "Host") && ++f->hosts > 1)
			return 400;
		break;
	case 5:
		if (slice_is(name, "Range"))
			r->range = value;
		break;
	case 8:
		if (slice_is(name, "If-Range"))
			r->if_range = value;
		break;
	case 10:
		if (slice_is(name, "Connection")) {
			f->close |= list_has(value, "close");
			f->keep_alive |= list_has(value, "keep-alive");
		}
		break;
	case 13:
		if (slice_is(name, "If-None-Match"))
			r->if_none_match = value;
		break;
	case 14:
		if (slice_is(name, "Content-Length"))
			return content_length(value, &f->body);
		break;
	case 17:
		if (slice_is(name, "If-Modified-Since"))
			r->if_modified_since = value;
		else if (slice_is(name, "Transfer-Encoding"))
			f->body = true;
		break;
	}
	return 0;
}

/* Splits "name: value"; no blank may stand before the colon, no control character in the value. */
static int split_header(struct slice line, struct slice *name, struct slice *value)
{
	const char *colon = memchr(line.text, ':', line.len);

	if (!colon)
		return 400;
	*name = (struct slice){line.text, (size_t)(colon - line.text)};
	if (!is_token(*name))
		return 400;
	value->text = colon + 1;
	value->len = line.len - name->len - 1;
	while (value->len && (*value->text == ' ' || *value->text == '\t'))
		value->text++, value->len--;
	while (value->len &&
	       (value->text[value->len - 1] == ' ' || value->text[value->len - 1] == '\t'))
		value->len--;
	for (size_t i = 0; i < value->len; i++)
		if (((unsigned char)value->text[i] < ' ' && value->text[i] != '\t') ||
		    value->text[i] == 127)
			return 400;
	return 0;
}

int request_parse(const char *head, size_t n, struct request *r)
{
	struct slice line = request_line(head, n), name, value;
	struct framing f = {.hosts = 0};
	const char *end = head + n;
	bool http11 = false;
	int status;

	*r = (struct request){.keep_alive = false};
	status = parse_line(line, r, &http11);
	if (status)
		return status;
	for (;;) {
		head = (const char *)memchr(line.text + line.len, '\n', 2) + 1;
		line = request_line(head, (size_t)(end - head));
		if (!line.len)
			break;
		status = split_header(line, &name, &value);
		if (!status)
			status = parse_header(name, value, r, &f);
		if (status)
			return status;
	}
	if (http11 && f.hosts != 1)
		return 400;
	r->http10 = !http11;
	/* A body is not read: what follows on this connection could not be told from it. */
	r->keep_alive = !f.close && !f.body && (http11 || f.keep_alive);
	return 0;
}
