/* SPDX-License-Identifier: MIT */
/* QEMU's firmware configuration device (core/dev/fwcfg.c), by ports. */
#ifndef CORE_FWCFG_H
#define CORE_FWCFG_H

#include <core/compiler.h>

/*
 * Reads the file called name ("opt/ringlet/cmdline") into buf, not terminated: its length, -ENOENT
 * if there is no such file or no such device, or -E2BIG, with a line in the log, if it is longer
 * than size. Thread context; the device has one position, so callers do not overlap.
 */
ssize_t fwcfg_read(const char *name, void *buf, size_t size);

#endif
