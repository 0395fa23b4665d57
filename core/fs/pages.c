// SPDX-License-Identifier: MIT
/*
 * File data by page index: a radix tree of 64-way nodes that grows at the top, so a small file has
 * no node at all and a hole costs nothing. The inode's lock guards the tree; called by data.c only.
 */
#include <abi/errno.h>
#include "inode.h"

#define SHIFT 6
#define SLOTS (1u << SHIFT)

struct node {
	void *slot[SLOTS];
};

/* True if a tree of this height has a place for index. */
static bool covers(unsigned height, uint64_t index)
{
	return height * SHIFT >= 64 || !(index >> height * SHIFT);
}

/* The slot of index, or NULL if there is none. */
static void **slot_of(const struct page_table *t, uint64_t index)
{
	void **slot = (void **)&t->root;

	if (!covers(t->height, index))
		return NULL;
	for (unsigned h = t->height; h && slot && *slot; h--)
		slot = &((struct node *)*slot)->slot[index >> (h - 1) * SHIFT & (SLOTS - 1)];
	return slot;
}

struct data_page *pages_find(const struct page_table *t, uint64_t index)
{
	void **slot = slot_of(t, index);

	return slot ? *slot : NULL;
}

void pages_clear(struct page_table *t, uint64_t index)
{
	void **slot = slot_of(t, index);

	if (!slot || !*slot)
		return;
	data_page_put(*slot);
	*slot = NULL;
}

/* Puts nodes on top until index has a place. */
static int grow(struct page_table *t, uint64_t index)
{
	if (!t->root) {
		while (!covers(t->height, index))
			t->height++;
		return 0;
	}
	while (!covers(t->height, index)) {
		struct node *n = fs_alloc(sizeof(*n));

		if (!n)
			return -ENOSPC;
		n->slot[0] = t->root;
		t->root = n;
		t->height++;
	}
	return 0;
}

int pages_insert(struct page_table *t, uint64_t index, struct data_page *p)
{
	void **slot = &t->root;

	if (grow(t, index))
		return -ENOSPC;
	for (unsigned h = t->height; h; h--) {
		if (!*slot)
			*slot = fs_alloc(sizeof(struct node));
		if (!*slot)
			return -ENOSPC;
		slot = &((struct node *)*slot)->slot[index >> (h - 1) * SHIFT & (SLOTS - 1)];
	}
	*slot = p;
	return 0;
}

/*
 * Removes what lies at or behind first, an index relative to this subtree of the given height (at
 * most 9, the depth of the recursion). Returns what is left of it.
 */
static void *remove_from(void *p, unsigned height, uint64_t first)
{
	struct node *n = p;
	bool empty = true;

	if (!p)
		return NULL;
	if (!height) {
		data_page_put(p);
		return NULL;
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t low = (uint64_t)i << (height - 1) * SHIFT;
		uint64_t next = (uint64_t)(i + 1) << (height - 1) * SHIFT;

		if (first < next)
			n->slot[i] = remove_from(n->slot[i], height - 1,
						 first > low ? first - low : 0);
		empty &= !n->slot[i];
	}
	if (!empty)
		return n;
	fs_free(n);
	return NULL;
}

void pages_remove_from(struct page_table *t, uint64_t index)
{
	if (!covers(t->height, index))
		return;
	t->root = remove_from(t->root, t->height, index);
	if (!t->root)
		t->height = 0;
}

static size_t count(const void *p, unsigned height)
{
	size_t n = 0;

	if (!p || !height)
		return p != NULL;
	for (unsigned i = 0; i < SLOTS; i++)
		n += count(((const struct node *)p)->slot[i], height - 1);
	return n;
}

size_t pages_count(const struct page_table *t)
{
	return count(t->root, t->height);
}
