/* SPDX-License-Identifier: MIT */
/* What an image is made for: a program, and what it needs to be started (program.c, loader.c). */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

struct archive;
struct strings;

/*
 * Puts a program into the image, the libraries it is linked with if it is dynamic, and the files
 * named (HOST or HOST:GUEST) with theirs. rootfs: a folder that becomes the image's root instead of
 * what would be found, and that file is a path in; or NULL. The program's path in the image, which
 * the caller frees. Dies of what cannot be.
 */
char *program_pack(struct archive *a, const char *file, const char *rootfs,
		   const struct strings *files);

/*
 * The paths of the libraries that the host's own loader would load for file, and of the loader. It
 * is asked for them and runs nothing of the file. Dies if one is missing; a file that is no program
 * but looks like a library gives what there is.
 */
void loader_list(const char *loader, const char *file, bool program, struct strings *out);
/* Dies unless the host has this loader, it is one by name, and only the superuser can change it. */
void loader_check(const char *loader, const char *file);
/* True of a folder in which a loader looks for libraries without being told to. */
bool loader_knows(const char *library);

#endif
