/* SPDX-License-Identifier: MIT */
/* Media types by file name extension. */
#include <string.h>
#include <strings.h>
#include "httpd.h"

static const struct {
	const char *extension, *type;
} types[] = {
	{"html", "text/html; charset=utf-8"},
	{"htm", "text/html; charset=utf-8"},
	{"css", "text/css; charset=utf-8"},
	{"js", "text/javascript; charset=utf-8"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"txt", "text/plain; charset=utf-8"},
	{"md", "text/markdown; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"json", "application/json"},
	{"xml", "application/xml"},
	{"pdf", "application/pdf"},
	{"wasm", "application/wasm"},
	{"gz", "application/gzip"},
	{"tar", "application/x-tar"},
	{"zip", "application/zip"},
	{"svg", "image/svg+xml"},
	{"png", "image/png"},
	{"jpg", "image/jpeg"},
	{"jpeg", "image/jpeg"},
	{"gif", "image/gif"},
	{"webp", "image/webp"},
	{"avif", "image/avif"},
	{"ico", "image/vnd.microsoft.icon"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"mp3", "audio/mpeg"},
	{"ogg", "audio/ogg"},
	{"mp4", "video/mp4"},
	{"webm", "video/webm"},
};

const char *media_type(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && !strchr(dot, '/'))
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (!strcasecmp(dot + 1, types[i].extension))
				return types[i].type;
	return "application/octet-stream";
}
