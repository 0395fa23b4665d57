/* SPDX-License-Identifier: MIT */
/* Results of system calls: the one border where -errno becomes -1 and errno. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>
#include "cancel.h"

#define MAX_ERRNO 4095

long syscall_result(long raw)
{
	if (__builtin_expect((unsigned long)raw < (unsigned long)-MAX_ERRNO, 1))
		return raw;
	errno = (int)-raw;
	return -1;
}

/*
 * A call that a signal interrupted may have been so by a cancellation. Only a program that cancels
 * comes to have one pending, so then __ringlet_test_cancel() is there.
 */
long cancellable_result(long raw)
{
	if (__builtin_expect((unsigned long)raw < (unsigned long)-MAX_ERRNO, 1))
		return raw;
	if (raw == CANCELLED)
		raw = -EINTR;
	if (raw == -EINTR && thread_self()->cancel & CANCEL_PENDING)
		__ringlet_test_cancel();
	return syscall_result(raw);
}

int *__errno(void);

/* For objects compiled without newlib's thread-local errno. */
int *__errno(void)
{
	return &errno;
}

long syscall(long number, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return syscall_result(syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
