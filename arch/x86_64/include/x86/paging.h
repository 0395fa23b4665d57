/* SPDX-License-Identifier: MIT */
/* Page-table entries, SDM volume 3, section 4.5. */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_PWT	     (1ull << 3)
#define PTE_PCD	     (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_LARGE    (1ull << 7)
#define PTE_GLOBAL   (1ull << 8)
#define PTE_NX	     (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

#define PTE_TABLE   (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define PTE_CORE_RX (PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED)
#define PTE_CORE_RO (PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED | PTE_NX)
#define PTE_CORE_RW (PTE_CORE_RO | PTE_WRITE | PTE_DIRTY)
#define PTE_CORE_IO (PTE_CORE_RW | PTE_PCD | PTE_PWT)

/* Entries of one table, and the address bits a level translates: level 1 is the page table. */
#define TABLE_ENTRIES	   512
#define LEVEL_SHIFT(l)	   (12 + 9 * ((l)-1))
#define LEVEL_SIZE(l)	   (1ull << LEVEL_SHIFT(l))
#define TABLE_INDEX(va, l) (((va) >> LEVEL_SHIFT(l)) & 511)

extern uint64_t *paging_pml4;
/* PTE_NX, or 0 on a CPU without it: ANDed into every entry. */
extern uint64_t paging_nx_mask;

#endif
