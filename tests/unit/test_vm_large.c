// SPDX-License-Identifier: MIT
/* Large pages: when they come, how they are split, moved and given back. */
#include <core/syscall.h>

#include "vm_fixture.h"

#define LARGE LARGE_SIZE

static size_t large(void)
{
	return arch_mmu_large_count();
}

TEST(whole_spans_of_an_area_get_large_pages)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE + P, 3 * LARGE, RW, FIXED) > 0);
	CHECK(!poke(BASE + P, 1)); /* the area has only a part of this span */
	CHECK_EQ(large(), 0);
	CHECK_EQ(vm_resident(), 1);
	CHECK(!poke(BASE + LARGE + 5 * P, 1));
	CHECK_EQ(large(), 1);
	CHECK_EQ(vm_resident(), 513);
	CHECK_EQ(peek(BASE + 2 * LARGE - 1), 0);
	CHECK_EQ(peek(BASE + LARGE + 5 * P), 1);
	CHECK(!poke(BASE + 3 * LARGE, 1));
	CHECK_EQ(large(), 1);
	CHECK(!vm_unmap(BASE + P, 3 * LARGE));
	CHECK_EQ(large(), 0);
	end();
}

TEST(not_where_pages_are_or_rights_forbid)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, LARGE, PROT_READ, FIXED) > 0);
	CHECK_EQ(peek(BASE), 0);
	CHECK_EQ(large(), 0);
	CHECK(!vm_protect(BASE, LARGE, RW));
	CHECK(!poke(BASE + P, 1)); /* a small page is there already */
	CHECK_EQ(large(), 0);
	REQUIRE(vm_map_anonymous(BASE, LARGE, RW, FIXED | MAP_STACK) > 0);
	CHECK(!poke(BASE, 1));
	CHECK_EQ(large(), 0);
	end();
}

TEST(advice_is_taken)
{
	begin("thp=madvise");
	REQUIRE(vm_map_anonymous(BASE, 2 * LARGE, RW, FIXED) > 0);
	CHECK(!poke(BASE, 1));
	CHECK_EQ(large(), 0);
	CHECK_EQ(sys_madvise(BASE + LARGE, LARGE, MADV_HUGEPAGE), 0);
	CHECK_EQ(areas(), 2);
	CHECK(!poke(BASE + LARGE, 1));
	CHECK_EQ(large(), 1);
	CHECK_EQ(sys_madvise(BASE, LARGE, MADV_HUGEPAGE), 0);
	CHECK_EQ(areas(), 1);
	end();
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 3 * LARGE, RW, FIXED) > 0);
	CHECK_EQ(sys_madvise(BASE + LARGE, LARGE, MADV_NOHUGEPAGE), 0);
	CHECK_EQ(areas(), 3);
	CHECK(!poke(BASE + LARGE, 1) && !poke(BASE, 1));
	CHECK_EQ(large(), 1);
	CHECK_EQ(sys_madvise(BASE, 3 * LARGE, MADV_NOHUGEPAGE), 0);
	CHECK_EQ(areas(), 1);
	CHECK_EQ(large(), 1);
	end();
	begin("thp=never");
	REQUIRE(vm_map_anonymous(BASE, LARGE, RW, FIXED) > 0);
	CHECK_EQ(sys_madvise(BASE, LARGE, MADV_HUGEPAGE), 0);
	CHECK(!poke(BASE, 1));
	CHECK_EQ(large(), 0);
	end();
}

static void fill(void)
{
	REQUIRE(vm_map_anonymous(BASE, LARGE, RW, FIXED) > 0);
	for (uintptr_t i = 0; i < LARGE; i += P)
		REQUIRE(!poke(BASE + i, (char)(i / P % 127 + 1)));
	REQUIRE(large() == 1);
}

/* The pages that are left have their bytes. */
static void check_but(uintptr_t from, uintptr_t to, int there)
{
	for (uintptr_t i = 0; i < LARGE; i += P)
		REQUIRE(peek(BASE + i) == (i >= from && i < to ? there : (int)(i / P % 127 + 1)));
}

TEST(a_part_that_goes_splits)
{
	begin(NULL);
	fill();
	CHECK(!vm_unmap(BASE + 7 * P, 3 * P));
	CHECK_EQ(large(), 0);
	CHECK_EQ(vm_resident(), 509);
	check_but(7 * P, 10 * P, -EFAULT);
	end();
	begin(NULL);
	fill();
	CHECK(!sys_madvise(BASE + LARGE - P, P, MADV_DONTNEED));
	check_but(LARGE - P, LARGE, 0);
	end();
	begin(NULL);
	fill();
	CHECK(!vm_protect(BASE, P, PROT_NONE));
	CHECK_EQ(large(), 0);
	check_but(0, P, -EFAULT);
	CHECK(!vm_protect(BASE, P, RW));
	check_but(0, 0, 0);
	CHECK(!vm_protect(BASE, LARGE, PROT_READ));
	CHECK_EQ(poke(BASE + 9 * P, 1), -EFAULT);
	end();
}

TEST(rights_of_a_whole_one_change)
{
	begin(NULL);
	fill();
	CHECK(!vm_protect(BASE, LARGE, PROT_READ));
	CHECK_EQ(poke(BASE + 9 * P, 1), -EFAULT);
	CHECK(!vm_protect(BASE, LARGE, PROT_NONE));
	CHECK_EQ(peek(BASE + 9 * P), -EFAULT);
	CHECK(!vm_protect(BASE, LARGE, RW));
	check_but(0, 0, 0);
	CHECK_EQ(large(), 1);
	end();
}

TEST(moves_whole_or_in_pieces)
{
	begin(NULL);
	fill();
	CHECK_EQ(sys_mremap(BASE, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 4 * LARGE),
		 (long)(BASE + 4 * LARGE));
	CHECK_EQ(large(), 1);
	CHECK_EQ(
		sys_mremap(BASE + 4 * LARGE, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + P),
		(long)(BASE + P));
	CHECK_EQ(large(), 0);
	CHECK_EQ(
		sys_mremap(BASE + P, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 2 * LARGE),
		(long)(BASE + 2 * LARGE));
	CHECK_EQ(sys_mremap(BASE + 2 * LARGE, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE),
		 (long)BASE);
	check_but(0, 0, 0);
	end();
	/* No memory for the table in store: it moves back whole. */
	begin(NULL);
	fill();
	fake_mmu_fail = 1;
	CHECK_EQ(sys_mremap(BASE, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 4 * LARGE),
		 -ENOMEM);
	CHECK_EQ(large(), 1);
	check_but(0, 0, 0);
	end();
}

TEST(without_plenty_small_ones_do)
{
	uintptr_t a;
	size_t n, most;

	begin(NULL);
	n = page_total() / 512 - 1;
	a = (uintptr_t)vm_map_anonymous(0, n * LARGE, RW, PRIVATE);
	CHECK(IS_ALIGNED(a, LARGE));
	for (size_t i = 0; i < n; i++)
		CHECK(!poke(a + i * LARGE, 1));
	most = large();
	CHECK(most > 2 && most < n - 2);
	CHECK(page_free_count() > page_total() / 5);
	CHECK_EQ(sys_madvise(a, n * LARGE, MADV_HUGEPAGE), 0);
	CHECK(!vm_unmap(a + (n - 1) * LARGE, LARGE));
	REQUIRE(vm_map_anonymous(a + (n - 1) * LARGE, LARGE, RW, FIXED) > 0);
	CHECK_EQ(sys_madvise(a, n * LARGE, MADV_HUGEPAGE), 0);
	CHECK(!poke(a + (n - 1) * LARGE, 1)); /* asked for */
	CHECK_EQ(large(), most + 1);
	end();
}

TEST(no_large_page_to_be_had)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, LARGE, RW, FIXED) > 0);
	fake_mmu_fail = 1;
	CHECK(!poke(BASE, 1));
	CHECK_EQ(large(), 0);
	CHECK_EQ(vm_resident(), 1);
	end();
}

/* Large pages that hold little do not use up memory: what nobody has written to comes back. */
TEST(untouched_parts_come_back)
{
	size_t pages, i;
	uintptr_t a;

	begin("thp=always");
	pages = page_total();
	a = (uintptr_t)vm_map_anonymous(0, 100 * LARGE, RW, PRIVATE | MAP_NORESERVE);
	for (i = 0; i < 100; i++)
		REQUIRE(!poke(a + i * LARGE + i % 512 * P, (char)(i + 1)));
	CHECK(large() > 10);
	for (i = 0; i < pages * 3 / 4; i++)
		REQUIRE(!poke(a + i % 100 * LARGE + (i / 100 + 1 + i % 100) % 512 * P, (char)i));
	CHECK(vm_resident() > pages * 3 / 4);
	for (i = 0; i < 100; i++)
		CHECK(peek(a + i * LARGE + i % 512 * P) != -EFAULT);
	end();
}
