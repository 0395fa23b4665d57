// SPDX-License-Identifier: MIT
/* The app's address space: placement, merging, faults, rights, brk, stacks, running out. */
#include <core/syscall.h>

#include "vm_fixture.h"

TEST(zero_pages_on_demand)
{
	uintptr_t a;

	begin(NULL);
	a = (uintptr_t)vm_map_anonymous(0, 10 * P - 5, RW, PRIVATE);
	CHECK(IS_ALIGNED(a, P) && a < ARCH_USER_END);
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(peek(a + 3 * P + 17), 0);
	CHECK_EQ(vm_resident(), 1);
	CHECK(!poke(a + 10 * P - 1, 'x'));
	CHECK_EQ(peek(a + 10 * P - 1), 'x');
	CHECK_EQ(vm_resident(), 2);
	CHECK_EQ(peek(a + 10 * P), -EFAULT);
	CHECK_EQ(peek(a - 1), -EFAULT);
	CHECK(!vm_unmap(a, 10 * P));
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(peek(a), -EFAULT);
	end();
}

TEST(pages_come_zeroed_again)
{
	begin(NULL);
	for (int i = 0; i < 100; i++) {
		uintptr_t a = (uintptr_t)vm_map_anonymous(0, P, RW, PRIVATE);

		for (size_t k = 0; k < P; k += 8)
			REQUIRE(peek(a + k) == 0);
		REQUIRE(!poke(a + (unsigned)i * 8, 'q'));
		REQUIRE(!vm_unmap(a, P));
	}
	end();
}

TEST(fault_errors)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, P, PROT_READ, FIXED) == BASE);
	REQUIRE(vm_map_anonymous(BASE + P, P, PROT_NONE, FIXED) == (long)(BASE + P));
	REQUIRE(vm_map_anonymous(BASE + 2 * P, P, PROT_READ | PROT_EXEC, FIXED) > 0);
	CHECK_EQ(vm_fault(BASE + 5, 0), 0);
	CHECK_EQ(vm_fault(BASE + 5, 0), 0); /* once more: another thread was faster */
	CHECK_EQ(vm_resident(), 1);
	CHECK_EQ(vm_fault(BASE + 5, VM_FAULT_WRITE), -EACCES);
	CHECK_EQ(vm_fault(BASE + 5, VM_FAULT_EXEC), -EACCES);
	CHECK_EQ(vm_fault(BASE + P, 0), -EACCES);
	CHECK_EQ(vm_fault(BASE + 2 * P, VM_FAULT_EXEC), 0);
	CHECK_EQ(vm_fault(BASE + 2 * P, VM_FAULT_WRITE), -EACCES);
	CHECK_EQ(vm_fault(BASE + 3 * P, 0), -EFAULT);
	CHECK_EQ(vm_fault(BASE - 1, 0), -EFAULT);
	CHECK_EQ(vm_fault(0, 0), -EFAULT);
	CHECK_EQ(vm_fault(ARCH_USER_START - 1, VM_FAULT_WRITE), -EFAULT);
	CHECK_EQ(vm_fault(ARCH_USER_END, 0), -EFAULT);
	CHECK_EQ(vm_fault(UINTPTR_MAX, VM_FAULT_EXEC), -EFAULT);
	end();
}

TEST(bad_arguments)
{
	begin(NULL);
	CHECK_EQ(vm_map_anonymous(0, 0, RW, PRIVATE), -EINVAL);
	CHECK_EQ(vm_map_anonymous(0, SIZE_MAX, RW, PRIVATE), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(0, SIZE_MAX - P + 2, RW, PRIVATE), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(0, ARCH_USER_END, PROT_NONE, PRIVATE), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(BASE + 1, P, RW, FIXED), -EINVAL);
	CHECK_EQ(vm_map_anonymous(0, P, RW, FIXED), -EPERM);
	CHECK_EQ(vm_map_anonymous(ARCH_USER_START - P, P, RW, FIXED), -EPERM);
	CHECK_EQ(vm_map_anonymous(ARCH_USER_END, P, RW, FIXED), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(ARCH_USER_END - P, 2 * P, RW, FIXED), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(0xffff800000000000ul, P, RW, FIXED), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(ARCH_USER_END - P, P, RW, FIXED), (long)(ARCH_USER_END - P));
	CHECK_EQ(vm_unmap(BASE + 1, P), -EINVAL);
	CHECK_EQ(vm_unmap(BASE, 0), -EINVAL);
	CHECK_EQ(vm_unmap(BASE, SIZE_MAX), -EINVAL);
	CHECK_EQ(vm_unmap(ARCH_USER_END, P), -EINVAL);
	CHECK_EQ(vm_unmap(0, P), 0);
	CHECK_EQ(vm_unmap(BASE, P), 0);
	CHECK_EQ(vm_protect(BASE + 1, P, RW), -EINVAL);
	CHECK_EQ(vm_protect(BASE, P, 64), -EINVAL);
	CHECK_EQ(vm_protect(BASE, 0, RW), 0);
	CHECK_EQ(vm_protect(BASE, P, RW), -ENOMEM);
	CHECK_EQ(vm_protect(BASE, SIZE_MAX, RW), -ENOMEM);
	CHECK_EQ(vm_protect(0, P, RW), -ENOMEM);
	end();
}

TEST(neighbours_merge_and_split)
{
	begin(NULL);
	for (uintptr_t i = 0; i < 10; i += 2)
		REQUIRE(vm_map_anonymous(BASE + i * P, P, RW, FIXED) > 0);
	CHECK_EQ(areas(), 5);
	for (uintptr_t i = 1; i < 10; i += 2)
		REQUIRE(vm_map_anonymous(BASE + i * P, P, RW, FIXED) > 0);
	CHECK_EQ(areas(), 1);
	CHECK(!vm_protect(BASE + 3 * P, 2 * P, PROT_READ));
	CHECK_EQ(areas(), 3);
	CHECK(!vm_protect(BASE + 3 * P, 2 * P, RW));
	CHECK_EQ(areas(), 1);
	CHECK(!vm_unmap(BASE + 5 * P, P));
	CHECK_EQ(areas(), 2);
	CHECK_EQ(peek(BASE + 5 * P), -EFAULT);
	CHECK_EQ(peek(BASE + 6 * P), 0);
	CHECK(!vm_protect(BASE + 2 * P, P, PROT_READ));
	CHECK_EQ(vm_protect(BASE, 10 * P, RW), -ENOMEM); /* the hole */
	CHECK(!vm_protect(BASE, 5 * P, PROT_NONE));
	CHECK_EQ(areas(), 2);
	end();
}

TEST(neighbours_in_placement_merge)
{
	begin(NULL);
	for (int i = 0; i < 1000; i++)
		REQUIRE(vm_map_anonymous(0, 3 * P, RW, PRIVATE) > 0);
	CHECK_EQ(areas(), 1);
	end();
}

TEST(protect_changes_pages)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 4 * P, RW, FIXED) > 0);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(!poke(BASE + i * P, (char)('a' + i)));
	CHECK(!vm_protect(BASE + P, 2 * P, PROT_READ));
	CHECK(!poke(BASE, 'A'));
	CHECK_EQ(poke(BASE + P, 'B'), -EFAULT);
	CHECK_EQ(peek(BASE + P), 'b');
	CHECK(!vm_protect(BASE + P, P, PROT_NONE));
	CHECK_EQ(peek(BASE + P), -EFAULT);
	CHECK_EQ(peek(BASE + 2 * P), 'c');
	CHECK(!vm_protect(BASE + P, P, RW));
	CHECK_EQ(peek(BASE + P), 'b'); /* the contents were kept */
	CHECK(!poke(BASE + P, 'B'));
	CHECK_EQ(vm_resident(), 4);
	end();
}

TEST(fixed_replaces_noreplace_does_not)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 4 * P, RW, FIXED) > 0);
	CHECK(!poke(BASE + P, 'x') && !poke(BASE, 'y'));
	CHECK_EQ(vm_map_anonymous(BASE + P, P, RW, PRIVATE | MAP_FIXED_NOREPLACE), -EEXIST);
	CHECK_EQ(vm_map_anonymous(BASE - P, 2 * P, RW, PRIVATE | MAP_FIXED_NOREPLACE), -EEXIST);
	CHECK_EQ(peek(BASE + P), 'x');
	CHECK(vm_map_anonymous(BASE - P, P, RW, PRIVATE | MAP_FIXED_NOREPLACE) > 0);
	CHECK(vm_map_anonymous(BASE + P, P, RW, FIXED) > 0);
	CHECK_EQ(peek(BASE + P), 0);
	CHECK_EQ(peek(BASE), 'y');
	CHECK_EQ(areas(), 1);
	end();
}

TEST(wishes_and_32bit)
{
	long a;

	begin(NULL);
	CHECK_EQ(vm_map_anonymous(BASE + 5, P, RW, PRIVATE), BASE);
	a = vm_map_anonymous(BASE, P, RW, PRIVATE);
	CHECK(a > 0 && a != BASE);
	for (int i = 0; i < 20; i++) {
		a = vm_map_anonymous(0, 1 << 20, RW, PRIVATE | MAP_32BIT);
		CHECK(a > 0 && a + (1 << 20) <= 1l << 31);
	}
	CHECK_EQ(vm_map_anonymous(0, 1ul << 31, PROT_NONE, PRIVATE | MAP_32BIT), -ENOMEM);
	CHECK(vm_map_anonymous(16 * P + 3, P, RW, PRIVATE) > 1 << 20); /* too low a wish */
	CHECK(vm_map_anonymous(UINTPTR_MAX & PAGE_MASK, P, RW, PRIVATE) > 0);
	end();
}

TEST(highest_fitting_gap_is_used)
{
	uintptr_t a, b;

	begin("aslr=off");
	a = (uintptr_t)vm_map_anonymous(0, 100 * P, RW, PRIVATE);
	b = (uintptr_t)vm_map_anonymous(0, 100 * P, RW, PRIVATE);
	CHECK_EQ(b, a - 100 * P);
	CHECK(!vm_unmap(a + 10 * P, 3 * P));
	CHECK(!vm_unmap(a + 50 * P, 5 * P));
	CHECK_EQ(vm_map_anonymous(0, 4 * P, RW, PRIVATE), (long)(a + 51 * P));
	CHECK_EQ(vm_map_anonymous(0, 2 * P, RW, PRIVATE), (long)(a + 11 * P));
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), (long)(a + 50 * P));
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), (long)(a + 10 * P));
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), (long)(b - P));
	end();
}

/* The most that may be promised now, in bytes. */
static size_t room(void)
{
	return (page_free_count() - page_total() / 64 - page_total() / 512) * P;
}

TEST(promises_are_kept)
{
	size_t all;

	begin(NULL);
	all = room();
	CHECK_EQ(vm_map_anonymous(0, all + P, RW, PRIVATE), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(BASE, all, RW, FIXED), BASE);
	CHECK_EQ(vm_committed(), all / P);
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), -ENOMEM);
	/* A page that is there is no promise any more, and its memory is gone as well. */
	CHECK(!poke(BASE, 1));
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), -ENOMEM);
	CHECK(vm_map_anonymous(0, P, PROT_READ, PRIVATE) > 0);
	CHECK(vm_map_anonymous(0, 1ul << 40, RW, PRIVATE | MAP_NORESERVE) > 0);
	CHECK(vm_map_anonymous(0, 8 << 20, RW, PRIVATE | MAP_STACK) > 0);
	CHECK_EQ(vm_map_anonymous(BASE + (1ul << 32), 1ul << 40, PROT_NONE, FIXED),
		 (long)(BASE + (1ul << 32)));
	CHECK_EQ(vm_protect(BASE + (1ul << 32), P, RW), -ENOMEM);
	CHECK(!vm_unmap(BASE + 100 * P, P));
	CHECK(!vm_protect(BASE + (1ul << 32), P, RW));
	CHECK_EQ(vm_protect(BASE + (1ul << 32), 2 * P, RW), -ENOMEM);
	/* Once promised, always: the page may be there. */
	CHECK(!vm_protect(BASE, P, PROT_READ));
	CHECK_EQ(vm_committed(), all / P);
	CHECK(!vm_unmap(BASE, P));
	CHECK_EQ(vm_map_anonymous(BASE, 2 * P, RW, PRIVATE), -ENOMEM);
	CHECK_EQ(vm_map_anonymous(BASE, P, RW, PRIVATE), BASE);
	end();
	begin("overcommit=on");
	CHECK(vm_map_anonymous(0, page_total() * P, RW, PRIVATE) > 0);
	CHECK(vm_map_anonymous(0, page_total() * P, RW, PRIVATE) > 0);
	CHECK_EQ(vm_map_anonymous(0, page_total() * P + P, RW, PRIVATE), -ENOMEM);
	vm_unmap_all();
}

/* What becomes writable with pages in it: they are there, and need not be promised. */
TEST(promises_count_what_is_there)
{
	size_t before;

	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, 600 * P, PROT_READ, FIXED) > 0);
	for (unsigned i = 0; i < 600; i++)
		REQUIRE(peek(BASE + i * P) == 0);
	before = room();
	CHECK(!vm_protect(BASE, 600 * P, RW));
	CHECK(vm_map_anonymous(0, before, RW, PRIVATE) > 0);
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), -ENOMEM);
	end();
}

TEST(wanted_at_once_must_be_there)
{
	uintptr_t a;

	begin(NULL);
	CHECK_EQ(vm_map_anonymous(0, 1ul << 40, RW, PRIVATE | MAP_NORESERVE | MAP_POPULATE),
		 -ENOMEM);
	CHECK_EQ(vm_map_anonymous(0, room() + P, RW, PRIVATE | MAP_STACK | MAP_LOCKED), -ENOMEM);
	a = (uintptr_t)vm_map_anonymous(0, 1ul << 40, RW, PRIVATE | MAP_NORESERVE);
	CHECK_EQ(sys_mlock(a, 1ul << 40), -ENOMEM);
	CHECK(page_free_count() > page_total() / 64 + 64); /* something is left */
	CHECK_EQ(sys_madvise(a, 1ul << 40, MADV_POPULATE_WRITE), -ENOMEM);
	CHECK_EQ(sys_mlockall(MCL_CURRENT), -ENOMEM);
	CHECK(!poke(a + (1ul << 39), 1)); /* though an access gets it */
	end();
}

/* The app uses up its memory: an error, some pages stay the core's, all come back. */
TEST(running_out)
{
	uintptr_t a;
	int err = 0;

	begin(NULL);
	a = (uintptr_t)vm_map_anonymous(0, page_total() * P, RW, PRIVATE | MAP_NORESERVE);
	for (uintptr_t i = 0; !err && i < page_total(); i++)
		err = poke(a + i * P, 1);
	CHECK_EQ(err, -EFAULT);
	CHECK_EQ(vm_fault(a + (page_total() - 1) * P, 0), -ENOMEM);
	CHECK(page_free_count() >= 32);
	CHECK(page_free_count() < 300);
	CHECK_EQ(poke(a + (page_total() - 1) * P, 1), -EFAULT);
	end();
}

TEST(no_memory_for_tables)
{
	begin(NULL);
	REQUIRE(vm_map_anonymous(BASE, P, RW, FIXED) > 0);
	fake_mmu_fail = 1;
	CHECK_EQ(vm_fault(BASE, 0), -ENOMEM);
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(vm_fault(BASE, 0), 0);
	end();
}

TEST(no_memory_for_areas)
{
	begin(NULL);
	fake_kmalloc_fail = 1;
	CHECK_EQ(vm_map_anonymous(BASE, 9 * P, RW, FIXED), -ENOMEM);
	CHECK_EQ(areas(), 0);
	REQUIRE(vm_map_anonymous(BASE, 9 * P, RW, FIXED) > 0);
	CHECK(!poke(BASE + 4 * P, 'x'));
	fake_kmalloc_fail = 1;
	CHECK_EQ(vm_unmap(BASE + 4 * P, P), -ENOMEM);
	CHECK_EQ(peek(BASE + 4 * P), 'x');
	fake_kmalloc_fail = 1;
	CHECK_EQ(vm_protect(BASE + 4 * P, P, PROT_READ), -ENOMEM);
	fake_kmalloc_fail = 2;
	CHECK_EQ(vm_protect(BASE + 4 * P, P, PROT_READ), -ENOMEM);
	CHECK_EQ(peek(BASE + 4 * P), 'x');
	CHECK(!vm_protect(BASE, 9 * P, PROT_READ));
	CHECK_EQ(areas(), 1);
	end();
}

TEST(count_of_areas_is_bounded)
{
	long err = 0;
	uintptr_t n;

	begin(NULL);
	for (n = 0; err >= 0 && n < 70000; n++)
		err = vm_map_anonymous(BASE + n * 2 * P, P, PROT_NONE, FIXED);
	CHECK_EQ(err, -ENOMEM);
	CHECK_EQ(n - 1, AREA_MAX);
	CHECK_EQ(vm_map_anonymous(BASE + P, P, PROT_NONE, FIXED), (long)(BASE + P)); /* merges */
	end();
}

TEST(populate)
{
	begin(NULL);
	CHECK(vm_map_anonymous(0, 600 * P, RW, PRIVATE | MAP_POPULATE) > 0);
	CHECK_EQ(vm_resident(), 600);
	CHECK(vm_map_anonymous(0, 10 * P, PROT_NONE, PRIVATE | MAP_POPULATE) > 0);
	CHECK_EQ(vm_resident(), 600);
	CHECK(vm_map_anonymous(0, 5 * P, PROT_READ, PRIVATE | MAP_LOCKED) > 0);
	CHECK_EQ(vm_resident(), 605);
	end();
}

static char *archive(size_t pages)
{
	char *p = aligned_alloc(P, pages * P);

	for (size_t i = 0; i < pages; i++)
		memset(p + i * P, (int)('a' + i % 26), P);
	return p;
}

TEST(archive_pages_are_shared)
{
	char *data = archive(40);
	phys_t pa = virt_to_phys(data);

	begin(NULL);
	CHECK_EQ(vm_map_physical(BASE, 40 * P, RW, pa), -EINVAL);
	CHECK_EQ(vm_map_physical(BASE, 40 * P, PROT_READ, pa + 8), -EINVAL);
	CHECK_EQ(vm_map_physical(BASE + 8, 40 * P, PROT_READ, pa), -EINVAL);
	CHECK(!vm_map_physical(BASE, 40 * P, PROT_READ | PROT_EXEC, pa));
	CHECK_EQ(vm_map_physical(BASE + P, P, PROT_READ, pa), -EEXIST);
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(peek(BASE + 17 * P), 'r');
	CHECK_EQ(vm_resident(), 16); /* the pages around it came with it */
	CHECK_EQ(peek(BASE + 39 * P), 'a' + 39 % 26);
	CHECK_EQ(arch_mmu_lookup(BASE + 17 * P, NULL), pa + 17 * P);
	CHECK_EQ(poke(BASE, 'x'), -EFAULT);
	CHECK(!vm_unmap(BASE + 10 * P, 20 * P));
	CHECK_EQ(peek(BASE + 30 * P), 'a' + 30 % 26);
	CHECK_EQ(data[0], 'a');
	end();
	free(data);
}

TEST(archive_pages_are_copied_on_write)
{
	char *data = archive(8), *same = archive(8);

	begin(NULL);
	CHECK(!vm_map_physical(BASE, 8 * P, PROT_READ, virt_to_phys(data)));
	CHECK_EQ(peek(BASE + P), 'b');
	CHECK(!vm_protect(BASE, 4 * P, RW));
	CHECK(!poke(BASE + P + 1, 'X'));
	CHECK_EQ(peek(BASE + P), 'b');
	CHECK_EQ(peek(BASE + P + 1), 'X');
	CHECK_EQ(poke(BASE + 5 * P, 'X'), -EFAULT);
	CHECK(!vm_protect(BASE, 4 * P, PROT_READ));
	CHECK_EQ(poke(BASE + P + 1, 'Y'), -EFAULT);
	CHECK(!vm_protect(BASE, 4 * P, RW));
	CHECK(!poke(BASE + P + 1, 'Y')); /* the copy is kept, not copied again */
	CHECK_EQ(peek(BASE + P + 1), 'Y');
	CHECK_EQ(peek(BASE + P + 2), 'b');
	CHECK_MEM(data, same, 8 * P);
	end();
	/* Written before it was ever read. */
	begin(NULL);
	CHECK(vm_map_pages(BASE, 8 * P, RW, MAP_FIXED, virt_to_phys(data)) == BASE);
	CHECK(!poke(BASE + 3 * P, 'Z'));
	CHECK_EQ(peek(BASE + 3 * P + 1), 'd');
	CHECK_EQ(vm_resident(), 1);
	CHECK_MEM(data, same, 8 * P);
	end();
	free(data);
	free(same);
}

TEST(archive_areas_merge_only_if_continuous)
{
	char *data = archive(8);
	phys_t pa = virt_to_phys(data);

	begin(NULL);
	CHECK(!vm_map_physical(BASE, 2 * P, PROT_READ, pa));
	CHECK(!vm_map_physical(BASE + 2 * P, 2 * P, PROT_READ, pa + 2 * P));
	CHECK_EQ(areas(), 1);
	CHECK(!vm_map_physical(BASE + 4 * P, 2 * P, PROT_READ, pa + 6 * P));
	CHECK_EQ(areas(), 2);
	CHECK_EQ(peek(BASE + 3 * P), 'd');
	CHECK_EQ(peek(BASE + 4 * P), 'g');
	CHECK(!vm_unmap(BASE, P));
	CHECK_EQ(peek(BASE + P), 'b');
	end();
	free(data);
}

TEST(brk)
{
	uintptr_t b;

	begin("aslr=off");
	CHECK_EQ(vm_brk(0), 0);
	CHECK_EQ(vm_brk(BASE), 0);
	vm_set_brk(BASE + 1);
	b = BASE + P;
	CHECK_EQ(vm_brk(0), b);
	CHECK_EQ(vm_brk(b + 100), b + 100);
	CHECK(!poke(b + 99, 'x'));
	CHECK_EQ(vm_brk(b + 10 * P), b + 10 * P);
	CHECK_EQ(areas(), 1);
	CHECK_EQ(peek(b + 99), 'x');
	CHECK(!poke(b + 9 * P, 'y'));
	CHECK_EQ(vm_brk(b + 5), b + 5);
	CHECK_EQ(peek(b + 9 * P), -EFAULT);
	CHECK_EQ(vm_brk(b + 10 * P), b + 10 * P);
	CHECK_EQ(peek(b + 9 * P), 0);
	CHECK_EQ(vm_brk(b - 1), b + 10 * P);
	CHECK_EQ(vm_brk(UINTPTR_MAX), b + 10 * P);
	CHECK_EQ(vm_brk(ARCH_USER_END - 1), b + 10 * P);
	CHECK_EQ(vm_brk(b + page_total() * P * 2), b + 10 * P);
	REQUIRE(vm_map_anonymous(b + 20 * P, P, RW, FIXED) > 0);
	CHECK_EQ(vm_brk(b + 20 * P), b + 10 * P); /* a page stays free between */
	CHECK_EQ(vm_brk(b + 19 * P), b + 19 * P);
	CHECK_EQ(vm_brk(b), b);
	CHECK_EQ(areas(), 1);
	end();
}

TEST(stack_and_guard)
{
	size_t limit = 8ul << 20;
	uintptr_t top, low;

	begin(NULL);
	top = (uintptr_t)vm_map_stack(limit);
	low = top - limit;
	CHECK(top < ARCH_USER_END && IS_ALIGNED(top, P));
	CHECK_EQ(vm_resident(), 0);
	CHECK(!poke(top - 1, 'x'));
	CHECK(!poke(low, 'y'));
	CHECK_EQ(vm_resident(), 2);
	CHECK_EQ(poke(low - 1, 'z'), -EFAULT);
	/* No mapping is placed in the guard, not even by a wish. */
	CHECK(vm_map_anonymous(low - P, P, RW, PRIVATE) != (long)(low - P));
	for (int i = 0; i < 50; i++) {
		uintptr_t a = (uintptr_t)vm_map_anonymous(0, 64ul << 20, PROT_NONE, PRIVATE);

		CHECK(a + (64ul << 20) <= low - AREA_STACK_GUARD || a >= top);
	}
	CHECK_EQ(vm_fault(low - P, VM_FAULT_WRITE), -EFAULT);
	CHECK_EQ(vm_map_stack(0), -EINVAL);
	CHECK_EQ(vm_map_stack(SIZE_MAX), -EINVAL);
	CHECK(vm_map_stack(limit) > 0);
	end();
}

/* With no randomness a second stack finds the first one's place taken. */
TEST(stacks_do_not_collide)
{
	uintptr_t a, b;

	begin("aslr=off");
	a = (uintptr_t)vm_map_stack(1 << 20);
	b = (uintptr_t)vm_map_stack((1 << 20) - 77);
	CHECK_EQ(a, ARCH_USER_END - P);
	CHECK(b > 0 && b + AREA_STACK_GUARD <= a - (1 << 20));
	CHECK(!poke(a - (1 << 20), 1) && !poke(b - 1, 1) && !poke(b - (1 << 20), 1));
	CHECK_EQ(areas(), 2);
	end();
}

TEST(random_bases_differ)
{
	uintptr_t seen[20];

	begin(NULL);
	for (unsigned i = 0; i < 20; i++) {
		seen[i] = vm_random_base(5 << 20);
		CHECK(seen[i] && IS_ALIGNED(seen[i], P));
		CHECK_EQ(vm_map_anonymous(seen[i], 5 << 20, PROT_READ,
					  PRIVATE | MAP_FIXED_NOREPLACE),
			 (long)seen[i]);
		for (unsigned k = 0; k < i; k++)
			CHECK(seen[k] != seen[i]);
	}
	CHECK_EQ(vm_random_base(0), 0);
	CHECK_EQ(vm_random_base(SIZE_MAX), 0);
	end();
}

TEST(no_randomness_if_asked)
{
	uintptr_t base, at[3];

	begin("aslr=off");
	base = vm_random_base(P);
	at[0] = (uintptr_t)vm_map_anonymous(0, P, RW, PRIVATE);
	end();
	begin("aslr=off");
	random_next = 999;
	CHECK_EQ(vm_random_base(P), base);
	CHECK_EQ(vm_map_anonymous(0, P, RW, PRIVATE), (long)at[0]);
	end();
	for (unsigned i = 1; i < 3; i++) {
		begin("aslr=on");
		random_next = i;
		at[i] = (uintptr_t)vm_map_anonymous(0, P, RW, PRIVATE);
		end();
	}
	CHECK(at[1] != at[2]);
}

TEST(writable_and_executable_can_be_refused)
{
	begin("wx=off");
	CHECK_EQ(vm_map_anonymous(BASE, P, RW | PROT_EXEC, FIXED), -EACCES);
	CHECK(vm_map_anonymous(BASE, P, RW, FIXED) > 0);
	CHECK_EQ(vm_protect(BASE, P, RW | PROT_EXEC), -EACCES);
	CHECK(!vm_protect(BASE, P, PROT_READ | PROT_EXEC));
	end();
	begin(NULL);
	CHECK(vm_map_anonymous(BASE, P, RW | PROT_EXEC, FIXED) > 0);
	end();
}
