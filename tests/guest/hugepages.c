/* SPDX-License-Identifier: MIT */
/*
 * Large pages behind anonymous memory: they come by themselves where memory is plentiful, are
 * split where a part goes, changes or moves, and nobody can tell but by the counts of /proc. What
 * Linux counts depends on its settings; the contents do not.
 *
 * guest: mem=256 args="counts"
 * guest: mem=256 args="counts" run="--smp 2"
 * guest: mem=24
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define P     4096ul
#define LARGE (2ul << 20)
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)

static int counting;

/* Of /proc/meminfo, in KiB. */
static long huge_kib(void)
{
	static char text[8192];
	int fd = open("/proc/meminfo", O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1);
	char *at;

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "AnonHugePages:");
	return at ? strtol(at + 14, NULL, 10) : -1;
}

static void counts(long kib, const char *what)
{
	if (counting)
		is(huge_kib(), kib, what);
}

/* Of len bytes, on a boundary of large pages. */
static char *map_aligned(size_t len)
{
	char *p = mmap(0, len + LARGE, RW, ANON, -1, 0), *at;

	at = (char *)(((uintptr_t)p + LARGE - 1) & -LARGE);
	if (at > p)
		munmap(p, at - p);
	munmap(at + len, p + LARGE - at);
	return at;
}

static void fill(char *p, size_t len)
{
	for (size_t i = 0; i < len; i += 8)
		*(uint64_t *)(p + i) = i * 2654435761u + 1;
}

/* The first byte that is not as fill(p - shift) left it, or len. */
static size_t differs(const char *p, size_t len, size_t shift)
{
	for (size_t i = 0; i < len; i += 8)
		if (*(const uint64_t *)(p + i) != (i + shift) * 2654435761u + 1)
			return i;
	return len;
}

static bool zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void come_and_go(void)
{
	char *p = map_aligned(2 * LARGE);
	unsigned char vec[2];

	counts(0, "none at first");
	p[LARGE / 2] = 1;
	counts(2048, "one for the first byte");
	ok(zero(p, LARGE / 2) && zero(p + LARGE / 2 + 1, LARGE / 2 - 1), "the rest of it is zero");
	is(raw(SYS_mincore, (long)(p + LARGE - P), 2 * P, (long)vec, 0, 0, 0), 0, "mincore");
	if (counting)
		ok((vec[0] & 1) && !(vec[1] & 1), "all of it is resident, and nothing behind");
	fill(p, 2 * LARGE);
	counts(4096, "two");
	munmap(p, LARGE);
	counts(2048, "one again");
	is(differs(p + LARGE, LARGE, LARGE), LARGE, "the other keeps its bytes");
	munmap(p + LARGE, LARGE);
	counts(0, "none");
}

static void parts(void)
{
	char *p = map_aligned(4 * LARGE);

	fill(p, 4 * LARGE);
	counts(8192, "four");
	munmap(p + 5 * P, P);
	is(differs(p, 5 * P, 0), 5 * P, "unmapping a page spares what is below");
	is(differs(p + 6 * P, LARGE - 6 * P, 6 * P), LARGE - 6 * P, "and above");
	madvise(p + LARGE + P, 2 * P, MADV_DONTNEED);
	ok(zero(p + LARGE + P, 2 * P), "MADV_DONTNEED of two pages");
	is(differs(p + LARGE + 3 * P, LARGE - 3 * P, LARGE + 3 * P), LARGE - 3 * P, "of two only");
	mprotect(p + 2 * LARGE, P, PROT_READ);
	p[2 * LARGE + P] = 0;
	p[2 * LARGE + P] = 1; /* as it was: differs() below */
	fill(p + 3 * LARGE, 8);
	*(uint64_t *)(p + 3 * LARGE) = 3 * LARGE * 2654435761u + 1;
	*(uint64_t *)(p + 2 * LARGE + P) = (2 * LARGE + P) * 2654435761u + 1;
	is(differs(p + 2 * LARGE, 2 * LARGE, 2 * LARGE), 2 * LARGE, "mprotect of one page");
	counts(2048, "one is whole");
	munmap(p, 4 * LARGE);
	counts(0, "none");
}

static char *move(char *from, char *to)
{
	return (char *)raw(SYS_mremap, (long)from, 2 * LARGE, 2 * LARGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
}

static void moves(void)
{
	char *p = map_aligned(2 * LARGE), *to = map_aligned(4 * LARGE), *q;

	fill(p, 2 * LARGE);
	q = move(p, to);
	ok(q == to && differs(q, 2 * LARGE, 0) == 2 * LARGE, "moved to another boundary");
	counts(4096, "whole");
	p = move(q, to + 2 * LARGE + P);
	ok(p == to + 2 * LARGE + P && differs(p, 2 * LARGE, 0) == 2 * LARGE, "and off it");
	counts(0, "in pieces");
	munmap(to, 5 * LARGE);
}

static void advice(void)
{
	char *p = map_aligned(2 * LARGE);

	is(madvise(p, LARGE, MADV_NOHUGEPAGE), 0, "MADV_NOHUGEPAGE");
	p[0] = p[LARGE] = 1;
	counts(2048, "only where it is not said");
	munmap(p, 2 * LARGE);
	p = map_aligned(LARGE);
	is(madvise(p, LARGE, MADV_HUGEPAGE), 0, "MADV_HUGEPAGE");
	p[0] = 1;
	counts(2048, "where it is said");
	munmap(p, LARGE);
}

/* Memory that has been used comes back as zeros, large pages as well. */
static void used_memory(void)
{
	size_t len = 4 * LARGE;
	char *p = map_aligned(len);

	fill(p, len);
	munmap(p, len);
	p = map_aligned(len);
	for (size_t i = 0; i < len; i += LARGE)
		p[i] = 0;
	ok(zero(p, len), "used memory is zero when it comes again");
	munmap(p, len);
}

int main(int argc, char **argv)
{
	(void)argv;
	counting = argc > 1;
	come_and_go();
	parts();
	moves();
	advice();
	used_memory();
	return done();
}
