/* SPDX-License-Identifier: MIT */
/* Archives in memory for tests of the file system, and deterministic random numbers. */
#ifndef FS_ARCHIVE_H
#define FS_ARCHIVE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_archive {
	uint8_t *data; /* exactly size bytes once ended, so that every overrun is seen */
	size_t size, trailer_end, align, ino;
};

static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void archive_begin(struct test_archive *a, size_t align)
{
	*a = (struct test_archive){.align = align};
}

static inline void archive_put(struct test_archive *a, const void *p, size_t n)
{
	a->data = realloc(a->data, a->size + n + 1);
	memcpy(a->data + a->size, p, n);
	a->size += n;
}

static inline void archive_pad(struct test_archive *a, size_t align)
{
	while (a->size % align)
		archive_put(a, "", 1);
}

/* An entry with this inode number and link count. */
static inline void archive_entry(struct test_archive *a, const char *name, unsigned mode,
				 const void *data, size_t n, unsigned ino, unsigned nlink)
{
	size_t at = a->size + 110 + strlen(name) + 1, start;
	char header[111];

	start = (at + a->align - 1) / a->align * a->align;
	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ino, mode, 0, 0,
		 nlink, 1000000000, n, 0, 0, 0, 0, start - a->size - 110, 0);
	archive_put(a, header, 110);
	archive_put(a, name, strlen(name) + 1);
	while (a->size < start)
		archive_put(a, "", 1);
	archive_put(a, data, n);
	archive_pad(a, 4);
}

static inline void archive_file(struct test_archive *a, const char *name, unsigned mode,
				const void *data, size_t n)
{
	archive_entry(a, name, mode, data, n, (unsigned)++a->ino, 1);
}

static inline void archive_end(struct test_archive *a)
{
	uint8_t *exact;

	a->align = 4;
	archive_entry(a, "TRAILER!!!", 0, "", 0, 0, 1);
	a->trailer_end = a->size - 3; /* the name's NUL may be followed by padding only */
	exact = malloc(a->size);
	memcpy(exact, a->data, a->size);
	free(a->data);
	a->data = exact;
}

static inline void archive_free(struct test_archive *a)
{
	free(a->data);
}

#endif
