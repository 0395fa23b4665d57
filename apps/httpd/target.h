/* SPDX-License-Identifier: MIT */
/* From what a client asks for to a path below the root. Pure. */
#ifndef TARGET_H
#define TARGET_H

#include "httpd.h"

/*
 * Decodes the path of a request target ("/a%20b?x", "http://host/a") into path, removing "." and ".."
 * segments. 0, or 400 for what is no path or climbs above the root, or 414 if it does not fit.
 */
int target_to_path(struct slice target, char *path, size_t size);

#endif
