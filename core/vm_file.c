// SPDX-License-Identifier: MIT
/*
 * Mappings of regular files, and shared anonymous memory, which is a file without a name. A shared
 * mapping has the file's own pages; a private one has them until it writes, which makes a copy. A
 * page may leave its file only when it has left all mappings, so mappings count no references to
 * pages; an area has one to its file.
 *
 * Lock: the memory-map lock, outside the files' own.
 */
#include <abi/errno.h>
#include <core/fs.h>

#include "vm_internal.h"

static bool any_shared; /* ever; without the lock a hint for those who mapped nothing shared */

static bool page_goes(const struct area *a, uintptr_t va, bool copies)
{
	return copies || !vm_page_own(a, va, arch_mmu_lookup(va, NULL));
}

/* Takes the bytes [from, to) of i out of a; copies made of them only if it is told. */
static void zap_area(struct area *a, uint64_t from, uint64_t to, bool copies)
{
	uint64_t size = a->end - a->start, low = max(from, a->offset) - a->offset;
	uintptr_t end = a->start + (to > a->offset ? min(to - a->offset, size) : 0);

	if (from >= a->offset + size)
		return;
	for (uintptr_t va = a->start + low; (va = arch_mmu_next(va, end)) < end; va += PAGE_SIZE)
		if (page_goes(a, va, copies))
			vm_drop_pages(a, va, va + PAGE_SIZE);
}

static void zap(const struct inode *i, uint64_t from, uint64_t to, bool copies)
{
	if (!inode_is_mapped(i))
		return;
	for (struct area *a = area_at(ARCH_USER_START); a->kind != AREA_SENTINEL; a = area_next(a))
		if (a->kind == AREA_FILE && a->inode == i)
			zap_area(a, from, to, copies);
}

void vm_file_begin(struct inode *i, uint64_t from, uint64_t to)
{
	mutex_lock(&vm_lock);
	zap(i, from, to, true);
}

void vm_hole_begin(struct inode *i, uint64_t from, uint64_t to)
{
	mutex_lock(&vm_lock);
	zap(i, from, to, false);
}

void vm_file_end(void)
{
	mutex_unlock(&vm_lock);
}

void vm_file_changed(struct inode *i, uint64_t from, uint64_t to)
{
	mutex_lock(&vm_lock);
	zap(i, ALIGN_DOWN(from, PAGE_SIZE), ALIGN_UP(to, PAGE_SIZE), false);
	mutex_unlock(&vm_lock);
}

long vm_map_file(uintptr_t addr, size_t len, unsigned prot, unsigned flags, struct inode *i,
		 uint64_t offset, bool writable)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	struct area a = {
		.start = addr,
		.kind = AREA_FILE,
		.prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
		.flags = (shared ? AREA_SHARED : 0) | (writable ? 0 : AREA_NOWRITE) |
			 (flags & MAP_NORESERVE ? AREA_NORESERVE : 0),
		.inode = i,
		.offset = offset,
	};

	if (shared)
		WRITE_ONCE(any_shared, true);
	return vm_map_area(&a, len, flags);
}

bool vm_shared(uintptr_t addr, const void **object, uintptr_t *offset)
{
	const struct area *a;
	bool shared;

	if (!READ_ONCE(any_shared))
		return false;
	mutex_lock(&vm_lock);
	a = area_at(addr);
	shared = a->flags & AREA_SHARED && a->start <= addr;
	if (shared) {
		*object = a->inode;
		*offset = a->offset + (addr - a->start);
	}
	mutex_unlock(&vm_lock);
	return shared;
}

long vm_map_shared(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
	struct inode *i;
	long at;

	if (!len || len > ARCH_USER_END)
		return len ? -ENOMEM : -EINVAL;
	i = inode_anonymous(ALIGN_UP(len, PAGE_SIZE));
	if (!i)
		return -ENOMEM;
	at = vm_map_file(addr, len, prot, flags, i, 0, true);
	inode_put(i);
	return at;
}

int vm_file_remove(struct area *a, uintptr_t start, uintptr_t end)
{
	uint64_t from, to;

	if (a->flags & AREA_LOCKED || a->kind != AREA_FILE)
		return -EINVAL;
	if (!(a->flags & AREA_SHARED) || a->flags & AREA_NOWRITE || !(a->prot & PROT_WRITE))
		return -EACCES;
	from = a->offset + (start - a->start);
	to = from + (end - start);
	zap(a->inode, from, to, true);
	return inode_punch(a->inode, from / PAGE_SIZE, to / PAGE_SIZE);
}
