/* SPDX-License-Identifier: MIT */
/* Messages, memory, strings and whole files: what each command needs and C lacks. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

int die_status = STATUS_FAILED;
bool quiet;

static void message(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("ringlet: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	exit(die_status);
}

void usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	exit(STATUS_USAGE);
}

void note(const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		die("out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xrealloc(NULL, n), s, n);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

static void strings_take(struct strings *s, char *item)
{
	s->v = xrealloc(s->v, (s->n + 2) * sizeof(*s->v));
	s->v[s->n++] = item;
	s->v[s->n] = NULL;
}

void strings_add(struct strings *s, const char *item)
{
	strings_take(s, xstrdup(item));
}

void strings_addf(struct strings *s, const char *fmt, ...)
{
	va_list ap;
	char *item;

	va_start(ap, fmt);
	if (vasprintf(&item, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	strings_take(s, item);
}

void strings_free(struct strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strings){0};
}

void buffer_add(struct buffer *b, const void *data, size_t n)
{
	if (b->len + n + 1 > b->cap) {
		b->cap = (b->len + n + 1) * 2;
		b->data = xrealloc(b->data, b->cap);
	}
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buffer_addf(struct buffer *b, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	buffer_add(b, s, n);
	free(s);
}

void buffer_drop(struct buffer *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

struct buffer file_read_all(const char *path)
{
	struct buffer b = {0};
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("%s: is not a regular file", path);
	b.cap = st.st_size + 1;
	b.data = xrealloc(NULL, b.cap);
	b.data[0] = '\0';
	while (b.len < (size_t)st.st_size) {
		n = read(fd, b.data + b.len, st.st_size - b.len);
		if (n < 0)
			die("%s: %s", path, strerror(errno));
		if (n == 0)
			die("%s: became shorter while it was read", path);
		b.len += n;
	}
	b.data[b.len] = '\0';
	close(fd);
	return b;
}

int write_all(int fd, const void *data, size_t n)
{
	const char *p = data;
	ssize_t done;

	while (n) {
		done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= done;
	}
	return 0;
}

void file_write_all(const char *path, const void *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write_all(fd, data, n) || close(fd))
		die("%s: %s", path, strerror(errno));
}

unsigned long parse_number(const char *s, const char *what, unsigned long min, unsigned long max)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || v < min || v > max)
		usage_error("%s: \"%s\" is not a number from %lu to %lu", what, s, min, max);
	return v;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

unsigned long source_date(unsigned long fallback)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");

	return s && *s ? parse_number(s, "SOURCE_DATE_EPOCH", 0, UINT32_MAX) : fallback;
}
