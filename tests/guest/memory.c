/* SPDX-License-Identifier: MIT */
/*
 * mmap, munmap, mprotect and brk for anonymous memory, their edges included.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Without touching it: what a copy out of it by the core says. */
static bool readable(const void *p)
{
	int fds[2];
	bool good;

	if (pipe(fds) < 0)
		return false;
	good = write(fds[1], p, 1) == 1;
	close(fds[0]);
	close(fds[1]);
	return good;
}

static bool writable(void *p)
{
	return getrandom(p, 1, 0) == 1;
}

static void check_map(void)
{
	char *p = mmap(NULL, 10 * PAGE, RW, ANON, -1, 0), *q;
	int sum = 0;

	if (!ok(p != MAP_FAILED && (uintptr_t)p % PAGE == 0, "mmap"))
		return;
	for (size_t i = 0; i < 10 * PAGE; i++)
		sum |= p[i];
	is(sum, 0, "zeros");
	memset(p, 0x5a, 10 * PAGE);
	is(munmap(p + 3 * PAGE, 2 * PAGE), 0, "unmap the middle");
	ok(readable(p) && !readable(p + 3 * PAGE) && !readable(p + 4 * PAGE) &&
		   readable(p + 5 * PAGE),
	   "only that is gone");
	ok(p[3 * PAGE - 1] == 0x5a && p[5 * PAGE] == 0x5a, "the rest keeps its contents");
	q = mmap(p + 3 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p + 3 * PAGE && q[0] == 0, "MAP_FIXED puts a fresh page there");
	q = mmap(p, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p && q[0] == 0 && p[PAGE] == 0x5a, "and over an old one");
	q = mmap(p, PAGE, RW, ANON, -1, 0);
	ok(q != p && q != MAP_FAILED, "a wish for a taken address gives another");
	munmap(q, PAGE);
	is(munmap(p, 10 * PAGE), 0, "unmap all, holes too");
	is(munmap(p, 10 * PAGE), 0, "and again");
	ok(!readable(p), "gone");
}

static void check_protect(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);

	memset(p, 7, 4 * PAGE);
	is(mprotect(p + PAGE, PAGE, PROT_READ), 0, "make a page read-only");
	ok(readable(p + PAGE) && !writable(p + PAGE) && writable(p) && writable(p + 2 * PAGE),
	   "only that one");
	is(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0, "close a page");
	ok(!readable(p + 2 * PAGE) && !writable(p + 2 * PAGE), "neither read nor written");
	is(mprotect(p, 4 * PAGE, RW), 0, "open all");
	ok(p[PAGE] == 7 && p[2 * PAGE + 1] == 7 && writable(p + PAGE), "contents are kept");
	munmap(p + 2 * PAGE, PAGE);
	ok(mprotect(p, 4 * PAGE, PROT_READ) < 0 && errno == ENOMEM, "a hole is ENOMEM");
	ok(mprotect(p + 1, PAGE, PROT_READ) < 0 && errno == EINVAL, "an odd address is EINVAL");
	munmap(p, 4 * PAGE);
}

static void check_code(void)
{
	static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

	memcpy(p, code, sizeof(code));
	is(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0, "code made by the program");
	is(((int (*)(void))p)(), 42, "runs");
	munmap(p, PAGE);
}

static void fails(long r, int error, const char *text)
{
	ok(r == -error, "%s: %s (%ld)", text, strerror(error), r);
}

static void check_edges(void)
{
	long top = 0x7ffffffff000, core = (long)0xffff800000000000;
	long rw = RW, fixed = ANON | MAP_FIXED;

	fails(raw(SYS_mmap, 0, -4096L, rw, ANON, -1, 0), ENOMEM, "all of memory");
	fails(raw(SYS_mmap, 0, 1L << 47, rw, ANON, -1, 0), ENOMEM, "128 TiB");
	fails(raw(SYS_mmap, 0x10001, 4096, rw, fixed, -1, 0), EINVAL, "a fixed odd address");
	fails(raw(SYS_mmap, top, 4096, rw, fixed, -1, 0), ENOMEM, "the last page below the hole");
	fails(raw(SYS_mmap, core, 4096, rw, fixed, -1, 0), ENOMEM, "the core's half");
	fails(raw(SYS_mmap, top - 4096, 16384, rw, fixed, -1, 0), ENOMEM, "over the edge");
	fails(raw(SYS_mmap, 0, 4096, rw, MAP_ANONYMOUS, -1, 0), EINVAL,
	      "neither private nor shared");
	fails(raw(SYS_munmap, core, 4096, 0, 0, 0, 0), EINVAL, "munmap in the core's half");
	fails(raw(SYS_munmap, 0x10000, -4096L, 0, 0, 0, 0), EINVAL, "munmap of all");
	fails(raw(SYS_munmap, 0x10000, 0, 0, 0, 0, 0), EINVAL, "munmap of nothing");
	fails(raw(SYS_mprotect, core, 4096, PROT_READ, 0, 0, 0), ENOMEM, "mprotect of the core");
	fails(raw(SYS_mprotect, 0x10000, -4096L, PROT_READ, 0, 0, 0), ENOMEM, "mprotect of all");
	fails(raw(SYS_mprotect, 0x10000, 4096, 0xff00, 0, 0, 0), EINVAL, "an unknown protection");
}

static void check_brk(void)
{
	long start = raw(SYS_brk, 0, 0, 0, 0, 0, 0);

	ok(start > 0 && raw(SYS_brk, start + 100000, 0, 0, 0, 0, 0) == start + 100000, "brk up");
	memset((void *)start, 1, 100000);
	is(raw(SYS_brk, start, 0, 0, 0, 0, 0), start, "and down");
	ok(raw(SYS_brk, start + 100000, 0, 0, 0, 0, 0) == start + 100000 &&
		   ((char *)start)[PAGE] == 0,
	   "what was given back comes back as zeros");
	is(raw(SYS_brk, -4096, 0, 0, 0, 0, 0), start + 100000, "brk into the core changes nothing");
	is(raw(SYS_brk, 1, 0, 0, 0, 0, 0), start + 100000, "nor below the start");
}

static void check_many(void)
{
	enum {
		COUNT = 500
	};
	static char *p[COUNT];
	int bad = 0;

	for (int i = 0; i < COUNT; i++) {
		p[i] = mmap(NULL, PAGE * (1 + i % 7), RW, ANON, -1, 0);
		if (p[i] == MAP_FAILED)
			bad++;
		else
			p[i][0] = (char)i;
	}
	for (int i = 0; i < COUNT; i += 2)
		bad += munmap(p[i], PAGE * (1 + (size_t)i % 7)) != 0;
	for (int i = 1; i < COUNT; i += 2)
		bad += p[i][0] != (char)i || munmap(p[i], PAGE * (1 + (size_t)i % 7)) != 0;
	is(bad, 0, "500 mappings");
}

int main(void)
{
	static char out[BUFSIZ];

	/* The break is moved under the library's feet: there must be nothing of its own on the heap. */
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	check_brk();
	check_map();
	check_protect();
	check_code();
	check_edges();
	check_many();
	return done();
}
