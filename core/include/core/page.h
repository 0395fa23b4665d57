/* SPDX-License-Identifier: MIT */
/*
 * Physical pages (core/page.c): a buddy allocator over the boot memory map. Addresses handed out
 * are in the direct map; no page is presumed zero. Any context; takes the page lock (innermost).
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include <arch/mmu.h>
#include <core/compiler.h>

#define PAGE_MAX_ORDER 10 /* the largest block: 4 MiB */

/* Gives the range [start, end) of physical memory to the allocator; boot only. */
void page_add_range(phys_t start, phys_t end);

/* 2^order contiguous pages, naturally aligned, or NULL. The second form is zeroed. */
void *page_alloc(unsigned order) __must_check;
void *page_alloc_zeroed(unsigned order) __must_check;
void page_free(void *page, unsigned order);
/* The allocated, untagged block becomes single pages, each of which is freed by itself. */
void page_split(void *page, unsigned order);

/*
 * The owner of an allocated block may tag all its pages with 1..3, for page_tag() to find by any
 * address in them; it takes the tag off (0) before page_free(). page_tag() of what is no page of
 * the allocator's is 0. Any context, no lock: the owner alone writes.
 */
void page_set_tag(void *page, unsigned order, unsigned tag);
unsigned page_tag(const void *p);
/* The order of the allocated block that starts at page; panics if there is none. */
unsigned page_order(const void *page);

/* Counts in pages of PAGE_SIZE; the allocator's own tables are not in the total. */
size_t page_total(void);
size_t page_free_count(void);

static inline void *phys_to_virt(phys_t pa)
{
	return (void *)(ARCH_DIRECT_MAP + pa);
}

/* p must lie in the direct map, not in the core's image nor on a stack. */
static inline phys_t virt_to_phys(const void *p)
{
	return (phys_t)((uintptr_t)p - ARCH_DIRECT_MAP);
}

#endif
