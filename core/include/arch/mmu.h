/* SPDX-License-Identifier: MIT */
/*
 * Contract: address translation. One set of page tables serves the core, the app and every CPU.
 * The app's half is [ARCH_USER_START, ARCH_USER_END); all RAM is visible at ARCH_DIRECT_MAP.
 * Constants come from arch_impl/mmu.h: ARCH_DIRECT_MAP, ARCH_USER_START, ARCH_USER_END,
 * ARCH_LARGE_ORDER: a large page is that power of two of pages, aligned, and one entry.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <core/compiler.h>
#include <arch_impl/mmu.h>

#define MMU_READ  1
#define MMU_WRITE 2
#define MMU_EXEC  4
#define MMU_USER  8
#define MMU_WC	  16 /* write-combining or uncached: device memory */
#define MMU_LARGE 32 /* only told, by arch_mmu_lookup(): part of a large page */

#define LARGE_SIZE (PAGE_SIZE << ARCH_LARGE_ORDER)

/*
 * Maps one page of the app's half; 0, -EEXIST (something is mapped at va) or -ENOMEM (no memory for
 * a table). Memory-map lock held.
 */
int arch_mmu_map(uintptr_t va, phys_t pa, unsigned prot);
/*
 * The same for a large page: the allocator's block of ARCH_LARGE_ORDER at pa. -EEXIST as well if
 * there are tables for parts of it. The functions below split what they are to do a part of: its pages are
 * blocks of their own then, for the allocator too. That never fails.
 */
int arch_mmu_map_large(uintptr_t va, phys_t pa, unsigned prot);
void arch_mmu_split(uintptr_t va);
/* Large pages mapped now. */
size_t arch_mmu_large_count(void);
/* How many pages its tables are, those kept for the next mapping too. Any context. */
size_t arch_mmu_tables(void);
/*
 * Takes the mappings of [start, end) out, flushes them on every CPU, then calls each(arg, va, pa,
 * order) for every page that was mapped (order 0 or ARCH_LARGE_ORDER), and frees tables left empty.
 * Memory-map lock held, interrupts on.
 */
typedef void (*mmu_each)(void *arg, uintptr_t va, phys_t pa, unsigned order);
void arch_mmu_unmap(uintptr_t start, uintptr_t end, mmu_each each, void *arg);
/* Changes the rights of what is mapped in [start, end) and flushes. prot 0: kept, but no access. */
void arch_mmu_protect(uintptr_t start, uintptr_t end, unsigned prot);
/* The page va is mapped to, or PHYS_NONE; *prot may be NULL. */
phys_t arch_mmu_lookup(uintptr_t va, unsigned *prot);

/* The first page of the app's half that is mapped to pa; 0 if none. Memory-map lock held. */
uintptr_t arch_mmu_find(phys_t pa);
/* The first page in [va, end) that is in the table, or end: skips what has no tables at once. */
uintptr_t arch_mmu_next(uintptr_t va, uintptr_t end);

/* Maps device memory for good, uncached: core half, any alignment. NULL if memory is gone. */
void volatile *arch_mmio_map(phys_t pa, size_t size);

/* Best ways to zero or copy one page of the direct map; the caches keep nothing of a large one. */
void arch_zero_page(void *page);
void arch_zero_large(void *block);
void arch_copy_page(void *dst, const void *src);

#endif
