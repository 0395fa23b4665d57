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
	char *host;  /* NULL: a folder */
	bool executable;
	uint32_t mtime; /* the host's */
};

struct archive {
	struct archive_entry *entry;
	size_t count, capacity;
	/*
	 * Keep the host's dates: for an archive that is used once. Otherwise dates would make images
	 * of the same files differ, and all are 1970. SOURCE_DATE_EPOCH is before either.
	 */
	bool host_dates;
};

/* A guest path in the archive's form; dies if it is empty or climbs out. The caller frees it. */
char *archive_normalize(const char *guest);
/* The program itself, at /bin/NAME, checked as the core will check it. Returns "/bin/NAME". */
char *archive_add_app(struct archive *a, const char *host);
/* HOST or HOST:GUEST; a folder with all that is in it, symbolic links followed. */
void archive_add(struct archive *a, const char *spec);
/* Writes the archive to fd and returns its size; name is for messages. Same input, same bytes. */
size_t archive_write(const struct archive *a, int fd, const char *name);
/* Checks size bytes with the core's parser; dies if the core would refuse them. */
void archive_check(const void *data, size_t size, const char *name);
void archive_free(struct archive *a);

#endif
