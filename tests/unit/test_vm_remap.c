// SPDX-License-Identifier: MIT
/* mremap and madvise: nothing is lost when memory runs out half-way, nothing stays behind. */
#include <core/syscall.h>

#include "vm_fixture.h"

TEST(moved_pages_keep_their_bytes)
{
	uintptr_t a;
	long b;

	begin(NULL);
	a = (uintptr_t)vm_map_anonymous(0, 4 * P, RW, PRIVATE);
	CHECK(!poke(a + 2 * P, 'x'));
	REQUIRE(vm_map_anonymous(a + 4 * P, P, RW, FIXED) > 0); /* in the way, so it must move */
	b = sys_mremap(a, 4 * P, 400 * P, MREMAP_MAYMOVE, 0);
	REQUIRE(b > 0 && (uintptr_t)b != a);
	CHECK_EQ(peek((uintptr_t)b + 2 * P), 'x');
	CHECK_EQ(peek(a + 2 * P), -EFAULT);
	end();
}

TEST(no_memory_half_way_loses_nothing)
{
	for (unsigned fail = 1; fail <= 3; fail++) {
		uintptr_t a;

		begin(NULL);
		a = (uintptr_t)vm_map_anonymous(BASE, 4 * P, RW, FIXED);
		for (unsigned i = 0; i < 4; i++)
			REQUIRE(!poke(a + i * P, (char)('a' + i)));
		fake_mmu_fail = fail;
		CHECK_EQ(sys_mremap(a, 4 * P, 8 * P, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 64 * P),
			 -ENOMEM);
		fake_mmu_fail = 0;
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(peek(a + i * P), 'a' + (int)i);
		CHECK_EQ(peek(BASE + 64 * P), -EFAULT);
		end();
	}
}

TEST(shrinking_in_the_middle_of_an_area)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 10 * P, RW, FIXED) == (long)BASE);
	CHECK_EQ(sys_mremap(BASE + 2 * P, 4 * P, P, 0, 0), (long)(BASE + 2 * P));
	CHECK_EQ(areas(), 2);
	CHECK_EQ(peek(BASE + 4 * P), -EFAULT);
	CHECK_EQ(peek(BASE + 6 * P), 0);
	end();
}

TEST(dropped_pages_are_freed)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 8 * P, RW, FIXED) == (long)BASE);
	for (unsigned i = 0; i < 8; i++)
		REQUIRE(!poke(BASE + i * P, 'x'));
	CHECK_EQ(sys_madvise(BASE + P, 3 * P, MADV_DONTNEED), 0);
	CHECK_EQ(vm_resident(), 5);
	CHECK_EQ(peek(BASE + P), 0);
	CHECK_EQ(sys_madvise(BASE, 9 * P, MADV_FREE), -ENOMEM);
	CHECK_EQ(vm_resident(), 0);
	end();
}
