// SPDX-License-Identifier: MIT
/*
 * Room in a file made or given back before anybody writes: what fallocate(2) asks. inode->lock guards
 * each step; a long range is done page by page, so a reader may see it half done, as on Linux.
 */
#include <abi/errno.h>
#include <core/page.h>
#include <core/string.h>
#include <core/vm.h>
#include "inode.h"

/* How many of the pages [first, end) the file has none of. */
static uint64_t pages_missing(struct inode *i, uint64_t first, uint64_t end)
{
	uint64_t n = 0;

	for (; first < end; first++) {
		spin_lock(&i->lock);
		n += !pages_find(&i->file.pages, first);
		spin_unlock(&i->lock);
		fs_relax();
	}
	return n;
}

/* Whether so many pages can be had, lest a file fills the system before it is refused. */
static bool is_room(uint64_t pages)
{
	size_t bytes = pages * PAGE_SIZE;

	if (pages > SIZE_MAX / PAGE_SIZE || !vm_can_commit(pages) || !fs_charge(bytes))
		return false;
	fs_uncharge(bytes);
	return true;
}

static int make_pages(struct inode *i, uint64_t first, uint64_t end)
{
	/* More than the machine has is refused before it is counted. */
	if (end - first > page_total() || !is_room(pages_missing(i, first, end)))
		return -ENOSPC;
	for (; first < end; first++) {
		bool made;

		spin_lock(&i->lock);
		made = data_page_make(i, first);
		spin_unlock(&i->lock);
		if (!made)
			return -ENOSPC;
		fs_relax();
	}
	return 0;
}

int inode_allocate(struct inode *i, uint64_t from, uint64_t to, bool keep_size)
{
	int r;

	if (!keep_size && to > READ_ONCE(i->size) && inode_sealed(i, F_SEAL_GROW))
		return -EPERM;
	r = make_pages(i, from / PAGE_SIZE, (to + PAGE_SIZE - 1) / PAGE_SIZE);
	if (r)
		return r;
	spin_lock(&i->lock);
	if (!keep_size)
		data_grow(i, to);
	i->ctime = (int64_t)time_realtime();
	spin_unlock(&i->lock);
	return 0;
}

/* Bytes [from, to) of one page become zeros; where there is nothing they are. */
static int clear_part(struct inode *i, uint64_t from, uint64_t to)
{
	struct data_page *p;
	int r = 0;

	spin_lock(&i->lock);
	p = pages_find(&i->file.pages, from / PAGE_SIZE);
	if (!p && from < i->file.archive_size) {
		p = data_page_make(i, from / PAGE_SIZE);
		r = p ? 0 : -ENOSPC;
	}
	if (p)
		memset(p->mem + from % PAGE_SIZE, 0, to - from);
	spin_unlock(&i->lock);
	return r;
}

int inode_clear(struct inode *i, uint64_t from, uint64_t to)
{
	uint64_t first = ALIGN_UP(from, PAGE_SIZE), last = ALIGN_DOWN(to, PAGE_SIZE), size;
	int r = 0;

	if (inode_sealed(i, F_SEAL_WRITE))
		return -EPERM;
	size = ALIGN_UP(READ_ONCE(i->size), PAGE_SIZE);
	if (first > last)
		return clear_part(i, from, to);
	if (from < first)
		r = clear_part(i, from, first);
	if (!r && last < to)
		r = clear_part(i, last, to);
	if (r)
		return r;
	/* Mappings lose the pages first; copies they made are their own. */
	vm_hole_begin(i, first, last);
	spin_lock(&i->lock);
	if (last >= size)
		pages_remove_from(&i->file.pages, max(first, size) / PAGE_SIZE);
	spin_unlock(&i->lock);
	r = inode_punch(i, first / PAGE_SIZE, min(last, size) / PAGE_SIZE);
	vm_file_end();
	spin_lock(&i->lock);
	inode_touch(i);
	spin_unlock(&i->lock);
	return r;
}
