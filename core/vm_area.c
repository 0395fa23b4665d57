// SPDX-License-Identifier: MIT
/*
 * The areas of the app's address space: a balanced tree in which every node knows the free bytes
 * below it and the most of that in its subtree, so that a place is found without a walk over all
 * areas. A sentinel at the end of the app's half owns the last gap and spares every search a
 * special case.
 *
 * Invariant: neighbours that continue each other are one area, but for what mprotect is at just now.
 * Lock: the memory-map lock, held by every caller (core/vm.c).
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/fs.h>
#include <core/heap.h>

#include "vm_area.h"

static bool area_less(const struct tree_node *a, const struct tree_node *b);

static struct tree areas = {.less = area_less};
static struct area sentinel;
static unsigned count;
static struct area *last_found = &sentinel;

static inline struct area *area_of(const struct tree_node *n)
{
	return n ? container_of(n, struct area, node) : NULL;
}

static bool area_less(const struct tree_node *a, const struct tree_node *b)
{
	return area_of(a)->start < area_of(b)->start;
}

static inline size_t max_gap(const struct tree_node *n)
{
	return n ? area_of(n)->max_gap : 0;
}

static bool area_sum(struct tree_node *n)
{
	struct area *a = area_of(n);
	size_t before = a->max_gap;

	a->max_gap = max(a->gap, max(max_gap(n->left), max_gap(n->right)));
	return a->max_gap != before;
}

/* The lowest address that a keeps others from. */
static inline uintptr_t area_floor(const struct area *a)
{
	return a->start - (a->kind == AREA_STACK ? AREA_STACK_GUARD : 0);
}

/* The area below a ends at `below`, or there is none: sets a's gap. */
static void area_set_gap(struct area *a, uintptr_t below)
{
	uintptr_t floor = area_floor(a);
	size_t gap = floor > below ? floor - below : 0;

	if (gap == a->gap)
		return;
	a->gap = gap;
	tree_update(&a->node, area_sum);
}

/* After a change of what is below a. */
static void area_update_gap(struct area *a)
{
	const struct area *prev = area_prev(a);

	area_set_gap(a, prev ? prev->end : ARCH_USER_START);
}

void area_init(void)
{
	sentinel = (struct area){
		.start = ARCH_USER_END,
		.end = ARCH_USER_END,
		.gap = ARCH_USER_END - ARCH_USER_START,
		.kind = AREA_SENTINEL,
	};
	areas.root = NULL;
	count = 0;
	last_found = &sentinel;
	tree_insert_summed(&areas, &sentinel.node, area_sum);
}

struct area *area_at(uintptr_t addr)
{
	const struct tree_node *n = areas.root;
	struct area *best = &sentinel;

	if (addr - last_found->start < last_found->end - last_found->start)
		return last_found;
	while (n) {
		struct area *a = area_of(n);

		if (a->end > addr) {
			best = a;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	last_found = best;
	return best;
}

struct area *area_next(const struct area *a)
{
	return area_of(tree_next(&a->node));
}

struct area *area_prev(const struct area *a)
{
	return area_of(tree_prev(&a->node));
}

/* True if b continues a: they can be one area. */
static bool area_continues(const struct area *a, const struct area *b)
{
	return a->end == b->start && a->kind == b->kind && a->prot == b->prot &&
	       a->flags == b->flags && a->inode == b->inode &&
	       ((a->kind != AREA_PHYSICAL && a->kind != AREA_FILE) ||
		a->pa + (a->end - a->start) == b->pa);
}

static struct area *area_new(const struct area *like)
{
	struct area *a;

	if (count >= AREA_MAX)
		return NULL;
	a = kmalloc(sizeof(*a));
	if (!a)
		return NULL;
	*a = *like;
	a->gap = a->max_gap = 0;
	if (a->inode)
		inode_map(a->inode);
	tree_insert_summed(&areas, &a->node, area_sum);
	count++;
	area_update_gap(a);
	area_set_gap(area_next(a), a->end);
	return a;
}

int area_add(const struct area *like)
{
	struct area *above = area_at(like->start), *below = area_of(tree_prev(&above->node));

	if (area_continues(like, above)) {
		above->start = like->start;
		above->pa = like->pa;
		area_set_gap(above, below ? below->end : ARCH_USER_START);
		area_join_below(above);
		return 0;
	}
	if (below && area_continues(below, like)) {
		below->end = like->end;
		area_set_gap(above, below->end);
		return 0;
	}
	return area_new(like) ? 0 : -ENOMEM;
}

void area_remove(struct area *a)
{
	struct area *next = area_next(a);

	if (last_found == a)
		last_found = &sentinel;
	tree_remove_summed(&areas, &a->node, area_sum);
	count--;
	if (a->inode)
		inode_unmap(a->inode);
	kfree(a);
	area_update_gap(next);
}

void area_set_range(struct area *a, uintptr_t start, uintptr_t end)
{
	a->pa += start - a->start;
	a->start = start;
	a->end = end;
	area_update_gap(a);
	area_set_gap(area_next(a), end);
}

struct area *area_split(struct area *a, uintptr_t at)
{
	struct area upper = *a, *b;

	upper.pa += at - a->start;
	upper.start = at;
	b = area_new(&upper);
	if (b)
		a->end = at;
	return b;
}

struct area *area_isolate(struct area *a, uintptr_t start, uintptr_t end)
{
	if (a->start < start)
		a = area_split(a, start);
	if (!a || a->end <= end || area_split(a, end))
		return a;
	area_join_below(a);
	return NULL;
}

struct area *area_join_below(struct area *a)
{
	struct area *below = area_prev(a);
	uintptr_t end = a->end;

	if (!below || !area_continues(below, a))
		return a;
	area_remove(a);
	below->end = end;
	area_update_gap(area_next(below));
	return below;
}

/* In n's subtree, the highest first: what lies right of n is above n's end, what lies left below. */
static uintptr_t gap_search(const struct tree_node *n, size_t len, uintptr_t low, uintptr_t high)
{
	while (n && max_gap(n) >= len) {
		const struct area *a = area_of(n);
		uintptr_t place = 0, top = min(area_floor(a), high);

		if (a->end < high)
			place = gap_search(n->right, len, low, high);
		if (!place && a->gap >= len && top >= len &&
		    top - len >= max(area_floor(a) - a->gap, low))
			place = top - len;
		if (place || a->start <= low)
			return place;
		n = n->left;
	}
	return 0;
}

uintptr_t area_find_gap(size_t len, uintptr_t low, uintptr_t high)
{
	return gap_search(areas.root, len, low, high);
}

bool area_is_free(uintptr_t start, uintptr_t end)
{
	return area_floor(area_at(start)) >= end;
}
