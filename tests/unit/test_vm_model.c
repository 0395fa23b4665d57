// SPDX-License-Identifier: MIT
/* The app's address space under random operations, against a model and its own invariants. */
#include "vm_fixture.h"

/* The areas' invariants: sorted, disjoint, merged where they can be, gaps and their maxima right. */
static size_t check_gaps(const struct tree_node *n)
{
	const struct area *a = container_of(n, struct area, node), *prev;
	size_t most, gap, floor;

	if (!n)
		return 0;
	most = max(check_gaps(n->left), check_gaps(n->right));
	prev = tree_prev(n) ? container_of(tree_prev(n), struct area, node) : NULL;
	floor = a->start - (a->kind == AREA_STACK ? AREA_STACK_GUARD : 0);
	gap = floor - (prev ? prev->end : ARCH_USER_START);
	REQUIRE(!prev || prev->end <= a->start);
	REQUIRE(a->kind == AREA_SENTINEL || a->start < a->end);
	REQUIRE(!prev || prev->end < a->start || prev->prot != a->prot || prev->kind != a->kind ||
		prev->flags != a->flags || a->kind == AREA_PHYSICAL);
	REQUIRE(a->gap == ((ssize_t)gap > 0 ? gap : 0));
	REQUIRE(a->max_gap == max(most, a->gap));
	return a->max_gap;
}

static void check_areas(void)
{
	const struct tree_node *n = &area_at(ARCH_USER_START)->node;

	while (n->parent)
		n = n->parent;
	(void)check_gaps(n);
}

enum {
	WINDOW = 48
};

static struct {
	bool mapped;
	unsigned prot;
	int value;
} model[WINDOW];

static void model_access(uintptr_t page)
{
	bool can_read = model[page].mapped && model[page].prot;
	bool can_write = can_read && model[page].prot & PROT_WRITE;
	int v = (int)rnd(255) + 1;

	REQUIRE(peek(BASE + page * P + 9) == (can_read ? model[page].value : -EFAULT));
	REQUIRE(poke(BASE + page * P + 9, (char)v) == (can_write ? 0 : -EFAULT));
	if (can_write)
		model[page].value = v;
}

static bool model_covers(uintptr_t from, uintptr_t n)
{
	for (uintptr_t i = from; i < from + n; i++)
		if (!model[i].mapped)
			return false;
	return true;
}

static void model_step(void)
{
	static const unsigned prots[] = {PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC};
	uintptr_t from = rnd(WINDOW), n = 1 + rnd((uint32_t)min(8ul, WINDOW - from));
	unsigned prot = prots[rnd(4)], op = rnd(8);
	bool covered = model_covers(from, n);

	if (op == 0) {
		REQUIRE(vm_map_anonymous(BASE + from * P, n * P, prot, FIXED) > 0);
	} else if (op == 1) {
		REQUIRE(!vm_unmap(BASE + from * P, n * P));
	} else if (op == 2) {
		REQUIRE(vm_protect(BASE + from * P, n * P, prot) == (covered ? 0 : -ENOMEM));
	} else {
		model_access(from);
		return;
	}
	for (uintptr_t i = from; i < from + n; i++) {
		if (op < 2) {
			model[i].mapped = op == 0;
			model[i].value = 0;
		}
		if (op == 0 || (op == 2 && covered))
			model[i].prot = prot;
	}
	check_areas();
}

TEST(random_operations_against_a_model)
{
	begin(NULL);
	memset(model, 0, sizeof(model));
	for (int i = 0; i < 30000; i++)
		model_step();
	end();
}

TEST(random_placement_keeps_the_gaps)
{
	enum {
		N = 400
	};
	static struct {
		uintptr_t at;
		size_t n;
	} m[N];

	begin(NULL);
	memset(m, 0, sizeof(m));
	REQUIRE(vm_map_stack(1 << 20) > 0);
	for (int step = 0; step < 8000; step++) {
		unsigned i = rnd(N);

		if (m[i].at) {
			REQUIRE(!vm_unmap(m[i].at, m[i].n));
			m[i].at = 0;
		} else {
			m[i].n = (1 + rnd(20)) * P;
			m[i].at = (uintptr_t)vm_map_anonymous(0, m[i].n, 1 + rnd(3), PRIVATE);
			REQUIRE(m[i].at < ARCH_USER_END);
		}
		if (step % 5 == 0)
			check_areas();
	}
	end();
}
