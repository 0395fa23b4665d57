/* SPDX-License-Identifier: MIT */
/*
 * A table of CACHE_SLOTS entries, one a hash value: a collision replaces. The table holds one
 * reference of each entry, each answer that uses it another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cache.h"

#define CACHE_SLOTS	256
#define IN_MEMORY_MAX	16384
#define CHECK_EACH_MS	1000
#define DIRECTORY_INDEX "index.html"

static struct entry *slots[CACHE_SLOTS];

/* FNV-1a. */
static unsigned slot_of(const char *path, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)path[i]) * 16777619u;
	return (hash ^ hash >> 16) % CACHE_SLOTS;
}

void cache_put(struct entry *e)
{
	if (--e->refs)
		return;
	if (e->fd >= 0)
		close(e->fd);
	free(e->body);
	free(e);
}

static int status_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return 404;
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return 503;
	}
	return 500;
}

/* The name in the file system: root, path, and the index's name for a folder. 0 or 404. */
static int file_name(const char *path, size_t len, char name[PATH_MAX])
{
	const char *index = path[len - 1] == '/' ? DIRECTORY_INDEX : "";

	return snprintf(name, PATH_MAX, "%s%s%s", options.root, path, index) < PATH_MAX ? 0 : 404;
}

/* What stands in the place of a file that cannot be opened or is none. */
static int explain_missing(const char *path, size_t len, int status)
{
	char name[PATH_MAX];
	struct stat st;

	if (status != 404 || path[len - 1] != '/')
		return status;
	snprintf(name, sizeof(name), "%s%s", options.root, path);
	return stat(name, &st) == 0 && S_ISDIR(st.st_mode) ? 200 : status;
}

static bool same_file(const struct entry *e, const struct stat *st)
{
	return st->st_ino == e->inode && st->st_size == e->size && st->st_mtime == e->modified &&
	       S_ISREG(st->st_mode);
}

/* Reads a small file whole. False if it is not as long as it said. */
static bool load_body(struct entry *e)
{
	size_t done = 0, size = (size_t)e->size;

	e->body = malloc(size ? size : 1);
	if (!e->body)
		return false;
	while (done < size) {
		ssize_t n = read(e->fd, e->body + done, size - done);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	close(e->fd);
	e->fd = -1;
	return true;
}

static void describe(struct entry *e, const struct stat *st)
{
	e->size = st->st_size;
	e->inode = st->st_ino;
	e->modified = st->st_mtime;
	snprintf(e->etag, sizeof(e->etag), "\"%lx-%lx\"", (unsigned long)st->st_mtime,
		 (unsigned long)st->st_size);
	clock_format_http(e->modified_text, sizeof(e->modified_text), st->st_mtime);
	e->fields_len = (size_t)snprintf(
		e->fields, sizeof(e->fields),
		"Content-Type: %s\r\nLast-Modified: %s\r\nETag: %s\r\n"
		"Accept-Ranges: bytes\r\n",
		media_type(e->path[e->path_len - 1] == '/' ? DIRECTORY_INDEX : e->path),
		e->modified_text, e->etag);
}

/* Opens name as a new entry for path, with one reference: 0 or a status. */
static int open_entry(const char *path, size_t len, const char *name, struct entry **out)
{
	struct entry *e;
	struct stat st;
	int status;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return status_of_errno();
	status = fstat(fd, &st) < 0	? status_of_errno()
		 : S_ISDIR(st.st_mode)	? 301
		 : !S_ISREG(st.st_mode) ? 403
					: 0;
	e = status ? NULL : calloc(1, sizeof(*e) + len + 1);
	if (!e) {
		close(fd);
		return status ? status : 503;
	}
	e->refs = 1;
	e->fd = fd;
	e->path_len = len;
	memcpy(e->path, path, len + 1);
	describe(e, &st);
	if (e->size <= IN_MEMORY_MAX && !load_body(e)) {
		cache_put(e);
		return 500;
	}
	*out = e;
	return 0;
}

int cache_get(const char *path, struct entry **out)
{
	size_t len = strlen(path);
	struct entry **slot = &slots[slot_of(path, len)], *e = *slot;
	char name[PATH_MAX];
	struct stat st;
	int status;

	if (e && (e->path_len != len || memcmp(e->path, path, len)))
		e = NULL;
	if (!e || now_ms - e->checked_ms >= CHECK_EACH_MS) {
		if (file_name(path, len, name))
			return 404;
		if (!e || stat(name, &st) < 0 || !same_file(e, &st)) {
			status = open_entry(path, len, name, &e);
			if (status)
				return explain_missing(path, len, status);
			if (*slot)
				cache_put(*slot);
			*slot = e;
		}
		e->checked_ms = now_ms;
	}
	e->refs++;
	*out = e;
	return 0;
}
