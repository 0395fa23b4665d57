/* SPDX-License-Identifier: MIT */
/* Byte ranges (RFC 9110, 14). Pure. */
#ifndef RANGE_H
#define RANGE_H

#include <sys/types.h>
#include "httpd.h"

/*
 * 1: the one range asked for is *length bytes from *first on. 0: to be ignored (several ranges,
 * another unit, bad syntax). -1: outside the file.
 */
int range_parse(struct slice range, off_t size, off_t *first, off_t *length);

#endif
