// SPDX-License-Identifier: MIT
/*
 * What the app has been promised, and the end of memory. Private writable memory is a promise: each
 * page of it may be asked for at any time. An area that is one has AREA_ACCOUNT; what of it has no
 * page yet must fit into free memory when it is mapped, so that the app meets ENOMEM at a call and
 * not its end at an access. Not promised are MAP_NORESERVE, stacks, what cannot be written, and all
 * with the option overcommit=on.
 *
 * When memory is gone nevertheless, pages that large pages brought and nobody has written to are
 * given back.
 *
 * Lock: the memory-map lock.
 */
#include <core/boot.h>
#include <core/fs.h>
#include <core/page.h>
#include <core/string.h>

#include "vm_internal.h"

#define RECLAIM_ENOUGH 1024 /* pages */

#define TABLE_PAGES 512 /* that one table maps */

static size_t committed, backed; /* pages; of the committed, those that are there */
static bool overcommit;

void vm_commit_init(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "overcommit");

	overcommit = v && !strcmp(v, "on");
	committed = backed = 0;
}

size_t vm_committed(void)
{
	return READ_ONCE(committed);
}

bool vm_can_commit(size_t pages)
{
	size_t promised = READ_ONCE(committed) - READ_ONCE(backed);
	/* And the tables that map as much as there is, but for those that are there. */
	size_t tables = page_total() / TABLE_PAGES, there = arch_mmu_tables();

	if (overcommit)
		return pages <= page_total();
	return pages <= page_total() &&
	       pages + promised + tables - min(tables, there) <= vm_available();
}

void vm_commit(const struct area *a, ssize_t bytes)
{
	if (a->flags & AREA_ACCOUNT)
		committed += bytes >> PAGE_SHIFT;
}

void vm_back(const struct area *a, ssize_t pages)
{
	if (a->flags & AREA_ACCOUNT)
		backed += pages;
}

bool vm_accountable(const struct area *a, unsigned prot)
{
	if (!(prot & PROT_WRITE) || a->flags & (AREA_NORESERVE | AREA_ACCOUNT))
		return false;
	/* What is written to a file is the file's account. */
	return !(a->flags & AREA_SHARED) || inode_is_anonymous(a->inode);
}

size_t vm_count_pages(const struct area *a, size_t *own)
{
	size_t n = 0;

	*own = 0;
	for (uintptr_t va = a->start; (va = arch_mmu_next(va, a->end)) < a->end; va += PAGE_SIZE) {
		*own += a->flags & AREA_SHARED || vm_page_own(a, va, arch_mmu_lookup(va, NULL));
		n++;
	}
	return n;
}

void vm_account(struct area *a)
{
	size_t own;

	(void)vm_count_pages(a, &own);
	a->flags |= AREA_ACCOUNT;
	vm_commit(a, (ssize_t)(a->end - a->start));
	vm_back(a, (ssize_t)own);
}

/* ---- the end of memory ---- */

static bool all_zero(const uint64_t *p)
{
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*p); i++)
		if (p[i])
			return false;
	return true;
}

/* Gives back the pages of the large page at va that are all zero; their count. */
static size_t reclaim_large(struct area *a, uintptr_t va)
{
	unsigned prot = vm_page_prot(a, true);
	size_t before = page_free_count();

	/* Nobody may write between the look and the end. */
	arch_mmu_protect(va, va + LARGE_SIZE, prot & ~(unsigned)MMU_WRITE);
	for (uintptr_t p = va; p < va + LARGE_SIZE; p += PAGE_SIZE)
		if (all_zero(phys_to_virt(arch_mmu_lookup(p, NULL))))
			vm_drop_pages(a, p, p + PAGE_SIZE);
	arch_mmu_protect(va, va + LARGE_SIZE, prot);
	return page_free_count() - before;
}

static size_t reclaim_area(struct area *a)
{
	size_t freed = 0;

	for (uintptr_t va = a->start;
	     freed < RECLAIM_ENOUGH && (va = arch_mmu_next(va, a->end)) < a->end;) {
		unsigned prot;

		(void)arch_mmu_lookup(va, &prot);
		if (prot & MMU_LARGE && prot & MMU_READ)
			freed += reclaim_large(a, va);
		va = ALIGN_DOWN(va, LARGE_SIZE) + LARGE_SIZE;
	}
	return freed;
}

bool vm_reclaim(void)
{
	size_t freed = 0;

	mutex_lock(&vm_lock);
	for (struct area *a = area_at(ARCH_USER_START);
	     a->kind != AREA_SENTINEL && freed < RECLAIM_ENOUGH && arch_mmu_large_count();
	     a = area_next(a))
		freed += reclaim_area(a);
	mutex_unlock(&vm_lock);
	return freed;
}
