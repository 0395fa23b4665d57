/* SPDX-License-Identifier: MIT */
/*
 * mremap, madvise, mincore, mlock, msync: what they do to the pages, and what they refuse.
 *
 * guest:
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "tap.h"

#define P 4096ul

static char *map(size_t pages, int prot)
{
	return mmap(0, pages * P, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long remap(void *at, size_t old, size_t len, int flags, void *to)
{
	return raw(SYS_mremap, (long)at, (long)old, (long)len, flags, (long)to, 0);
}

static long advise(void *at, size_t len, int advice)
{
	return raw(SYS_madvise, (long)at, (long)len, advice, 0, 0, 0);
}

static int resident(void *at)
{
	unsigned char vec;

	return raw(SYS_mincore, (long)at, P, (long)&vec, 0, 0, 0) ? -1 : vec;
}

static void moving(void)
{
	char *a = map(8, PROT_READ | PROT_WRITE), *b, *hole;

	for (int i = 0; i < 8; i += 2)
		a[i * P] = (char)('a' + i);
	b = (char *)remap(a, 8 * P, 4 * P, 0, 0);
	is((long)b, (long)a, "shrinks in place");
	is(resident(a + 5 * P), -1, "what was cut off is gone");
	hole = mmap(a + 4 * P, P, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	is(remap(a, 4 * P, 6 * P, 0, 0), -ENOMEM, "cannot grow where something follows");
	b = (char *)remap(a, 4 * P, 64 * P, MREMAP_MAYMOVE, 0);
	ok(b != a && (long)b > 0, "moves to where there is room");
	ok(b[0] == 'a' && b[2 * P] == 'c' && b[P] == 0 && b[63 * P] == 0, "with its pages");
	is(resident(a), -1, "the old place is empty");
	munmap(hole, P);
	a = (char *)remap(b, 64 * P, 64 * P, MREMAP_MAYMOVE | MREMAP_FIXED, a);
	ok((long)a > 0 && a[2 * P] == 'c' && a[0] == 'a', "moves to where it is told");
	b = (char *)remap(a, 64 * P, 64 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ok((long)b > 0 && b[2 * P] == 'c' && a[2 * P] == 0, "DONTUNMAP leaves zero pages behind");
	munmap(b + 32 * P, 32 * P);
	is(remap(b, 32 * P, 40 * P, 0, 0), (long)b, "grows in place where it can");
	b[39 * P] = 1;
	is(remap(b, 48 * P, 50 * P, MREMAP_MAYMOVE, 0), -EFAULT, "not all of it is mapped");
	is(remap(b + 1, P, P, 0, 0), -EINVAL, "not at a page");
	is(remap(b, P, 0, 0, 0), -EINVAL, "to nothing");
	is(remap(b, P, P, 8, 0), -EINVAL, "an unknown flag");
	is(remap(b, P, P, MREMAP_FIXED, a), -EINVAL, "FIXED without MAYMOVE");
	is(remap(b, 4 * P, 4 * P, MREMAP_FIXED | MREMAP_MAYMOVE, b + P), -EINVAL, "onto itself");
	is(remap(b, 4 * P, 4 * P, MREMAP_FIXED | MREMAP_MAYMOVE, (void *)0xffff800000000000),
	   -EINVAL, "into the core");
	is(remap((void *)0xffff800000000000, P, P, MREMAP_MAYMOVE, 0), -EFAULT, "from the core");
	is(remap(b, 4 * P, 1ul << 46, MREMAP_MAYMOVE, 0), -ENOMEM, "more than memory can hold");
	munmap(a, 64 * P);
	munmap(b, 40 * P);
}

static void sparse(void)
{
	size_t huge = 1ul << 40;
	char *a = mmap(0, huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *b;

	mprotect(a + huge / 2, P, PROT_READ | PROT_WRITE);
	a[huge / 2] = 'x';
	/* One area of three: only that moves, and a terabyte of nothing costs nothing. */
	b = (char *)remap(a + huge / 2 + P, huge / 2 - P, huge / 2 - P,
			  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ok((long)b > 0, "half a terabyte of reservation moves at once");
	is(a[huge / 2], 'x', "the page beside it stays");
	is(munmap(a, huge), 0, "and all is unmapped again");
	munmap(b, huge / 2 - P);
}

static void advice(void)
{
	char *a = map(8, PROT_READ | PROT_WRITE);

	memset(a, 'q', 8 * P);
	is(advise(a + P, 2 * P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	ok(a[0] == 'q' && a[P] == 0 && a[2 * P] == 0 && a[3 * P] == 'q',
	   "these pages are zero now");
	is(advise(a + 4 * P, P, MADV_FREE), 0, "MADV_FREE");
	is(advise(a, 8 * P, MADV_DONTNEED), 0, "all");
	is(resident(a), 0, "none is resident");
	is(advise(a, 2 * P, MADV_POPULATE_WRITE), 0, "MADV_POPULATE_WRITE");
	ok(resident(a) == 1 && resident(a + P) == 1 && resident(a + 2 * P) == 0, "two are");
	is(advise(a, 8 * P, MADV_HUGEPAGE), 0, "MADV_HUGEPAGE is taken");
	is(advise(a, 8 * P, 77), -EINVAL, "advice nobody knows");
	is(advise(a + 1, P, MADV_DONTNEED), -EINVAL, "not at a page");
	munmap(a + 4 * P, P);
	memset(a + 5 * P, 'z', P);
	is(advise(a, 8 * P, MADV_DONTNEED), -ENOMEM, "a hole is told of");
	is(a[5 * P], 0, "after all is done beyond it");
	is(advise((void *)0xffff800000000000, P, MADV_DONTNEED), -ENOMEM,
	   "the core is not the app's");
	munmap(a, 8 * P);
}

static void locking(void)
{
	char *a = map(4, PROT_READ | PROT_WRITE), *b;

	is(raw(SYS_mlock, (long)a + 5, P, 0, 0, 0, 0), 0, "mlock");
	ok(resident(a) == 1 && resident(a + P) == 1 && resident(a + 2 * P) == 0,
	   "the pages the range touches are resident");
	is(raw(SYS_munlock, (long)a, 4 * P, 0, 0, 0, 0), 0, "munlock");
	is(raw(SYS_mlockall, MCL_FUTURE, 0, 0, 0, 0, 0), 0, "mlockall(MCL_FUTURE)");
	b = map(2, PROT_READ | PROT_WRITE);
	is(resident(b + P), 1, "a new mapping is resident at once");
	is(raw(SYS_munlockall, 0, 0, 0, 0, 0, 0), 0, "munlockall");
	munmap(b, 2 * P);
	b = map(2, PROT_READ | PROT_WRITE);
	is(resident(b), 0, "no more");
	is(raw(SYS_mlockall, MCL_CURRENT, 0, 0, 0, 0, 0), 0, "mlockall(MCL_CURRENT)");
	is(resident(b), 1, "what is there is resident");
	is(raw(SYS_mlockall, 0, 0, 0, 0, 0, 0), -EINVAL, "no flag");
	munmap(a + P, P);
	is(raw(SYS_mlock, (long)a, 4 * P, 0, 0, 0, 0), -ENOMEM, "a hole cannot be locked");
	is(raw(SYS_msync, (long)b, 2 * P, MS_SYNC, 0, 0, 0), 0, "msync");
	is(raw(SYS_msync, (long)b, 2 * P, MS_SYNC | MS_ASYNC, 0, 0, 0), -EINVAL, "both at once");
	is(raw(SYS_msync, (long)a, 4 * P, MS_ASYNC, 0, 0, 0), -ENOMEM, "of a hole");
	is(raw(SYS_mincore, (long)b, P, 8, 0, 0, 0), -EFAULT, "mincore to nowhere");
	is(raw(SYS_mincore, (long)b, P, 0xffff800000000000, 0, 0, 0), -EFAULT, "or into the core");
}

int main(void)
{
	moving();
	sparse();
	advice();
	locking();
	return done();
}
