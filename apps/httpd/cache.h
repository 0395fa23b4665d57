/* SPDX-License-Identifier: MIT */
/*
 * Served files by path: opened, measured and described once, then looked at again at most once a
 * second. Small ones are kept in memory, so that a hit costs no system call.
 */
#ifndef CACHE_H
#define CACHE_H

#include <sys/types.h>
#include "httpd.h"

struct entry {
	unsigned refs;
	int fd;	    /* -1 if body holds the file */
	char *body; /* NULL if it is read from fd */
	off_t size;
	ino_t inode;
	int64_t modified;
	uint64_t checked_ms;
	char etag[40], modified_text[32];
	char fields[192]; /* the header fields that describe the file, for answers with it */
	size_t fields_len;
	size_t path_len;
	char path[];
};

/*
 * The file for a request's path, with a reference for the caller, and 0; else the status of the
 * answer: 403, 404, 500 or 503, or 301 for a folder named without its slash, or 200 for a folder
 * without an index.html: list it.
 */
int cache_get(const char *path, struct entry **entry);
void cache_put(struct entry *entry);

#endif
