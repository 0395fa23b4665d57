/* SPDX-License-Identifier: MIT */
/*
 * Reads a cpio archive in the "newc" format from memory (core/fs/cpio.c). Portable and without
 * allocation: the core and the host's tools share it, so what one accepts the other does.
 */
#ifndef CORE_CPIO_H
#define CORE_CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio_entry {
	const char *name; /* NUL-terminated in the archive, not normalised */
	size_t name_len;
	const void *data; /* 4-aligned; page-aligned where the writer padded the name */
	uint64_t size;
	uint32_t ino, mode, uid, gid, nlink, mtime, devmajor, devminor, rdevmajor, rdevminor;
};

struct cpio {
	const uint8_t *base;
	size_t size, offset;
};

void cpio_begin(struct cpio *c, const void *archive, size_t size);
/*
 * 1: *e is the next entry. 0: the trailer was reached. -1: the archive is corrupt, and *why is one
 * line that says where and how.
 */
int cpio_next(struct cpio *c, struct cpio_entry *e, const char **why);

#endif
