/* SPDX-License-Identifier: MIT */
/*
 * Balanced intrusive ordered trees (core/tree.c). Nodes with equal keys keep their order of
 * insertion. No locking: the tree's owner has it. Insert, remove, find: O(log n); no allocation.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include <core/compiler.h>

struct tree_node {
	struct tree_node *parent, *left, *right;
	int height;
};

struct tree {
	struct tree_node *root;
	/* True if a sorts strictly before b. */
	bool (*less)(const struct tree_node *a, const struct tree_node *b);
};

void tree_insert(struct tree *t, struct tree_node *n);
void tree_remove(struct tree *t, struct tree_node *n);
/* NULL where there is none. */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);

/*
 * For nodes that keep a sum over their subtree: the same, and update(n) computes n's sum anew from
 * its own and its children's, and says whether it changed. It is called bottom-up as far as sums
 * change. tree_update() does so from n on, after a change of n's own.
 */
typedef bool (*tree_update_fn)(struct tree_node *n);
void tree_insert_summed(struct tree *t, struct tree_node *n, tree_update_fn update);
void tree_remove_summed(struct tree *t, struct tree_node *n, tree_update_fn update);
void tree_update(struct tree_node *n, tree_update_fn update);

#define tree_for_each(pos, t) for (pos = tree_first(t); pos; pos = tree_next(pos))

#endif
