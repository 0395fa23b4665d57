/* SPDX-License-Identifier: MIT */
/*
 * The heap under stress: random sizes, contents checked, memory given back and used again; and what
 * happens when there is no more.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tap.h"

#define BLOCKS 512
#define ROUNDS 200000

static struct block {
	unsigned char *p;
	size_t size;
	unsigned char fill;
} blocks[BLOCKS];

static uint32_t state = 1;

static uint32_t next(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static bool intact(const struct block *b)
{
	for (size_t i = 0; i<b->size; i += b->size> 64 ? 61 : 1)
		if (b->p[i] != b->fill)
			return false;
	return !b->size || b->p[b->size - 1] == b->fill;
}

static size_t random_size(void)
{
	uint32_t kind = next() % 100;

	return kind < 70 ? next() % 128 : kind < 98 ? next() % 4096 : next() % 200000;
}

/* One step: a block of no size is filled, another one freed or resized. False: damaged. */
static bool step(struct block *b)
{
	bool good = intact(b);
	size_t size = random_size();

	if (b->p && next() % 3) {
		free(b->p);
		*b = (struct block){.p = NULL};
		return good;
	}
	b->p = realloc(b->p, size + 1);
	if (!b->p)
		return false;
	for (size_t i = 0; i < b->size && i < size; i += 97)
		good &= b->p[i] == b->fill;
	b->size = size;
	b->fill = (unsigned char)next();
	memset(b->p, b->fill, size);
	return good && (uintptr_t)b->p % 16 == 0;
}

static void stress(void)
{
	int bad = 0;

	for (int i = 0; i < ROUNDS; i++)
		bad += !step(&blocks[next() % BLOCKS]);
	is(bad, 0, "no block was damaged, all aligned to 16 bytes");
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i].p);
}

int main(void)
{
	volatile size_t too_much = (size_t)1 << 46;
	void *start, *p;
	int zero = 0;

	stress();
	start = sbrk(0);
	for (int i = 0; i < 100; i++) {
		p = malloc(8 << 20);
		if (p) {
			memset(p, i, 4096);
			zero++;
		}
		free(p);
	}
	is(zero, 100, "8 MiB a hundred times");
	ok((char *)sbrk(0) - (char *)start < 32 << 20, "freed memory is used again");
	errno = 0;
	ok(malloc(too_much) == NULL && errno == ENOMEM, "64 TiB: ENOMEM");
	ok(calloc(too_much, too_much) == NULL, "calloc sees the overflow");
	p = calloc(1000, 1000);
	zero = 1;
	for (int i = 0; p && i < 1000000; i++)
		zero &= ((char *)p)[i] == 0;
	ok(p && zero, "calloc clears");
	free(p);
	p = memalign(4096, 100);
	ok(p && (uintptr_t)p % 4096 == 0, "memalign");
	free(p);
	return done();
}
