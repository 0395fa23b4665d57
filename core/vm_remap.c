/* SPDX-License-Identifier: MIT */
/*
 * mremap: a mapping grows, shrinks, or moves with its pages. The pages of a moved mapping are mapped
 * in both places before the old one goes, so that running out of memory half-way loses nothing. Lock:
 * the memory-map lock, taken here.
 */
#include <abi/errno.h>
#include <core/fs.h>
#include <core/syscall.h>

#include "vm_internal.h"

#define FLAGS (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

static void forget(void *unused, uintptr_t va, phys_t pa, unsigned order)
{
	(void)unused;
	(void)va;
	(void)pa;
	(void)order;
}

/* A large page stays one where it moves as a whole, to a place for one. */
static int share_page(uintptr_t from, uintptr_t to, size_t len, size_t *size)
{
	unsigned prot;
	phys_t pa = arch_mmu_lookup(from, &prot);

	*size = PAGE_SIZE;
	if (prot & MMU_LARGE) {
		if (IS_ALIGNED(from | to, LARGE_SIZE) && len >= LARGE_SIZE) {
			*size = LARGE_SIZE;
			return arch_mmu_map_large(to, pa, prot);
		}
		arch_mmu_split(from);
	}
	return arch_mmu_map(to, pa, prot & ~(unsigned)MMU_LARGE);
}

/* The pages of [from, from + len) are at `to` too, or nothing is there and the answer is -ENOMEM. */
static int share_pages(uintptr_t from, uintptr_t to, size_t len)
{
	size_t size;

	for (uintptr_t va = from; (va = arch_mmu_next(va, from + len)) < from + len; va += size)
		if (share_page(va, to + (va - from), from + len - va, &size)) {
			arch_mmu_unmap(to, to + len, forget, NULL);
			return -ENOMEM;
		}
	return 0;
}

/* An area like the part of a at from, of another length, at `to` or where there is room. */
static long add_like(const struct area *a, uintptr_t from, uintptr_t to, size_t len, unsigned flags)
{
	struct area new = {
		.start = to,
		.kind = a->kind == AREA_STACK ? AREA_ANONYMOUS : a->kind,
		.prot = a->prot,
		.flags = a->flags & ~AREA_GROWS,
		.inode = a->inode,
		.pa = a->pa + (from - a->start),
	};

	return vm_place(&new, len, flags & MREMAP_FIXED ? MAP_FIXED : 0);
}

/* A second mapping of the same pages, which may replace the first. */
static long map_again(const struct area *a, uintptr_t from, uintptr_t to, size_t len,
		      unsigned flags)
{
	struct inode *i = a->inode;
	long at;

	inode_hold(i);
	at = add_like(a, from, to, len, flags);
	inode_put(i);
	return at;
}

static long move(uintptr_t from, size_t old, size_t len, unsigned flags, uintptr_t to)
{
	const struct area *a = area_at(from);
	size_t kept = min(old, len);
	long at = add_like(a, from, to, len, flags);

	if (at < 0)
		return at;
	if (share_pages(from, (uintptr_t)at, kept)) {
		(void)vm_unmap_locked((uintptr_t)at, (uintptr_t)at + len);
		return -ENOMEM;
	}
	arch_mmu_unmap(from, from + kept, forget, NULL);
	if (!(flags & MREMAP_DONTUNMAP))
		(void)vm_unmap_locked(from, from + old);
	return at;
}

/* Makes [from, from + old) longer where it is; false if something is in the way. */
static bool grow(uintptr_t from, size_t old, size_t len)
{
	struct area *a = area_at(from), more = *a;
	uintptr_t end = from + old;

	if (a->end != end || len > ARCH_USER_END - from || !area_is_free(end, from + len))
		return false;
	more.start = end;
	more.end = from + len;
	more.pa += end - a->start;
	if (area_add(&more))
		return false;
	vm_commit(&more, (ssize_t)(len - old));
	return true;
}

static bool grows_beyond_file(const struct area *a, size_t old, size_t len)
{
	return a->kind == AREA_PHYSICAL && len > old;
}

static long remap_locked(uintptr_t from, size_t old, size_t len, unsigned flags, uintptr_t to)
{
	const struct area *a = area_at(from);
	size_t more;
	int err = 0;

	if (a->start > from || a->end - from < old)
		return -EFAULT;
	if (!old)
		return a->flags & AREA_SHARED ? map_again(a, from, to, len, flags) : -EINVAL;
	more = flags & MREMAP_DONTUNMAP ? len : len - min(len, old);
	if (a->flags & AREA_ACCOUNT && !vm_can_commit(more / PAGE_SIZE))
		return -ENOMEM;
	/* What follows the file's pages in the archive is not the file's. */
	if (grows_beyond_file(a, old, len))
		return -ENOMEM;
	if (flags & MREMAP_FIXED)
		return move(from, old, len, flags, to);
	if (flags & MREMAP_DONTUNMAP)
		return move(from, old, len, flags, 0);
	if (len < old)
		err = vm_unmap_locked(from + len, from + old);
	if (len <= old)
		return err ? err : (long)from;
	if (grow(from, old, len))
		return (long)from;
	return flags & MREMAP_MAYMOVE ? move(from, old, len, flags, 0) : -ENOMEM;
}

/* 0, or what is wrong with the arguments; sizes are multiples of the page size already. */
static int check(uintptr_t from, size_t old, size_t len, unsigned flags, uintptr_t to)
{
	if (flags & ~(unsigned)FLAGS || !IS_ALIGNED(from, PAGE_SIZE) || !len)
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old != len)
		return -EINVAL;
	if (from >= ARCH_USER_END || old > ARCH_USER_END - from)
		return -EFAULT;
	if (len > ARCH_USER_END)
		return -ENOMEM;
	if (!old && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (!(flags & MREMAP_FIXED))
		return 0;
	if (!IS_ALIGNED(to, PAGE_SIZE) || to >= ARCH_USER_END || len > ARCH_USER_END - to)
		return -EINVAL;
	return to < from + old && from < to + len ? -EINVAL : 0;
}

long sys_mremap(uintptr_t addr, size_t old, size_t len, unsigned flags, uintptr_t to)
{
	bool locked;
	int err;
	long at;

	if (old > ARCH_USER_END || len > ARCH_USER_END)
		return -EINVAL;
	old = ALIGN_UP(old, PAGE_SIZE);
	len = ALIGN_UP(len, PAGE_SIZE);
	err = check(addr, old, len, flags, to);
	if (err)
		return err;
	mutex_lock(&vm_lock);
	at = remap_locked(addr, old, len, flags, to);
	locked = at > 0 && area_at((uintptr_t)at)->flags & AREA_LOCKED;
	mutex_unlock(&vm_lock);
	if (locked && len > old)
		(void)vm_populate((uintptr_t)at + old, len - old, false);
	return at;
}
