/* SPDX-License-Identifier: MIT */
/*
 * Every access of the core to the app's memory goes through here: range check, STAC/CLAC, exception
 * table. May fault and sleep: thread context, no lock held. A pointer into the core, unmapped or
 * straddling gives -EFAULT, whatever was copied before it.
 */
#ifndef CORE_UACCESS_H
#define CORE_UACCESS_H

#include <abi/errno.h>
#include <arch/uaccess.h>
#include <core/compiler.h>

/* True if [p, p + n) lies wholly in the app's half. */
static inline bool user_range_ok(const void __user *p, size_t n)
{
	if (__builtin_constant_p(n) && n <= ARCH_USER_END)
		return (uintptr_t)p <= ARCH_USER_END - n;
	return (uintptr_t)p <= ARCH_USER_END && n <= ARCH_USER_END - (uintptr_t)p;
}

/* 0 or -EFAULT. */
static inline int __must_check copy_from_user(void *dst, const void __user *src, size_t n)
{
	if (unlikely(!user_range_ok(src, n)))
		return -EFAULT;
	return arch_copy_from_user(dst, src, n) ? -EFAULT : 0;
}

static inline int __must_check copy_to_user(void __user *dst, const void *src, size_t n)
{
	if (unlikely(!user_range_ok(dst, n)))
		return -EFAULT;
	return arch_copy_to_user(dst, src, n) ? -EFAULT : 0;
}

static inline int __must_check clear_user(void __user *dst, size_t n)
{
	if (unlikely(!user_range_ok(dst, n)))
		return -EFAULT;
	return arch_clear_user(dst, n) ? -EFAULT : 0;
}

/* One aligned 32-bit word, in one access. 0 or -EFAULT. */
static inline int __must_check get_user32(uint32_t *dst, const uint32_t __user *src)
{
	if (unlikely(!user_range_ok(src, sizeof(*src))))
		return -EFAULT;
	return arch_get_user32(dst, src);
}

static inline int __must_check put_user32(uint32_t __user *dst, uint32_t value)
{
	if (unlikely(!user_range_ok(dst, sizeof(*dst))))
		return -EFAULT;
	return arch_put_user32(dst, value);
}

static inline int __must_check cmpxchg_user32(uint32_t __user *at, uint32_t *expected, uint32_t new)
{
	if (unlikely(!user_range_ok(at, sizeof(*at))))
		return -EFAULT;
	return arch_cmpxchg_user32(at, expected, new);
}

/* Two words of 64 bits. 0 or -EFAULT. */
static inline int __must_check put_user_pair(void __user *at, uint64_t first, uint64_t second)
{
	if (unlikely(!user_range_ok(at, 16)))
		return -EFAULT;
	return arch_put_user_pair(at, first, second);
}

/* Length of the string without its NUL, -ENAMETOOLONG if no NUL in size bytes, or -EFAULT. */
ssize_t __must_check strncpy_from_user(char *dst, const char __user *src, size_t size);

#endif
