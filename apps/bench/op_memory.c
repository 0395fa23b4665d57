/* SPDX-License-Identifier: MIT */
/* Mappings, page faults, the C library's heap, copying. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FAULT_PAGES   256
#define BLOCKS	      64
#define LARGEST	      2048
#define COPY_BYTES    (4ul << 20)
#define NO_HUGE_PAGES 15

/* What shares one page of the last level of page tables. */
#define TABLE_BYTES (512ul * PAGE)

/* What one entry of the highest and of the next level of page tables covers. */
#define TOP_BYTES  (1ul << 39)
#define NEXT_BYTES (1ul << 30)

static char *region;
static size_t region_bytes;

static char *map(uintptr_t at, size_t bytes)
{
	return (char *)raw6(NR_mmap, (long)at, (long)bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A mapping, or NULL and what went wrong noted. */
static char *map_or_fail(struct bench *b, uintptr_t at, size_t bytes)
{
	char *p = map(at, bytes);

	if ((unsigned long)p >= -(unsigned long)PAGE) {
		bench_fail_raw(b, "mmap", (long)p);
		return NULL;
	}
	return p;
}

static int make_region(struct bench *b, uintptr_t at)
{
	region_bytes = (size_t)b->op->arg;
	region = map_or_fail(b, at, region_bytes);
	if (!region)
		return -1;
	memset(region, 1, region_bytes);
	return 0;
}

static int setup_region(struct bench *b)
{
	return make_region(b, 0);
}

/*
 * A place that shares the highest table with this thread's stack and no other, so that two levels of
 * page tables come and go with a page there.
 */
static uintptr_t lonely_place(void)
{
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0), top = stack & -TOP_BYTES;

	return stack - top > TOP_BYTES / 2 ? top + 64 * NEXT_BYTES
					   : top + TOP_BYTES - 64 * NEXT_BYTES;
}

static int setup_near(struct bench *b)
{
	return make_region(b, lonely_place());
}

static void unmap_region(struct bench *b)
{
	(void)b;
	if (region)
		munmap(region, region_bytes);
	region = NULL;
}

/* Beside what setup_near() keeps there, or alone. */
static int run_mmap(struct bench *b, unsigned long n)
{
	uintptr_t at = lonely_place() + (region ? 2 * PAGE : 0);

	for (; n; n--) {
		char *p = map_or_fail(b, at, PAGE);
		long r;

		if (!p)
			return -1;
		*(volatile char *)p = 1;
		r = raw2(NR_munmap, (long)p, PAGE);
		if (r)
			return bench_fail_raw(b, "munmap", r);
	}
	return 0;
}

/*
 * Fresh pages for each batch, not counted. They share one page of page tables, which is counted once
 * in FAULT_PAGES. Where the system would make them one huge page it is asked not to; where it has
 * no such thing, asking may fail.
 */
static int run_fault(struct bench *b, unsigned long n)
{
	for (; n; n -= FAULT_PAGES) {
		char *p, *start;

		bench_stop(b);
		p = map_or_fail(b, 0, 2 * TABLE_BYTES);
		if (!p)
			return -1;
		raw3(NR_madvise, (long)p, 2 * TABLE_BYTES, NO_HUGE_PAGES);
		start = (char *)(((uintptr_t)p + TABLE_BYTES - 1) & -TABLE_BYTES);
		bench_start(b);
		for (size_t i = 0; i < FAULT_PAGES; i++)
			*(volatile char *)(start + i * PAGE) = 1;
		bench_stop(b);
		raw2(NR_munmap, (long)p, 2 * TABLE_BYTES);
		bench_start(b);
	}
	return 0;
}

static int run_mprotect(struct bench *b, unsigned long n)
{
	for (; n; n -= 2) {
		long r = raw3(NR_mprotect, (long)region, PAGE, PROT_READ);

		if (!r)
			r = raw3(NR_mprotect, (long)region, PAGE, PROT_READ | PROT_WRITE);
		if (r)
			return bench_fail_raw(b, "mprotect", r);
	}
	return 0;
}

/* Sizes from 16 to LARGEST bytes, small ones more often: the same ones at every run. */
static size_t next_size(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return 16 + (*state >> 16) % ((unsigned)LARGEST >> ((*state >> 28) % 6));
}

static int run_malloc(struct bench *b, unsigned long n)
{
	static void *block[BLOCKS];
	unsigned state = 1;
	int err = 0;

	for (unsigned long i = 0; i < n; i++) {
		char *p = malloc(next_size(&state));

		if (!p) {
			err = bench_fail(b, "malloc");
			break;
		}
		*(volatile char *)p = 1;
		free(block[i % BLOCKS]);
		block[i % BLOCKS] = p;
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		free(block[i]);
		block[i] = NULL;
	}
	return err;
}

static int own_malloc(struct bench *b, unsigned long n)
{
	unsigned state = 1;

	(void)b;
	for (unsigned long i = 0; i < n; i++) {
		size_t size = next_size(&state);

		__asm__ volatile("" ::"r"(size) : "memory");
	}
	return 0;
}

/* The same loop with every C library: 64 bytes a turn, past any cache. */
static int run_copy(struct bench *b, unsigned long n)
{
	typedef long long vector __attribute__((vector_size(16), may_alias));

	(void)b;
	for (; n; n--) {
		const vector *from = (const vector *)region;
		vector *to = (vector *)(region + COPY_BYTES);

		for (size_t i = 0; i < COPY_BYTES / sizeof(vector); i += 4) {
			to[i] = from[i];
			to[i + 1] = from[i + 1];
			to[i + 2] = from[i + 2];
			to[i + 3] = from[i + 3];
		}
		__asm__ volatile("" ::: "memory");
	}
	return 0;
}

const struct op memory_ops[] = {
	{.name = "mmap",
	 .about = "map one page far from any other, write to it, unmap it",
	 .run = run_mmap},
	{.name = "mmap_near",
	 .about = "the same beside a page in use, which keeps the page tables",
	 .setup = setup_near,
	 .run = run_mmap,
	 .teardown = unmap_region,
	 .arg = PAGE},
	{.name = "fault",
	 .about = "first write to a page of anonymous memory",
	 .run = run_fault,
	 .batch = FAULT_PAGES},
	{.name = "mprotect",
	 .about = "make a page in use read-only, or writable again",
	 .setup = setup_region,
	 .run = run_mprotect,
	 .teardown = unmap_region,
	 .arg = PAGE,
	 .batch = 2},
	{.name = "malloc",
	 .about = "malloc of 16 to 2063 bytes and free of an older block, 64 in use",
	 .run = run_malloc,
	 .own = own_malloc},
	{.name = "membw",
	 .about = "copy 4 MiB, 64 bytes a turn of the loop",
	 .setup = setup_region,
	 .run = run_copy,
	 .teardown = unmap_region,
	 .arg = 2 * COPY_BYTES,
	 .bytes = COPY_BYTES},
	{0},
};
