/* SPDX-License-Identifier: MIT */
/*
 * Contract: raw copies between the core and the app's half; the caller has checked the range. They
 * open the app's memory (STAC), recover from faults, and return the number of bytes NOT copied.
 * Thread context.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include <arch/mmu.h>
#include <core/compiler.h>

size_t arch_copy_from_user(void *dst, const void *src, size_t n);
size_t arch_copy_to_user(void *dst, const void *src, size_t n);
size_t arch_clear_user(void *dst, size_t n);
/* Copies up to and with the NUL, at most n bytes: bytes copied, or -1 at a fault. */
long arch_strncpy_from_user(char *dst, const char *src, size_t n);

#endif
