// SPDX-License-Identifier: MIT
/*
 * The physical page allocator: a buddy system over the ranges of RAM that boot gave it. Free blocks
 * are linked through their own first bytes; beside that each range has a table of one state byte a
 * page, kept in the range's first pages. A block of order n is aligned to its size in physical
 * memory and never crosses a range's end. Single pages freed stay in a small stash, unmerged, so
 * that the common alloc and free neither split nor merge. Memory enters the lists only when they
 * have run dry: a host backs a guest's page at the first touch, so boot must not touch all of them.
 *
 * Invariant: a page's state is 0 (tag bits apart) unless it is the first of a block.
 * Lock: page_lock, innermost of all, taken with interrupts off; guards everything here.
 */
#include <core/list.h>
#include <core/log.h>
#include <core/page.h>
#include <core/poison.h>
#include <core/spinlock.h>

#define MAX_RANGES 128
#define STASH_MAX  64

/* The state byte: order in bits 0-3, kind in bits 4-5, the owner's tag in bits 6-7. */
#define STATE_ORDER 0x0f
#define STATE_KIND  0x30
#define KIND_FREE   0x10 /* first page of a free block */
#define KIND_USED   0x20 /* first page of an allocated block */
#define KIND_STASH  0x30 /* free, in the stash */
#define TAG_SHIFT   6

struct range {
	size_t first, end; /* page numbers */
	size_t fresh;	   /* from here to end no page was ever handed out nor touched */
	uint8_t *state;	   /* of the page numbered first, and so on */
};

static struct spinlock page_lock = SPINLOCK_INIT;
static struct range ranges[MAX_RANGES]; /* the biggest first: most look-ups end there */
static unsigned nranges;
static struct list free_list[PAGE_MAX_ORDER + 1];
static unsigned free_orders; /* bit n: free_list[n] is not empty */
static size_t total_pages, free_pages;
static void *stash[STASH_MAX];
static unsigned stashed;

static inline size_t page_number(const void *p)
{
	return virt_to_phys(p) >> PAGE_SHIFT;
}

static inline struct list *block_node(size_t number)
{
	return phys_to_virt((phys_t)number << PAGE_SHIFT);
}

static inline const struct range *range_of(size_t number)
{
	for (const struct range *r = ranges; r < ranges + nranges; r++)
		if (number - r->first < r->end - r->first)
			return r;
	return NULL;
}

/* The state byte of the page p lies in, or NULL. */
static inline uint8_t *state_of(const void *p)
{
	size_t number = page_number(p);
	const struct range *r = range_of(number);

	return r ? &r->state[number - r->first] : NULL;
}

static void block_insert(const struct range *r, size_t number, unsigned order)
{
	r->state[number - r->first] = KIND_FREE | order;
	list_add(&free_list[order], block_node(number));
	free_orders |= 1u << order;
}

static void block_take(const struct range *r, size_t number, unsigned order)
{
	r->state[number - r->first] = 0;
	list_del(block_node(number));
	if (list_empty(&free_list[order]))
		free_orders &= ~(1u << order);
}

/* Makes a block free, merged with its free buddies. Its state is 0 on entry. */
static void block_free(const struct range *r, size_t number, unsigned order)
{
	for (; order < PAGE_MAX_ORDER; order++) {
		size_t buddy = number ^ 1ul << order;

		if (buddy < r->first || buddy + (1ul << order) > r->end ||
		    r->state[buddy - r->first] != (KIND_FREE | order))
			break;
		block_take(r, buddy, order);
		number &= ~(1ul << order);
	}
	block_insert(r, number, order);
}

/* Makes the next naturally aligned block of r's fresh pages free; its order. */
static unsigned carve_block(struct range *r)
{
	unsigned order = min((unsigned)__builtin_ctzl(r->fresh | 1ul << PAGE_MAX_ORDER),
			     PAGE_MAX_ORDER + 0u);

	while (r->fresh + (1ul << order) > r->end)
		order--;
	block_insert(r, r->fresh, order);
	r->fresh += 1ul << order;
	return order;
}

/* Brings in fresh memory until there is a block of the order; false if there is none left. */
static bool carve(unsigned order)
{
	for (struct range *r = ranges; r < ranges + nranges; r++)
		while (r->fresh < r->end)
			if (carve_block(r) >= order)
				return true;
	return false;
}

/* Takes a free block of the order, splitting a bigger one; NULL if there is none. */
static void *block_alloc(unsigned order)
{
	const struct range *r;
	unsigned have, fit;
	size_t number;

	if (unlikely(!(free_orders >> order)) && !carve(order))
		return NULL;
	fit = free_orders >> order;
	have = order + (unsigned)__builtin_ctz(fit);
	number = page_number(free_list[have].next);
	r = range_of(number);
	block_take(r, number, have);
	while (have > order) {
		have--;
		block_insert(r, number + (1ul << have), have);
	}
	r->state[number - r->first] = KIND_USED | order;
	return block_node(number);
}

static void stash_drain(unsigned keep)
{
	while (stashed > keep) {
		size_t number = page_number(stash[--stashed]);
		const struct range *r = range_of(number);

		r->state[number - r->first] = 0;
		block_free(r, number, 0);
	}
}

static void *alloc_locked(unsigned order)
{
	void *p;

	if (order == 0 && stashed) {
		p = stash[--stashed];
		*state_of(p) = KIND_USED;
		return p;
	}
	p = block_alloc(order);
	if (unlikely(!p) && stashed) {
		stash_drain(0);
		p = block_alloc(order);
	}
	return p;
}

/* As page_alloc(), its contents left as they are. */
static void *alloc_raw(unsigned order)
{
	unsigned long flags;
	void *p;

	if (unlikely(order > PAGE_MAX_ORDER))
		return NULL;
	flags = spin_lock_irqsave(&page_lock);
	p = alloc_locked(order);
	if (likely(p))
		free_pages -= 1ul << order;
	spin_unlock_irqrestore(&page_lock, flags);
	return p;
}

void *page_alloc(unsigned order)
{
	void *p = alloc_raw(order);

	if (likely(p))
		poison(p, PAGE_SIZE << order);
	return p;
}

void *page_alloc_zeroed(unsigned order)
{
	char *p = alloc_raw(order);

	if (p)
		for (size_t off = 0; off < PAGE_SIZE << order; off += PAGE_SIZE)
			arch_zero_page(p + off);
	return p;
}

/* False if that block is not allocated so. */
static bool free_locked(void *page, unsigned order)
{
	size_t number = page_number(page);
	const struct range *r = range_of(number);
	uint8_t *state;

	if (unlikely(!r || !IS_ALIGNED((uintptr_t)page, PAGE_SIZE)))
		return false;
	state = &r->state[number - r->first];
	if (unlikely(*state != (KIND_USED | order)))
		return false;
	free_pages += 1ul << order;
	if (order == 0) {
		if (unlikely(stashed == STASH_MAX))
			stash_drain(STASH_MAX / 2);
		*state = KIND_STASH;
		stash[stashed++] = page;
		return true;
	}
	*state = 0;
	block_free(r, number, order);
	return true;
}

void page_free(void *page, unsigned order)
{
	unsigned long flags = spin_lock_irqsave(&page_lock);
	bool good = free_locked(page, order);

	spin_unlock_irqrestore(&page_lock, flags);
	if (unlikely(!good))
		panic("page_free: %p is not an allocated block of order %u", page, order);
}

void page_split(void *page, unsigned order)
{
	uint8_t *state = state_of(page);

	if (unlikely(page_order(page) != order))
		panic("page_split: %p is not a block of order %u", page, order);
	for (size_t i = 0; i < 1ul << order; i++)
		state[i] = KIND_USED;
}

void page_set_tag(void *page, unsigned order, unsigned tag)
{
	uint8_t *state = state_of(page);

	for (size_t i = 0; i < 1ul << order; i++)
		state[i] = (uint8_t)((state[i] & ((1u << TAG_SHIFT) - 1)) | tag << TAG_SHIFT);
}

unsigned page_tag(const void *p)
{
	const uint8_t *state = state_of(p);

	return state ? *state >> TAG_SHIFT : 0;
}

unsigned page_order(const void *page)
{
	const uint8_t *state = state_of(page);

	if (unlikely(!state || !IS_ALIGNED((uintptr_t)page, PAGE_SIZE) ||
		     (*state & STATE_KIND) != KIND_USED))
		panic("page_order: %p is not an allocated block", page);
	return *state & STATE_ORDER;
}

/* Puts r into the table by size. */
static const struct range *range_insert(struct range r)
{
	unsigned i = nranges++;

	for (; i && ranges[i - 1].end - ranges[i - 1].first < r.end - r.first; i--)
		ranges[i] = ranges[i - 1];
	ranges[i] = r;
	return &ranges[i];
}

void page_add_range(phys_t start, phys_t end)
{
	size_t first = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
	size_t table = last > first ? ALIGN_UP(last - first, PAGE_SIZE) >> PAGE_SHIFT : 0;
	const struct range *r;

	if (!nranges)
		for (unsigned i = 0; i <= PAGE_MAX_ORDER; i++)
			list_init(&free_list[i]);
	if (last <= first + table)
		return;
	if (nranges == MAX_RANGES) {
		log_warn("memory: too many ranges, %lu KiB not used",
			 (unsigned long)(last - first) * 4);
		return;
	}
	r = range_insert((struct range){.first = first + table,
					.end = last,
					.fresh = first + table,
					.state = (uint8_t *)block_node(first)});
	for (size_t i = 0; i < table; i++)
		arch_zero_page((char *)r->state + i * PAGE_SIZE);
	total_pages += r->end - r->first;
	free_pages += r->end - r->first;
}

size_t page_total(void)
{
	return total_pages;
}

size_t page_free_count(void)
{
	return READ_ONCE(free_pages);
}
