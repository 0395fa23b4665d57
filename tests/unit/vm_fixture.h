/* SPDX-License-Identifier: MIT */
/* What the tests of the address space share; one test program each includes it. */
#ifndef VM_FIXTURE_H
#define VM_FIXTURE_H

#include <abi/errno.h>
#include <core/boot.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/random.h>
#include <core/uaccess.h>
#include <core/vm.h>

#include "../../core/vm_area.h"
#include "test.h"

#define RW	(PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED	(PRIVATE | MAP_FIXED)
#define BASE	0x40000000ul
#define P	PAGE_SIZE

static uint64_t random_next;

/* The real generator is not linked: a test chooses the numbers. */
uint64_t random_u64(void)
{
	random_next = random_next * 6364136223846793005ull + 1442695040888963407ull;
	return random_next ^ random_next >> 29;
}

void random_bytes(void *p, size_t n)
{
	memset(p, 4, n);
}

void random_add(const void *p, size_t n, unsigned bits)
{
	(void)p;
	(void)n;
	(void)bits;
}

static inline uint32_t rnd(uint32_t n)
{
	return (uint32_t)(random_u64() >> 13) % n;
}

static size_t free_before;

static inline void begin(const char *options)
{
	const char *why;

	memset(&boot_info.cmdline, 0, sizeof(boot_info.cmdline));
	if (options)
		REQUIRE(!cmdline_add(&boot_info.cmdline, options, &why));
	vm_init();
	fake_fault_handler = vm_fault;
	random_next = 12345;
	free_before = page_free_count();
}

/* Nothing may be left, and nothing lost. */
static inline void end(void)
{
	CHECK_EQ(vm_resident(), fake_mmu_mapped);
	vm_unmap_all();
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(vm_committed(), 0);
	/* But for the core's reserve and for tables. */
	CHECK(vm_can_commit(page_free_count() - page_total() / 64 - page_total() / 512));
	CHECK_EQ(fake_mmu_mapped, 0);
	CHECK_EQ(page_free_count(), free_before);
	CHECK_EQ(heap_in_use(), 0);
}

static inline unsigned areas(void)
{
	unsigned n = 0;

	for (const struct area *a = area_at(ARCH_USER_START); a->kind != AREA_SENTINEL;
	     a = area_next(a))
		n++;
	return n;
}

static inline int poke(uintptr_t at, char c)
{
	return copy_to_user((void *)at, &c, 1);
}

/* The byte there, or -EFAULT. */
static inline int peek(uintptr_t at)
{
	char c;

	return copy_from_user(&c, (void *)at, 1) ? -EFAULT : (unsigned char)c;
}

#endif
