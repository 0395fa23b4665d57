// SPDX-License-Identifier: MIT
/* The page allocator: alignment, merging, exhaustion, statistics, misuse. */
#include <core/page.h>

#include "test.h"

#define RAM_PAGES 4096UL

static char *ram;

/* Two ranges that touch no 4 MiB boundary well, and one too small for its own table. */
void test_setup(void)
{
	phys_t pa;

	ram = fake_ram((RAM_PAGES + 2048) * PAGE_SIZE);
	pa = virt_to_phys(ram);
	/* What lies before the first range's table looks like the state of a free page. */
	memset(ram, 0x10, 4 * PAGE_SIZE);
	page_add_range(pa + 3 * PAGE_SIZE + 5, pa + 700 * PAGE_SIZE + 17);
	page_add_range(pa + 2048 * PAGE_SIZE, pa + (2048 + RAM_PAGES) * PAGE_SIZE);
	page_add_range(pa + 800 * PAGE_SIZE, pa + 801 * PAGE_SIZE);
	page_add_range(pa + 900 * PAGE_SIZE, pa + 900 * PAGE_SIZE);
}

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

TEST(totals)
{
	/* 696 and 4096 whole pages, each minus one page of table */
	CHECK_EQ(page_total(), 695 + RAM_PAGES - 1);
	CHECK_EQ(page_free_count(), page_total());
}

TEST(aligned_to_size)
{
	for (unsigned order = 0; order <= PAGE_MAX_ORDER; order++) {
		void *p = page_alloc(order);

		REQUIRE(p);
		CHECK(IS_ALIGNED(virt_to_phys(p), PAGE_SIZE << order));
		CHECK_EQ(page_order(p), order);
		CHECK_EQ(page_free_count(), page_total() - (1ul << order));
		page_free(p, order);
	}
	CHECK_EQ(page_free_count(), page_total());
	CHECK(!page_alloc(PAGE_MAX_ORDER + 1));
}

TEST(zeroed)
{
	char *p = page_alloc(2);

	REQUIRE(p);
	memset(p, 0x5a, 4 * PAGE_SIZE);
	page_free(p, 2);
	for (int i = 0; i < 200; i++) {
		p = page_alloc_zeroed(2);
		REQUIRE(p);
		for (size_t k = 0; k < 4 * PAGE_SIZE; k++)
			if (p[k]) {
				CHECK(!p[k]);
				break;
			}
		memset(p, 1, 4 * PAGE_SIZE);
		page_free(p, 2);
	}
}

/* Every page can be had, once, and afterwards the biggest blocks are whole again. */
TEST(exhaust_and_merge)
{
	size_t n = 0, big = 0;
	void **list = calloc(page_total() + 1, sizeof(*list));
	void *p;

	while ((p = page_alloc(PAGE_MAX_ORDER)))
		list[big++] = p;
	for (size_t i = 0; i < big; i++)
		page_free(list[i], PAGE_MAX_ORDER);
	while ((p = page_alloc(0))) {
		memset(p, 0xee, PAGE_SIZE);
		REQUIRE(n < page_total());
		list[n++] = p;
	}
	CHECK_EQ(n, page_total());
	CHECK_EQ(page_free_count(), 0);
	for (size_t i = 0; i < n; i++)
		page_free(list[(i * 7919) % n], 0);
	CHECK_EQ(page_free_count(), page_total());
	for (n = 0; (p = page_alloc(PAGE_MAX_ORDER)); n++)
		list[n] = p;
	CHECK_EQ(n, big);
	while (n)
		page_free(list[--n], PAGE_MAX_ORDER);
	free(list);
}

/* Random blocks, each filled with its own mark: none overlaps another, all ends as it began. */
TEST(random_no_overlap)
{
	enum {
		N = 300
	};
	static struct {
		char *p;
		unsigned order;
	} b[N];

	for (int step = 0; step < 20000; step++) {
		unsigned i = rnd(N);

		if (b[i].p) {
			size_t size = PAGE_SIZE << b[i].order;

			REQUIRE(b[i].p[0] == (char)i && b[i].p[size - 1] == (char)i);
			REQUIRE(b[i].p[size / 2] == (char)i);
			page_free(b[i].p, b[i].order);
			b[i].p = NULL;
			continue;
		}
		b[i].order = rnd(rnd(20) ? 4 : 9);
		b[i].p = page_alloc(b[i].order);
		for (size_t off = 0; b[i].p && off < PAGE_SIZE << b[i].order;
		     off += PAGE_SIZE / 2) {
			b[i].p[off] = (char)i;
			b[i].p[off + PAGE_SIZE / 2 - 1] = (char)i;
		}
	}
	for (int i = 0; i < N; i++)
		if (b[i].p)
			page_free(b[i].p, b[i].order);
	CHECK_EQ(page_free_count(), page_total());
}

TEST(tags)
{
	char *p = page_alloc(2), *q = page_alloc(0);
	int local;

	REQUIRE(p && q);
	page_set_tag(p, 2, 3);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(page_tag(p + i * PAGE_SIZE + 77), 3);
	CHECK_EQ(page_tag(q), 0);
	CHECK_EQ(page_tag(&local), 0);
	CHECK_EQ(page_order(p), 2);
	CHECK_PANIC(page_free(p, 2)); /* the tag is still on */
	page_set_tag(p, 2, 0);
	page_free(p, 2);
	page_free(q, 0);
	CHECK_EQ(page_free_count(), page_total());
}

TEST(misuse_panics)
{
	char *p = page_alloc(0), *q = page_alloc(3);
	int local = 0;

	REQUIRE(p && q);
	page_free(p, 0);
	CHECK_PANIC(page_free(p, 0));
	CHECK_PANIC(page_free(q, 2));
	CHECK_PANIC(page_free(q, 4));
	CHECK_PANIC(page_free(q + PAGE_SIZE, 0));
	CHECK_PANIC(page_free(q + 8, 3));
	CHECK_PANIC(page_free(&local, 0));
	CHECK_PANIC((void)page_order(q + PAGE_SIZE));
	page_free(q, 3);
	CHECK_PANIC(page_free(q, 3));
	CHECK_EQ(page_free_count(), page_total());
}
