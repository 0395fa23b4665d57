/* SPDX-License-Identifier: MIT */
/* The bootable ISO: GRUB for BIOS and UEFI, the core, the archive. Layout: images/README.md. */
#ifndef ISO_H
#define ISO_H

#include <stdbool.h>
#include <stddef.h>

struct cmdline;

/*
 * Writes the ISO to out from the archive at the path archive. cmdline is what the core is to see.
 * Dies, naming the package, if a host program is missing. Same input, same bytes.
 */
void iso_build(const char *out, const char *archive, const struct cmdline *cmdline);
/* True if the file's bytes are an ISO made by iso_build(); dies if it is one cut short. */
bool iso_check(const char *path, const void *data, size_t size);

#endif
