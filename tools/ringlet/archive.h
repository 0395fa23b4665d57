/* SPDX-License-Identifier: MIT */
/*
 * The image's archive: a list of guest paths, written as cpio "newc" so that the core serves file
 * data in place. What is written is read back with the core's own parser.
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_PAGE 4096

struct archive_entry {
	char *guest; /* no slash at either end, no "." or ".." */
	char *host;  /* the file; NULL: a folder, or a link */
	char *link;  /* where a symbolic link leads; NULL: it is none */
	bool executable;
	bool found; /* by the tool, in a tree or as a library: what the user names replaces it */
	uint32_t mtime; /* the host's */
};

struct archive {
	struct archive_entry *entry;
	size_t count, capacity;
	size_t *table, slots; /* of names: indices plus 1, 0 where free; a power of two */
	/*
	 * Keep the host's dates: for an archive that is used once. Otherwise dates would make images
	 * of the same files differ, and all are 1970. SOURCE_DATE_EPOCH is before either.
	 */
	bool host_dates;
};

/* A guest path in the archive's form; dies if it is empty or climbs out. The caller frees it. */
char *archive_normalize(const char *guest);
/*
 * Where guest leads through the archive's links, the last component's as well if last; in the
 * archive's form, whether there is something or not. The caller frees it.
 */
char *archive_resolve(const struct archive *a, const char *guest, bool last);
/* The file guest leads to; NULL: there is none. */
struct archive_entry *archive_file(const struct archive *a, const char *guest);
/* One host file, at guest; its program rights are kept, or given to it. */
void archive_add_file(struct archive *a, const char *guest, const char *host, bool executable);
/* A host file at its own path, which is absolute, with the links that lead there; once. */
void archive_add_path(struct archive *a, const char *host);
/* All of a folder as the root folder, symbolic links as they are. */
void archive_add_rootfs(struct archive *a, const char *dir);
/* HOST or HOST:GUEST; a folder with all that is in it, symbolic links followed. */
void archive_add(struct archive *a, const char *spec);
/* Writes the archive to fd and returns its size; name is for messages. Same input, same bytes. */
size_t archive_write(const struct archive *a, int fd, const char *name);
/* Checks size bytes with the core's parser; dies if the core would refuse them. */
void archive_check(const void *data, size_t size, const char *name);
void archive_free(struct archive *a);

#endif
