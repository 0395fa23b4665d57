/* SPDX-License-Identifier: MIT */
/* Memory from the core: mappings, and the break under newlib's malloc. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cancel.h"

/*
 * sbrk moves the core's break in steps of this size at least, ahead of the program's, so that a
 * growing heap costs one system call in 32 pages. Pages not touched cost nothing.
 */
#define BREAK_STEP (128UL << 10)

/* Guarded by newlib's malloc lock; the library has one heap. Zero before the first call. */
static uintptr_t program_break; /* what the program was given */
static uintptr_t core_break;	/* what the core has mapped up to */

static uintptr_t core_brk(uintptr_t end)
{
	return (uintptr_t)syscall1(SYS_brk, (long)end);
}

static int move_break(uintptr_t end)
{
	uintptr_t want = (end + BREAK_STEP - 1) & -BREAK_STEP;

	if (end <= core_break && core_break - end <= 2 * BREAK_STEP) {
		program_break = end;
		return 0;
	}
	if (core_brk(want) != want) {
		want = end;
		if (core_brk(want) != want) {
			errno = ENOMEM;
			return -1;
		}
	}
	core_break = want;
	program_break = end;
	return 0;
}

void *sbrk(ptrdiff_t n)
{
	uintptr_t old;

	if (!core_break)
		program_break = core_break = core_brk(0);
	old = program_break;
	if ((n > 0 && old + (uintptr_t)n < old) || (n < 0 && old < -(uintptr_t)n)) {
		errno = ENOMEM;
		return (void *)-1;
	}
	if (n && move_break(old + (uintptr_t)n) < 0)
		return (void *)-1;
	return (void *)old;
}

int brk(void *end)
{
	if (core_brk((uintptr_t)end) != (uintptr_t)end) {
		errno = ENOMEM;
		return -1;
	}
	program_break = core_break = (uintptr_t)end;
	return 0;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)SYSCALL(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
	return (int)SYSCALL(SYS_munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)SYSCALL(SYS_mprotect, addr, len, prot);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)SYSCALL(NR_madvise, addr, len, advice);
}

int msync(void *addr, size_t len, int flags)
{
	return (int)SYSCALL_CANCEL(NR_msync, addr, len, flags);
}

void *mremap(void *addr, size_t len, size_t newlen, int flags, ...)
{
	void *where;
	va_list ap;

	va_start(ap, flags);
	where = va_arg(ap, void *);
	va_end(ap);
	return (void *)SYSCALL(NR_mremap, addr, len, newlen, flags, where);
}
