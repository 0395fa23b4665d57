/* SPDX-License-Identifier: MIT */
/* Decoding and normalising request targets: nothing that leaves here points outside the root. */
#include <string.h>
#include <strings.h>
#include "target.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The absolute form that proxies get, without its "http://host". */
static struct slice strip_authority(struct slice target)
{
	const char *slash;

	if (target.len < 7 || strncasecmp(target.text, "http://", 7))
		return target;
	slash = memchr(target.text + 7, '/', target.len - 7);
	if (!slash)
		return (struct slice){"/", 1};
	return (struct slice){slash, target.len - (size_t)(slash - target.text)};
}

/* The decoded length, or -1 for a bad escape or a character that has no place in a target. */
static int decode(struct slice in, char *out)
{
	int n = 0;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.text[i];

		if (c == '?')
			break;
		if (c <= ' ' || c == 127 || c == '#')
			return -1;
		if (c == '%') {
			int high = i + 2 < in.len ? hex_digit(in.text[i + 1]) : -1;
			int low = i + 2 < in.len ? hex_digit(in.text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (unsigned char)(high << 4 | low);
			if (!c)
				return -1;
			i += 2;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n;
}

/* Removes empty, "." and ".." segments in place: 0, or -1 if ".." climbs above the root. */
static int normalise(char *path)
{
	char *out = path;
	const char *in = path;

	while (*in) {
		const char *segment = in + 1, *end = strchr(segment, '/');
		size_t len = end ? (size_t)(end - segment) : strlen(segment);
		bool last = !end;

		in = segment + len;
		if (len == 2 && segment[0] == '.' && segment[1] == '.') {
			if (out == path)
				return -1;
			while (*--out != '/')
				continue;
			len = 0;
		} else if (len == 1 && segment[0] == '.') {
			len = 0;
		}
		if (len) {
			*out++ = '/';
			memmove(out, segment, len);
			out += len;
		} else if (last) {
			*out++ = '/';
		}
	}
	*out = '\0';
	return 0;
}

int target_to_path(struct slice target, char *path, size_t size)
{
	target = strip_authority(target);
	if (!target.len || target.text[0] != '/')
		return 400;
	if (target.len >= size)
		return 414;
	if (decode(target, path) < 0 || normalise(path) < 0)
		return 400;
	return 0;
}
