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
 *
 * For each large page a table is kept in store, so that splitting one never fails.
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

/* large: PTE_LARGE or 0. */
static uint64_t leaf_make(phys_t pa, unsigned prot, uint64_t large)
{
	uint64_t e = PTE_PRESENT | PTE_USER | PTE_ACCESSED | large;

	if (!prot || !(prot & ~MMU_USER))
		return (~pa & PTE_ADDRESS) | PTE_USER | large;
	e |= prot & MMU_WRITE ? PTE_WRITE | PTE_DIRTY : 0;
	e |= prot & MMU_EXEC ? 0 : PTE_NX;
	e |= prot & MMU_WC ? PTE_PCD | PTE_PWT : 0;
	return (pa | e) & paging_nx_mask;
}

static phys_t leaf_address(uint64_t e)
{
	return e & PTE_PRESENT ? e & PTE_ADDRESS : ~e & PTE_ADDRESS;
}

/* Of no page of the last level, where the bit means something else and is never set. */
static bool is_large(uint64_t e)
{
	return e & PTE_LARGE;
}

static unsigned leaf_prot(uint64_t e)
{
	unsigned large = is_large(e) ? MMU_LARGE : 0;

	if (!(e & PTE_PRESENT))
		return large;
	return large | MMU_USER | MMU_READ | (e & PTE_WRITE ? MMU_WRITE : 0) |
	       (e & PTE_NX ? 0 : MMU_EXEC);
}

static uint64_t *table_of(uint64_t e)
{
	return phys_to_virt(e & PTE_ADDRESS);
}

/* Tables all zero but for the link in their first word. */
static uint64_t *spare_tables; /* emptied: kept for the next mapping */
static uint64_t *large_tables; /* one for each large page */
static unsigned spares;
static size_t large_pages, tables; /* the spares too */

static void table_push(uint64_t **list, uint64_t *t)
{
	t[0] = (uintptr_t)*list;
	*list = t;
}

static uint64_t *table_pop(uint64_t **list)
{
	uint64_t *t = *list;

	*list = (uint64_t *)t[0];
	t[0] = 0;
	return t;
}

static uint64_t *table_alloc(void)
{
	uint64_t *t;

	if (spare_tables) {
		spares--;
		return table_pop(&spare_tables);
	}
	t = page_alloc_zeroed(0);
	if (t)
		tables++;
	return t;
}

static void table_free(uint64_t *t)
{
	if (spares == SPARES_MAX) {
		tables--;
		page_free(t, 0);
		return;
	}
	table_push(&spare_tables, t);
	spares++;
}

size_t arch_mmu_tables(void)
{
	return READ_ONCE(tables);
}

/*
 * The entry for va at a level, with the tables above it, and in *parent the one that counts it. The
 * entry of a large page that va is in; NULL without memory.
 */
static uint64_t *entry_make(uintptr_t va, unsigned level, uint64_t **parent)
{
	uint64_t *table = paging_pml4, *e;

	*parent = NULL;
	for (unsigned l = 4; l > level; l--) {
		e = &table[TABLE_INDEX(va, l)];
		if (!*e) {
			uint64_t *below = table_alloc();

			if (!below)
				return NULL;
			*e = virt_to_phys(below) | PTE_TABLE;
			if (*parent)
				entry_count_add(*parent, 1);
		}
		if (unlikely(is_large(*e)))
			return e;
		*parent = e;
		table = table_of(*e);
	}
	return &table[TABLE_INDEX(va, level)];
}

int arch_mmu_map(uintptr_t va, phys_t pa, unsigned prot)
{
	uint64_t *parent, *e = entry_make(va, 1, &parent);

	if (unlikely(!e || *e))
		return e ? -EEXIST : -ENOMEM;
	*e = leaf_make(pa, prot, 0);
	entry_count_add(parent, 1);
	return 0;
}

int arch_mmu_map_large(uintptr_t va, phys_t pa, unsigned prot)
{
	uint64_t *parent, *e = entry_make(va, 2, &parent), *table;

	if (e && *e)
		return -EEXIST;
	table = e ? table_alloc() : NULL;
	if (!table)
		return -ENOMEM;
	table_push(&large_tables, table);
	large_pages++;
	*e = leaf_make(pa, prot, PTE_LARGE);
	entry_count_add(parent, 1);
	return 0;
}

/* The store's table for a large page that goes or is split. */
static uint64_t *large_gone(void)
{
	large_pages--;
	return table_pop(&large_tables);
}

size_t arch_mmu_large_count(void)
{
	return READ_ONCE(large_pages);
}

/*
 * No CPU may know a large page and its parts at once: it goes before they come. Who touches it
 * meanwhile faults and waits for the memory-map lock. SDM volume 3, section 4.10.4.3.
 */
static void split(uint64_t *e, uintptr_t va)
{
	phys_t pa = leaf_address(*e);
	unsigned prot = leaf_prot(*e);
	uint64_t *table = large_gone();

	*e = 0;
	tlb_flush(va, va + LARGE_SIZE, true, NULL);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = leaf_make(pa + i * PAGE_SIZE, prot & ~MMU_LARGE, 0);
	page_split(phys_to_virt(pa), ARCH_LARGE_ORDER);
	*e = virt_to_phys(table) | PTE_TABLE;
	entry_count_add(e, TABLE_ENTRIES);
}

/* The entry that maps va or would, and its level in *level. */
static inline uint64_t *entry_find(uintptr_t va, unsigned *level)
{
	uint64_t *e = &paging_pml4[TABLE_INDEX(va, 4)];

	for (*level = 4; *level > 1 && *e && !is_large(*e);)
		e = &table_of(*e)[TABLE_INDEX(va, --*level)];
	return e;
}

void arch_mmu_split(uintptr_t va)
{
	unsigned level;
	uint64_t *e = entry_find(va, &level);

	if (level == 2 && *e)
		split(e, ALIGN_DOWN(va, LARGE_SIZE));
}

phys_t arch_mmu_lookup(uintptr_t va, unsigned *prot)
{
	unsigned level;
	uint64_t *e = entry_find(va, &level);

	if (!*e)
		return PHYS_NONE;
	if (prot)
		*prot = leaf_prot(*e);
	return leaf_address(*e) + ALIGN_DOWN(va & (LEVEL_SIZE(level) - 1), PAGE_SIZE);
}

uintptr_t arch_mmu_next(uintptr_t va, uintptr_t end)
{
	while (va < end) {
		unsigned level;

		if (*entry_find(va, &level))
			return va;
		va = ALIGN_DOWN(va, LEVEL_SIZE(level)) + LEVEL_SIZE(level);
	}
	return end;
}

/* In what a table at that level maps from va on. */
static uintptr_t find_below(const uint64_t *table, unsigned level, uintptr_t va, phys_t pa)
{
	/* The upper half of the top table is the core's. */
	unsigned entries = level == 4 ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;

	for (unsigned i = 0; i < entries; i++, va += LEVEL_SIZE(level)) {
		uint64_t e = table[i];
		uintptr_t found = 0;

		if (level > 1 && !is_large(e))
			found = e ? find_below(table_of(e), level - 1, va, pa) : 0;
		else if (e & PTE_PRESENT && pa - leaf_address(e) < LEVEL_SIZE(level))
			found = va + (pa - leaf_address(e));
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
	uintptr_t va; /* bit 0: a large page */
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
	mmu_each each;
	void *arg;
};

static void gather_finish(struct gather *g)
{
	if (g->low < g->high)
		tlb_flush(g->low, g->high, true, g->tables);
	for (unsigned i = 0; i < g->pages; i++)
		g->each(g->arg, g->page[i].va & PAGE_MASK, g->page[i].pa,
			g->page[i].va & 1 ? ARCH_LARGE_ORDER : 0);
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

static void gather_page(struct gather *g, uintptr_t va, uint64_t e)
{
	if (g->pages == g->room)
		gather_room(g);
	g->page[g->pages].va = va | is_large(e);
	g->page[g->pages++].pa = leaf_address(e);
	g->low = min(g->low, va);
	g->high = max(g->high, va + (is_large(e) ? LARGE_SIZE : PAGE_SIZE));
}

static void gather_table(struct gather *g, uint64_t *table, uintptr_t va)
{
	table_push(&g->tables, table);
	/* The CPU may cache the path to the table: flush at least one address it translated. */
	g->low = min(g->low, va);
	g->high = max(g->high, va + PAGE_SIZE);
}

/* True if the eight entries from e on lie below stop, and all are empty. */
static bool eight_are_empty(const uint64_t *e, const uint64_t *stop)
{
	return e + 8 <= stop && !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
}

/* Empties [start, end) of a table of pages, most of them absent; returns how many went. */
static unsigned unmap_pages(struct gather *g, uint64_t *table, uintptr_t start, uintptr_t end)
{
	uint64_t *first = &table[TABLE_INDEX(start, 1)], *e = first;
	const uint64_t *stop = first + (end - start) / PAGE_SIZE;
	unsigned gone = 0;

	while (e < stop) {
		uint64_t was = *e;

		if (eight_are_empty(e, stop)) {
			e += 8;
			continue;
		}
		if (was) {
			*e = 0;
			gather_page(g, start + (uintptr_t)(e - first) * PAGE_SIZE, was);
			gone++;
		}
		e++;
	}
	return gone;
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
		if (is_large(*e) && next - va < LARGE_SIZE)
			split(e, ALIGN_DOWN(va, LARGE_SIZE));
		if (is_large(*e)) {
			uint64_t was = *e;

			*e = 0;
			gather_page(g, va, was);
			table_free(large_gone());
			gone++;
			continue;
		}
		entry_count_add(
			e, -(int)(level == 2 ? unmap_pages(g, table_of(*e), va, next)
					     : unmap_level(g, table_of(*e), level - 1, va, next)));
		if (level < 4 && !entry_count(*e)) {
			uint64_t *below = table_of(*e);

			*e = 0;
			gather_table(g, below, va);
			gone++;
		}
	}
	return gone;
}

void arch_mmu_unmap(uintptr_t start, uintptr_t end, mmu_each each, void *arg)
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
		if (is_large(*e) && next - va < LARGE_SIZE)
			split(e, ALIGN_DOWN(va, LARGE_SIZE));
		if (level == 1 || is_large(*e)) {
			uint64_t now = leaf_make(leaf_address(*e), prot, *e & PTE_LARGE);

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
