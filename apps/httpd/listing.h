/* SPDX-License-Identifier: MIT */
/* The page for a folder without an index.html. */
#ifndef LISTING_H
#define LISTING_H

#include <stddef.h>

/* An HTML page listing the folder at path (ends in '/'), to be freed; NULL: it cannot be read. */
char *listing_make(const char *path, size_t *len);

#endif
