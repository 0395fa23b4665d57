// SPDX-License-Identifier: MIT
/* Strings out of the app's memory (core/uaccess.h). Owns nothing; called by system calls. */
#include <core/uaccess.h>

ssize_t strncpy_from_user(char *dst, const char __user *src, size_t size)
{
	uintptr_t at = (uintptr_t)src;
	long n;

	if (unlikely(at >= ARCH_USER_END))
		return -EFAULT;
	n = arch_strncpy_from_user(dst, src, min(size, (size_t)(ARCH_USER_END - at)));
	if (unlikely(n < 0))
		return -EFAULT;
	if (likely(n > 0 && !dst[n - 1]))
		return n - 1;
	return (size_t)n == size ? -ENAMETOOLONG : -EFAULT;
}
