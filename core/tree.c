// SPDX-License-Identifier: MIT
/*
 * Balanced ordered trees: AVL. The heights of a node's children differ by at most one; a missing
 * child has height 0, a leaf 1. No lock of its own. Used by timers and the app's memory areas.
 */
#include <core/tree.h>

static inline int height(const struct tree_node *n)
{
	return n ? n->height : 0;
}

static inline void set_height(struct tree_node *n)
{
	n->height = 1 + max(height(n->left), height(n->right));
}

/* Puts to where from hangs below its parent. */
static void replace_child(struct tree *t, struct tree_node *from, struct tree_node *to)
{
	struct tree_node *parent = from->parent;

	if (!parent)
		t->root = to;
	else if (parent->left == from)
		parent->left = to;
	else
		parent->right = to;
	if (to)
		to->parent = parent;
}

/* Lifts n's right child above n; returns it. */
static struct tree_node *rotate_left(struct tree *t, struct tree_node *n)
{
	struct tree_node *r = n->right;

	replace_child(t, n, r);
	n->right = r->left;
	if (n->right)
		n->right->parent = n;
	r->left = n;
	n->parent = r;
	set_height(n);
	set_height(r);
	return r;
}

static struct tree_node *rotate_right(struct tree *t, struct tree_node *n)
{
	struct tree_node *l = n->left;

	replace_child(t, n, l);
	n->left = l->right;
	if (n->left)
		n->left->parent = n;
	l->right = n;
	n->parent = l;
	set_height(n);
	set_height(l);
	return l;
}

/* Brings n's subtree into balance if its children's heights differ by two; its new top. */
static struct tree_node *balance(struct tree *t, struct tree_node *n, tree_update_fn update)
{
	int lean = height(n->left) - height(n->right);
	struct tree_node *low;

	if (lean > 1) {
		low = n->left;
		if (height(low->left) < height(low->right)) {
			rotate_left(t, low);
			if (update)
				update(low);
		}
	} else if (lean < -1) {
		low = n->right;
		if (height(low->right) < height(low->left)) {
			rotate_right(t, low);
			if (update)
				update(low);
		}
	} else {
		return n;
	}
	low = n;
	n = lean > 1 ? rotate_right(t, n) : rotate_left(t, n);
	if (update)
		update(low);
	return n;
}

/*
 * After a change below n: heights, balance and sums from n up, as far as something changes. A node
 * that a rotation put in another's place has nothing to compare with, so it counts as a change.
 */
static void fix_up(struct tree *t, struct tree_node *n, tree_update_fn update)
{
	while (n) {
		struct tree_node *top;
		int before = n->height;
		bool changed;

		set_height(n);
		top = balance(t, n, update);
		changed = (update && update(top)) || top != n || top->height != before;
		if (!changed)
			return;
		n = top->parent;
	}
}

void tree_insert_summed(struct tree *t, struct tree_node *n, tree_update_fn update)
{
	struct tree_node **slot = &t->root, *parent = NULL;

	while (*slot) {
		parent = *slot;
		slot = t->less(n, parent) ? &parent->left : &parent->right;
	}
	*n = (struct tree_node){.parent = parent, .height = 1};
	*slot = n;
	if (update)
		update(n);
	fix_up(t, parent, update);
}

void tree_insert(struct tree *t, struct tree_node *n)
{
	tree_insert_summed(t, n, NULL);
}

/* Puts n's successor, the leftmost of its right subtree, in n's place; where heights changed. */
static struct tree_node *replace_by_successor(struct tree *t, struct tree_node *n)
{
	struct tree_node *s = n->right, *changed;

	while (s->left)
		s = s->left;
	changed = s;
	if (s != n->right) {
		changed = s->parent;
		replace_child(t, s, s->right);
		s->right = n->right;
		s->right->parent = s;
	}
	s->left = n->left;
	s->left->parent = s;
	replace_child(t, n, s);
	s->height = n->height;
	return changed;
}

void tree_remove_summed(struct tree *t, struct tree_node *n, tree_update_fn update)
{
	struct tree_node *changed = n->parent, *moved = NULL;

	if (n->left && n->right) {
		changed = replace_by_successor(t, n);
		moved = n->left->parent;
	} else {
		replace_child(t, n, n->left ? n->left : n->right);
	}
	fix_up(t, changed, update);
	/* The successor brought its sum from elsewhere: equal or not, what is above must look. */
	if (update && moved) {
		(void)update(moved);
		tree_update(moved->parent, update);
	}
	*n = (struct tree_node){0};
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	tree_remove_summed(t, n, NULL);
}

void tree_update(struct tree_node *n, tree_update_fn update)
{
	while (n && update(n))
		n = n->parent;
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->left)
		n = n->left;
	return n;
}

struct tree_node *tree_next(const struct tree_node *n)
{
	if (n->right) {
		for (n = n->right; n->left;)
			n = n->left;
		return (struct tree_node *)(uintptr_t)n;
	}
	while (n->parent && n == n->parent->right)
		n = n->parent;
	return n->parent;
}

struct tree_node *tree_prev(const struct tree_node *n)
{
	if (n->left) {
		for (n = n->left; n->right;)
			n = n->right;
		return (struct tree_node *)(uintptr_t)n;
	}
	while (n->parent && n == n->parent->left)
		n = n->parent;
	return n->parent;
}
