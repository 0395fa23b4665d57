// SPDX-License-Identifier: MIT
/* Balanced trees: order, balance, sums, against a sorted array. */
#include <core/tree.h>

#include "test.h"

enum {
	N = 500
};

struct item {
	struct tree_node node;
	int key, serial;
	int sum; /* odd keys in the subtree, for the summed form */
};

static struct item items[N];
static uint32_t seed = 7;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct item *item_of(const struct tree_node *n)
{
	return container_of(n, struct item, node);
}

static bool less(const struct tree_node *a, const struct tree_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

/* How many nodes of the subtree have an odd key: it does not always change on the way up. */
static bool sum(struct tree_node *n)
{
	int before = item_of(n)->sum;

	item_of(n)->sum = (item_of(n)->key & 1) + (n->left ? item_of(n->left)->sum : 0) +
			  (n->right ? item_of(n->right)->sum : 0);
	return item_of(n)->sum != before;
}

static int odd_keys(const struct tree_node *n)
{
	return n ? (item_of(n)->key & 1) + odd_keys(n->left) + odd_keys(n->right) : 0;
}

/* Checks heights, balance and links; the count of nodes. */
static int check_node(const struct tree_node *n, const struct tree_node *parent, bool summed)
{
	int l, r, hl, hr;

	if (!n)
		return 0;
	l = check_node(n->left, n, summed);
	r = check_node(n->right, n, summed);
	hl = n->left ? n->left->height : 0;
	hr = n->right ? n->right->height : 0;
	REQUIRE(n->parent == parent);
	REQUIRE(n->height == 1 + max(hl, hr));
	REQUIRE(hl - hr <= 1 && hr - hl <= 1);
	if (summed)
		REQUIRE(item_of(n)->sum == odd_keys(n));
	return 1 + l + r;
}

/* Both ways through; equal keys stand in order of insertion. */
static void check_tree(const struct tree *t, int count, bool summed)
{
	struct tree_node *n, *last = NULL;
	int seen = 0;

	REQUIRE(check_node(t->root, NULL, summed) == count);
	tree_for_each (n, t) {
		if (last) {
			struct item *a = item_of(last), *b = item_of(n);

			REQUIRE(a->key < b->key || (a->key == b->key && a->serial < b->serial));
			REQUIRE(tree_prev(n) == last);
		}
		last = n;
		seen++;
	}
	REQUIRE(seen == count);
}

static void churn(int keys, bool summed)
{
	tree_update_fn update = summed ? sum : NULL;
	struct tree t = {.less = less};
	bool in[N] = {false};
	int count = 0;

	for (int step = 0; step < 6000; step++) {
		unsigned i = rnd(N);

		if (in[i]) {
			tree_remove_summed(&t, &items[i].node, update);
			count--;
		} else {
			items[i].key = (int)rnd((unsigned)keys);
			items[i].serial = step;
			tree_insert_summed(&t, &items[i].node, update);
			count++;
		}
		in[i] = !in[i];
		if (step % 7 == 0 || count < 10)
			check_tree(&t, count, summed);
	}
	for (int i = 0; i < N; i++)
		if (in[i]) {
			tree_remove_summed(&t, &items[i].node, update);
			check_tree(&t, --count, summed);
		}
	CHECK(!t.root && !tree_first(&t));
}

TEST(random_keys)
{
	churn(1000000, false);
}

TEST(many_equal_keys)
{
	churn(5, false);
}

TEST(sums_follow)
{
	churn(300, true);
}

TEST(ascending_stays_flat)
{
	struct tree t = {.less = less};

	for (int i = 0; i < N; i++) {
		items[i].key = i;
		items[i].serial = i;
		tree_insert(&t, &items[i].node);
	}
	check_tree(&t, N, false);
	CHECK(t.root->height <= 10); /* 1.44 log2 500 is 12.9; ascending order does better */
	for (int i = 0; i < N; i++) {
		REQUIRE(tree_first(&t) == &items[i].node);
		tree_remove(&t, &items[i].node);
	}
	CHECK(!t.root);
}

TEST(removed_node_is_clean)
{
	struct tree t = {.less = less};

	tree_insert(&t, &items[0].node);
	CHECK(!tree_next(&items[0].node) && !tree_prev(&items[0].node));
	tree_remove(&t, &items[0].node);
	CHECK(!t.root && !items[0].node.parent && !items[0].node.left && !items[0].node.right);
}

TEST(update_goes_as_far_as_sums_change)
{
	struct tree t = {.less = less};

	for (int i = 0; i < 100; i++) {
		items[i].key = ((i * 37) % 100) * 2;
		tree_insert_summed(&t, &items[i].node, sum);
	}
	CHECK_EQ(item_of(t.root)->sum, 0);
	for (int i = 0; i < 100; i++) {
		items[i].key++;
		tree_update(&items[i].node, sum);
		CHECK_EQ(item_of(t.root)->sum, i + 1);
	}
}
