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
/*
 * One aligned 32-bit word in one access: 0 or -EFAULT. These three also with interrupts off: then a page
 * that is not there is not brought in, but -EFAULT too.
 */
int arch_get_user32(uint32_t *dst, const uint32_t *src);
int arch_put_user32(uint32_t *dst, uint32_t value);
/* Writes new if *expected is there; *expected becomes what was there. Atomic, a full barrier. */
int arch_cmpxchg_user32(uint32_t *at, uint32_t *expected, uint32_t new);
/* Two words of 64 bits, the commonest struct: 0 or -EFAULT. */
int arch_put_user_pair(void *at, uint64_t first, uint64_t second);

#endif
