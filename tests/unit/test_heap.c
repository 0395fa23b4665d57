// SPDX-License-Identifier: MIT
/* The heap: classes, alignment, no overlap, accounting, pages given back, misuse. */
#include <core/page.h>

#include "test.h"

/* The real one; the stand-in over malloc is not linked then. */
#include "../../core/heap.c"

unsigned fake_kmalloc_fail;

static uint32_t seed = 3;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* What empty slabs may keep: one of each class. */
static size_t spare_pages(void)
{
	size_t n = 0;

	for (size_t i = 0; i < CLASSES; i++)
		n += classes[i].spare ? 1ul << slab_order(&classes[i]) : 0;
	return n;
}

static void check_all_back(void)
{
	CHECK_EQ(heap_in_use(), 0);
	CHECK_EQ(page_free_count() + spare_pages(), page_total());
}

TEST(every_size)
{
	for (size_t n = 0; n <= 20000; n += n < 5000 ? 1 : 97) {
		unsigned char *p = kmalloc(n), *q = kmalloc(n);

		REQUIRE(p && q && p != q);
		CHECK(kmalloc_size(p) >= n);
		CHECK(IS_ALIGNED((uintptr_t)p, 16));
		CHECK(p + kmalloc_size(p) <= q || q + kmalloc_size(q) <= p);
		memset(p, 1, n);
		memset(q, 2, n);
		CHECK(!n || (p[0] == 1 && p[n - 1] == 1));
		CHECK_EQ(heap_in_use(), kmalloc_size(p) + kmalloc_size(q));
		kfree(p);
		kfree(q);
	}
	check_all_back();
}

TEST(waste_is_bounded)
{
	for (size_t n = 16; n <= 4u << 20; n += n / 7 + 1) {
		void *p = kmalloc(n);

		REQUIRE(p);
		CHECK(kmalloc_size(p) < 2 * n);
		kfree(p);
	}
}

TEST(powers_of_two_are_aligned)
{
	void *p[64];

	for (size_t size = 16; size <= PAGE_SIZE; size *= 2) {
		for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
			p[i] = kmalloc(size);
			REQUIRE(p[i]);
			CHECK(IS_ALIGNED((uintptr_t)p[i], size));
		}
		for (size_t i = 0; i < ARRAY_SIZE(p); i++)
			kfree(p[i]);
	}
	check_all_back();
}

TEST(too_big_or_overflowing)
{
	CHECK(!kmalloc((4ul << 20) + 1));
	CHECK(!kmalloc(SIZE_MAX));
	CHECK(!kzalloc(SIZE_MAX - 7));
	CHECK(!kcalloc(SIZE_MAX / 2, 3));
	CHECK(!krealloc(NULL, SIZE_MAX));
	kfree(NULL);
	check_all_back();
}

TEST(zeroed)
{
	for (int round = 0; round < 3; round++)
		for (size_t n = 1; n < 10000; n = n * 2 + 1) {
			unsigned char *p = round < 2 ? kzalloc(n) : kcalloc(1, n);

			REQUIRE(p);
			for (size_t i = 0; i < n; i++)
				REQUIRE(p[i] == 0);
			memset(p, 0xff, kmalloc_size(p));
			kfree(p);
		}
}

TEST(realloc_keeps_contents)
{
	unsigned char *p = NULL;
	size_t have = 0;

	for (int step = 0; step < 2000; step++) {
		size_t n = rnd(step % 3 ? 300 : 30000);
		unsigned char *q = krealloc(p, n);

		REQUIRE(q);
		CHECK(kmalloc_size(q) >= n);
		for (size_t i = 0; i < min(n, have); i++)
			REQUIRE(q[i] == (unsigned char)(i * 7));
		for (size_t i = 0; i < n; i++)
			q[i] = (unsigned char)(i * 7);
		p = q;
		have = n;
	}
	p = krealloc(p, 60000);
	p = krealloc(p, 100);
	REQUIRE(p);
	CHECK(kmalloc_size(p) <= 128); /* a big block shrinks */
	kfree(p);
	check_all_back();
}

TEST(random_no_overlap)
{
	enum {
		M = 2000
	};
	static struct {
		unsigned char *p;
		size_t n;
	} b[M];
	size_t in_use_now = 0;

	for (int step = 0; step < 100000; step++) {
		unsigned i = rnd(M);

		if (b[i].p) {
			for (size_t k = 0; k < b[i].n; k++)
				REQUIRE(b[i].p[k] == (unsigned char)i);
			in_use_now -= kmalloc_size(b[i].p);
			kfree(b[i].p);
			b[i].p = NULL;
		} else {
			b[i].n = rnd(rnd(10) ? 200 : 6000);
			b[i].p = kmalloc(b[i].n);
			REQUIRE(b[i].p);
			memset(b[i].p, (int)i, b[i].n);
			in_use_now += kmalloc_size(b[i].p);
		}
		REQUIRE(heap_in_use() == in_use_now);
	}
	for (int i = 0; i < M; i++)
		kfree(b[i].p);
	check_all_back();
}

TEST(empty_slabs_go_back)
{
	enum {
		M = 20000
	};
	static void *p[M];
	size_t least;

	for (int i = 0; i < M; i++)
		REQUIRE(p[i] = kmalloc(64));
	least = page_free_count();
	CHECK(page_total() - least >= M * 64 / PAGE_SIZE);
	for (int i = M - 1; i >= 0; i--)
		kfree(p[i]);
	CHECK(page_free_count() > least + M * 64 / PAGE_SIZE - 20);
	check_all_back();
}

/* All memory in the hands of the heap: an error, not a crash, and all comes back. */
TEST(exhaustion)
{
	struct chain {
		struct chain *next;
	} *all = NULL, *c;

	for (size_t size = 4096; size >= 16; size /= 2)
		while ((c = kmalloc(size))) {
			c->next = all;
			all = c;
		}
	CHECK(!kmalloc(16) && !kmalloc(10000) && !kzalloc(16));
	CHECK(page_free_count() == 0);
	while ((c = all)) {
		all = c->next;
		kfree(c);
	}
	check_all_back();
}

TEST(misuse_panics)
{
	char *p = kmalloc(100), *q = kmalloc(10000), *page = page_alloc(0);
	char *wide = kmalloc(2048);
	int local = 0;

	REQUIRE(p && q && page && wide);
	CHECK_PANIC(kfree(p + 16));
	CHECK_PANIC(kfree(p + 1));
	CHECK_PANIC(kfree((void *)((uintptr_t)p & PAGE_MASK)));
	CHECK_PANIC(kfree((void *)ALIGN_DOWN((uintptr_t)wide, PAGE_SIZE << WIDE_ORDER)));
	CHECK_PANIC(kfree(q + 4096));
	CHECK_PANIC(kfree(q + 16));
	CHECK_PANIC(kfree(page));
	CHECK_PANIC(kfree(&local));
	kfree(p);
	CHECK_PANIC(kfree(p));
	kfree(wide);
	CHECK_PANIC(kfree(wide));
	kfree(q);
	CHECK_PANIC(kfree(q));
	CHECK_PANIC((void)kmalloc_size(&local));
	page_free(page, 0);
	check_all_back();
}
