/* SPDX-License-Identifier: MIT */
/*
 * The end of memory: ENOMEM at the call that asks for too much, and terabytes of address space for
 * nothing. With an argument the app goes on until it is killed, which tests/system/test_oom.py
 * reads of.
 *
 * guest: mem=64
 * guest: mem=64 args="touch" expect=signal:9
 * guest: mem=64 args="copy" expect=signal:9
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define P    4096ul
#define MIB  (1ul << 20)
#define TIB  (1ul << 40)
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static long map(size_t len, int prot, int flags)
{
	return raw(SYS_mmap, 0, (long)len, prot, ANON | flags, -1, 0);
}

static long proc_number(const char *path, const char *name)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1);
	char *at;

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, name);
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static long pages_free(void)
{
	return proc_number("/proc/ringlet/memory", "pages_free");
}

static void reservations(void)
{
	long before, at[16], rw[16];
	int bad = 0;

	(void)pages_free(); /* what the asking itself costs */
	before = pages_free();

	for (int i = 0; i < 16; i++) {
		at[i] = map(TIB, PROT_NONE, 0);
		rw[i] = map(TIB, RW, MAP_NORESERVE);
		bad += at[i] < 0 || rw[i] < 0;
	}
	is(bad, 0, "32 TiB of reservations");
	before -= pages_free();
	ok(before < 8, "cost less than 8 pages: %ld", before);
	before = pages_free();
	*(volatile char *)(rw[3] + TIB / 3) = 1;
	is(raw(SYS_mprotect, at[5] + (long)TIB / 2, P, RW, 0, 0, 0), 0, "a page made writable");
	*(volatile char *)(at[5] + TIB / 2) = 1;
	is(raw(SYS_mprotect, at[6], TIB, RW, 0, 0, 0), -ENOMEM, "a terabyte cannot be");
	for (int i = 0; i < 16; i++)
		bad += munmap((void *)at[i], TIB) || munmap((void *)rw[i], TIB);
	is(bad, 0, "all goes again");
	ok(before - pages_free() < 24, "with its page tables, but for a few kept: %ld",
	   before - pages_free());
}

/* malloc until there is no more, all of it used: it ends with an error, and the app lives. */
static void until_error(void)
{
	enum {
		MOST = 4096
	};
	static char *block[MOST];
	size_t n = 0;
	long r;

	for (; n < MOST; n++) {
		r = map(MIB / 4, RW, 0);
		if (r < 0)
			break;
		block[n] = (char *)r;
		memset(block[n], (int)n, MIB / 4);
	}
	is(r, -ENOMEM, "after %zu KiB there is no more", n * 256);
	ok(n > 40 * 4, "of 64 MiB the app can have 40");
	r = 0;
	for (size_t i = 0; i < n; i++)
		r += block[i][i * 61 % (MIB / 4)] != (char)i || munmap(block[i], MIB / 4);
	is(r, 0, "all had kept its bytes");
}

static void at_once(void)
{
	long at = map(TIB, RW, MAP_NORESERVE), free;

	is(map(TIB, RW, MAP_NORESERVE | MAP_POPULATE), -ENOMEM, "MAP_POPULATE of a terabyte");
	is(raw(SYS_mlock, at, (long)TIB, 0, 0, 0, 0), -ENOMEM, "mlock of one");
	free = pages_free();
	ok(free > 128, "leaves something: %ld pages", free);
	munmap((void *)at, TIB);
	at = map(TIB, RW, MAP_NORESERVE);
	is(raw(SYS_mlockall, MCL_CURRENT, 0, 0, 0, 0, 0), -ENOMEM, "mlockall");
	ok(pages_free() > 128, "leaves something");
	is(raw(SYS_madvise, at, (long)TIB, 23, 0, 0, 0), -ENOMEM, "MADV_POPULATE_WRITE");
	munmap((void *)at, TIB);
	ok(map(40 * MIB, RW, 0) > 0, "and all of it comes back");
}

/* Files in RAM grow until what the app has been promised would be touched; it all is there then. */
static void promises_are_kept(void)
{
	static char chunk[MIB / 4];
	long size = pages_free() * 4096 * 3 / 4, at = map((size_t)size, RW, 0), n;
	int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600);

	ok(at > 0, "%ld MiB promised", size / (long)MIB);
	do
		n = write(fd, chunk, sizeof(chunk));
	while (n > 0);
	is(errno, ENOSPC, "a file that grows finds an end");
	memset((void *)at, 1, (size_t)size);
	ok(true, "what was promised is there");
	munmap((void *)at, (size_t)size);
	close(fd);
	unlink("/tmp/large");
}

int main(int argc, char **argv)
{
	char *p;
	int fd;

	if (argc == 1) {
		reservations();
		until_error();
		promises_are_kept();
		at_once();
		return done();
	}
	p = (char *)map(TIB, RW, MAP_NORESERVE);
	fd = open("/dev/urandom", O_RDONLY);
	for (size_t i = 0;; i += P) {
		if (!strcmp(argv[1], "copy"))
			(void)!read(fd, p + i, 16);
		else
			p[i] = 1;
	}
}
