/* SPDX-License-Identifier: MIT */
/*
 * The areas of the app's address space (core/vm_area.c), for core/vm.c only: disjoint, in address
 * order, and what lies free between them. No page tables here. All under the memory-map lock.
 */
#ifndef VM_AREA_H
#define VM_AREA_H

#include <core/compiler.h>
#include <core/tree.h>

enum area_kind {
	AREA_ANONYMOUS, /* zero pages on demand */
	AREA_STACK,	/* the same; nothing is placed in AREA_STACK_GUARD below it */
	AREA_PHYSICAL,	/* pages of the archive, shared until written to */
	AREA_FILE,	/* pages of a file: vm_file.c */
	AREA_SENTINEL,	/* empty, at the end of the app's half: the owner of the last gap */
};

#define AREA_STACK_GUARD (1ul << 20)
#define AREA_MAX	 65530 /* areas the app can have, as Linux's default */

struct inode;

struct area {
	struct tree_node node;
	uintptr_t start, end;
	size_t gap;	/* free bytes below start, without a stack's guard */
	size_t max_gap; /* the greatest gap in the node's subtree */
	union {
		phys_t pa;	 /* AREA_PHYSICAL: of start */
		uint64_t offset; /* AREA_FILE: in the file, of start */
	};
	struct inode *inode; /* AREA_FILE: one reference; else NULL */
	uint8_t kind, prot;
	uint8_t flags; /* AREA_*; neighbours that differ in any are not one area */
};

#define AREA_NORESERVE 0x01 /* may be more than memory can back */
#define AREA_HUGE      0x02 /* large pages are asked for, */
#define AREA_NOHUGE    0x04 /* or are not wanted */
#define AREA_ACCOUNT   0x08 /* a promise: vm_commit.c */
#define AREA_LOCKED    0x10 /* by mlock: not to be given back */
#define AREA_GROWS     0x20 /* AREA_STACK: down, to an access below it */
#define AREA_SHARED    0x40 /* AREA_FILE: writes go to the file */
#define AREA_NOWRITE   0x80 /* AREA_FILE: which the app has not opened for it */

void area_init(void);
/* The first area that ends above addr, which is at most ARCH_USER_END; never NULL. */
struct area *area_at(uintptr_t addr);
/* NULL behind the sentinel; it has start == ARCH_USER_END. */
struct area *area_next(const struct area *a);

/* NULL below the first. */
struct area *area_prev(const struct area *a);

/*
 * Adds an area like *like, by growing a neighbour it continues if there is one. [start, end) is
 * free. 0 or -ENOMEM.
 */
int area_add(const struct area *like);
/* Takes a out and frees it. */
void area_remove(struct area *a);
/* Makes a reach from start, in a or in what is free below it, to end, in a. */
void area_set_range(struct area *a, uintptr_t start, uintptr_t end);
/* Makes two of a; the upper one, which starts at `at`, or NULL without memory. */
struct area *area_split(struct area *a, uintptr_t at);
/* Makes the part of a in [start, end) an area of its own; NULL without memory. */
struct area *area_isolate(struct area *a, uintptr_t start, uintptr_t end);
/* Joins a and its lower neighbour if a continues it; the area that now holds a's range. */
struct area *area_join_below(struct area *a);

/* The highest place for len bytes in [low, high); 0 if there is none. */
uintptr_t area_find_gap(size_t len, uintptr_t low, uintptr_t high);
/* True if nothing is in [start, end), nor does it reach into a stack's guard. */
bool area_is_free(uintptr_t start, uintptr_t end);

#endif
