/* SPDX-License-Identifier: MIT */
/*
 * The app's half of the page tables (contract: arch/mmu.h). The memory-map lock serialises all of
 * it. A table's number of used entries is kept in the ignored bits of the entry that points at it,
 * so that an empty table is known without a scan. A page without any access right stays in the
 * table, not present and with its frame number inverted, so that no CPU speculates on it (L1TF).
 *
 * What is taken out is gathered, then flushed on all CPUs at once (tlb.c), and only then given back:
 * pages to the caller, tables to the spares. Until the flush other CPUs may still write to the pages
 * and walk the tables, so nothing is kept in them meanwhile but a table's link, which is no entry.
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <core/page.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/paging.h>
#include <x86/smp.h>

/* Used entries of the table below: bits 9 to 11 and 52 to 58. */
#define COUNT_LOW(n)  (((uint64_t)(n)&7) << 9)
#define COUNT_HIGH(n) (((uint64_t)(n) >> 3) << 52)
#define COUNT_MASK    (COUNT_LOW(7) | COUNT_HIGH(0x3ff))

#define BATCH	   32
#define SPARES_MAX 16

static unsigned entry_count(uint64_t e)
{
	return (e >> 9 & 7) | (e >> 52 & 0x7f) << 3;
}

static void entry_count_add(uint64_t *e, int delta)
{
	unsigned n = entry_count(*e) + delta;

	*e = (*e & ~COUNT_MASK) | COUNT_LOW(n) | COUNT_HIGH(n);
}

static uint64_t leaf_make(phys_t pa, unsigned prot)
{
	uint64_t e = PTE_PRESENT | PTE_USER | PTE_ACCESSED;

	if (!prot || !(prot & ~MMU_USER))
		return (~pa & PTE_ADDRESS) | PTE_USER;
	e |= prot & MMU_WRITE ? PTE_WRITE | PTE_DIRTY : 0;
	e |= prot & MMU_EXEC ? 0 : PTE_NX;
	e |= prot & MMU_WC ? PTE_PCD | PTE_PWT : 0;
	return (pa | e) & paging_nx_mask;
}

static phys_t leaf_address(uint64_t e)
{
	return e & PTE_PRESENT ? e & PTE_ADDRESS : ~e & PTE_ADDRESS;
}

static unsigned leaf_prot(uint64_t e)
{
	if (!(e & PTE_PRESENT))
		return 0;
	return MMU_USER | MMU_READ | (e & PTE_WRITE ? MMU_WRITE : 0) | (e & PTE_NX ? 0 : MMU_EXEC);
}

static uint64_t *table_of(uint64_t e)
{
	return phys_to_virt(e & PTE_ADDRESS);
}

/* Emptied tables, all zero but for the link in their first word: kept for the next mapping. */
static uint64_t *spare_tables;
static unsigned spares;

static uint64_t *table_alloc(void)
{
	uint64_t *t = spare_tables;

	if (!t)
		return page_alloc_zeroed(0);
	spare_tables = (uint64_t *)t[0];
	spares--;
	t[0] = 0;
	return t;
}

static void table_free(uint64_t *t)
{
	if (spares == SPARES_MAX) {
		page_free(t, 0);
		return;
	}
	t[0] = (uintptr_t)spare_tables;
	spare_tables = t;
	spares++;
}

int arch_mmu_map(uintptr_t va, phys_t pa, unsigned prot)
{
	uint64_t *table = paging_pml4, *parent = NULL, *e;

	for (unsigned l = 4; l > 1; l--) {
		e = &table[TABLE_INDEX(va, l)];
		if (!*e) {
			uint64_t *below = table_alloc();

			if (!below)
				return -ENOMEM;
			*e = virt_to_phys(below) | PTE_TABLE;
			if (parent)
				entry_count_add(parent, 1);
		}
		parent = e;
		table = table_of(*e);
	}
	e = &table[TABLE_INDEX(va, 1)];
	BUG_ON(*e);
	*e = leaf_make(pa, prot);
	entry_count_add(parent, 1);
	return 0;
}

static uint64_t *leaf_find(uintptr_t va)
{
	uint64_t *table = paging_pml4;

	for (unsigned l = 4; l > 1; l--) {
		uint64_t e = table[TABLE_INDEX(va, l)];

		if (!e)
			return NULL;
		table = table_of(e);
	}
	return &table[TABLE_INDEX(va, 1)];
}

phys_t arch_mmu_lookup(uintptr_t va, unsigned *prot)
{
	uint64_t *e = leaf_find(va);

	if (!e || !*e)
		return PHYS_NONE;
	if (prot)
		*prot = leaf_prot(*e);
	return leaf_address(*e);
}

uintptr_t arch_mmu_next(uintptr_t va, uintptr_t end)
{
	while (va < end) {
		uint64_t *table = paging_pml4;
		unsigned l = 4;

		while (l > 1 && table[TABLE_INDEX(va, l)])
			table = table_of(table[TABLE_INDEX(va, l--)]);
		if (table[TABLE_INDEX(va, l)])
			return va;
		va = ALIGN_DOWN(va, LEVEL_SIZE(l)) + LEVEL_SIZE(l);
	}
	return end;
}

/* In what a table at that level maps from va on. */
static uintptr_t find_below(const uint64_t *table, unsigned level, uintptr_t va, phys_t pa)
{
	/* The upper half of the top table is the core's. */
	unsigned entries = level == 4 ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;

	for (unsigned i = 0; i < entries; i++, va += LEVEL_SIZE(level)) {
		uintptr_t found = 0;

		if (level > 1)
			found = table[i] ? find_below(table_of(table[i]), level - 1, va, pa) : 0;
		else if (table[i] & PTE_PRESENT && leaf_address(table[i]) == pa)
			found = va;
		if (found)
			return found;
	}
	return 0;
}

uintptr_t arch_mmu_find(phys_t pa)
{
	return find_below(paging_pml4, 4, 0, pa);
}

struct taken {
	uintptr_t va;
	phys_t pa;
};

/*
 * Pages and tables taken out and not yet flushed; tables are chained through their first word. With
 * several CPUs each flush costs an interrupt on all of them: then a page of its own, if there is one,
 * makes the batches bigger.
 */
struct gather {
	struct taken few[BATCH], *page;
	unsigned pages, room;
	uintptr_t low, high;
	uint64_t *tables;
	void (*each)(void *arg, uintptr_t va, phys_t pa);
	void *arg;
};

static void gather_finish(struct gather *g)
{
	if (g->low < g->high)
		tlb_flush(g->low, g->high, true, g->tables);
	for (unsigned i = 0; i < g->pages; i++)
		g->each(g->arg, g->page[i].va, g->page[i].pa);
	while (g->tables) {
		uint64_t *next = (uint64_t *)g->tables[0];

		table_free(g->tables);
		g->tables = next;
	}
	g->pages = 0;
	g->low = UINTPTR_MAX;
	g->high = 0;
}

static void gather_room(struct gather *g)
{
	struct taken *more = NULL;

	if (g->page == g->few && smp_cpus > 1)
		more = page_alloc(0);
	if (!more) {
		gather_finish(g);
		return;
	}
	memcpy(more, g->few, sizeof(g->few));
	g->page = more;
	g->room = PAGE_SIZE / sizeof(*more);
}

static void gather_page(struct gather *g, uintptr_t va, phys_t pa)
{
	if (g->pages == g->room)
		gather_room(g);
	g->page[g->pages].va = va;
	g->page[g->pages++].pa = pa;
	g->low = min(g->low, va);
	g->high = max(g->high, va + PAGE_SIZE);
}

static void gather_table(struct gather *g, uint64_t *table, uintptr_t va)
{
	table[0] = (uintptr_t)g->tables;
	g->tables = table;
	/* The CPU may cache the path to the table: flush at least one address it translated. */
	g->low = min(g->low, va);
	g->high = max(g->high, va + PAGE_SIZE);
}

/* Empties [start, end) of a table; returns how many of its entries went. */
static unsigned unmap_level(struct gather *g, uint64_t *table, unsigned level, uintptr_t start,
			    uintptr_t end)
{
	unsigned gone = 0;
	uintptr_t next;

	for (uintptr_t va = start; va < end; va = next) {
		uint64_t *e = &table[TABLE_INDEX(va, level)];

		next = min(ALIGN_DOWN(va, LEVEL_SIZE(level)) + LEVEL_SIZE(level), end);
		if (!*e)
			continue;
		if (level == 1) {
			phys_t pa = leaf_address(*e);

			*e = 0;
			gather_page(g, va, pa);
			gone++;
			continue;
		}
		entry_count_add(e, -(int)unmap_level(g, table_of(*e), level - 1, va, next));
		if (level < 4 && !entry_count(*e)) {
			uint64_t *below = table_of(*e);

			*e = 0;
			gather_table(g, below, va);
			gone++;
		}
	}
	return gone;
}

void arch_mmu_unmap(uintptr_t start, uintptr_t end,
		    void (*each)(void *arg, uintptr_t va, phys_t pa), void *arg)
{
	struct gather g = {.low = UINTPTR_MAX, .each = each, .arg = arg};

	g.page = g.few;
	g.room = BATCH;
	unmap_level(&g, paging_pml4, 4, start, end);
	gather_finish(&g);
	if (g.page != g.few)
		page_free(g.page, 0);
}

/* True if e lets something be done that now does not. */
static bool takes_rights(uint64_t e, uint64_t now)
{
	if (!(e & PTE_PRESENT))
		return false;
	return !(now & PTE_PRESENT) || (e & ~now & PTE_WRITE) || (now & ~e & PTE_NX) ||
	       ((e ^ now) & (PTE_ADDRESS | PTE_PCD | PTE_PWT));
}

/* True if a right was taken away: a CPU that does not know of one given faults, and looks again. */
static bool protect_level(uint64_t *table, unsigned level, uintptr_t start, uintptr_t end,
			  unsigned prot)
{
	bool taken = false;
	uintptr_t next;

	for (uintptr_t va = start; va < end; va = next) {
		uint64_t *e = &table[TABLE_INDEX(va, level)];

		next = min(ALIGN_DOWN(va, LEVEL_SIZE(level)) + LEVEL_SIZE(level), end);
		if (!*e)
			continue;
		if (level == 1) {
			uint64_t now = leaf_make(leaf_address(*e), prot);

			taken |= takes_rights(*e, now);
			*e = now;
		} else {
			taken |= protect_level(table_of(*e), level - 1, va, next, prot);
		}
	}
	return taken;
}

void arch_mmu_protect(uintptr_t start, uintptr_t end, unsigned prot)
{
	bool taken = protect_level(paging_pml4, 4, start, end, prot);

	tlb_flush(start, end, taken, false);
}
