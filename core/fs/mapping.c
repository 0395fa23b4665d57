// SPDX-License-Identifier: MIT
/*
 * Regular files as the app's address space sees them: by pages, called by core/vm*.c under the
 * memory-map lock. A page that is in a mapping stays in its file until it has been taken out there:
 * what removes pages goes through vm_file_begin(). inode->lock guards the rest.
 *
 * Shared anonymous memory is a file that has no name and no limit but the promise of its size
 * (core/vm_commit.c); only its mappings refer to it.
 */
#include <abi/errno.h>
#include <core/page.h>
#include <core/string.h>
#include "inode.h"

struct inode *file_mappable(struct file *f)
{
	struct inode *i = f->inode;

	return i && inode_has_data(i) ? i : NULL;
}

bool file_is_zero(struct file *f)
{
	return f->inode && inode_is(f->inode, S_IFCHR) && f->inode->device.rdev == DEVFS_ZERO;
}

struct inode *inode_anonymous(size_t size)
{
	struct inode *i = fs_alloc(sizeof(*i));

	if (!i)
		return NULL;
	refcount_init(&i->refs);
	i->mode = S_IFREG;
	i->size = size;
	i->file.anonymous = true;
	return i;
}

void inode_hold(struct inode *i)
{
	inode_get(i);
}

bool inode_is_anonymous(const struct inode *i)
{
	return i->file.anonymous;
}

bool inode_is_mapped(const struct inode *i)
{
	return i->file.mappings;
}

void inode_map(struct inode *i)
{
	inode_get(i);
	i->file.mappings++;
}

void inode_unmap(struct inode *i)
{
	i->file.mappings--;
	inode_put(i);
}

/* A whole page of the archive where the file has no other; lock held. */
static const uint8_t *archive_page(const struct inode *i, uint64_t index)
{
	const uint8_t *p = i->file.archive + index * PAGE_SIZE;

	return (index + 1) * PAGE_SIZE <= i->file.archive_size &&
			       IS_ALIGNED((uintptr_t)p, PAGE_SIZE)
		       ? p
		       : NULL;
}

int inode_page(struct inode *i, uint64_t index, bool make, const void **mem)
{
	struct data_page *p = NULL;
	int r = -ENXIO;

	*mem = NULL;
	spin_lock(&i->lock);
	if (index < (i->size + PAGE_SIZE - 1) / PAGE_SIZE) {
		p = pages_find(&i->file.pages, index);
		r = 0;
		i->file.mapped |= make;
		if (!p && make) {
			p = data_page_make(i, index);
			r = p ? 1 : -ENOSPC;
		}
		*mem = p ? p->mem : archive_page(i, index);
	}
	spin_unlock(&i->lock);
	return r;
}

void inode_page_read(struct inode *i, uint64_t index, void *to)
{
	spin_lock(&i->lock);
	data_fill_base(i, index, to, 0, PAGE_SIZE);
	spin_unlock(&i->lock);
}

bool inode_page_is(struct inode *i, uint64_t index, const void *mem)
{
	struct data_page *p;
	bool is;

	if (mem == i->file.archive + index * PAGE_SIZE)
		return true;
	spin_lock(&i->lock);
	p = pages_find(&i->file.pages, index);
	is = p && p->mem == mem;
	spin_unlock(&i->lock);
	return is;
}

int inode_punch(struct inode *i, uint64_t first, uint64_t end)
{
	int r = 0;

	spin_lock(&i->lock);
	/* What the archive has comes into sight again without the page: zeros must stay. */
	for (; first < end && !r; first++)
		if (first * PAGE_SIZE >= i->file.archive_size)
			pages_clear(&i->file.pages, first);
		else if (data_page_make(i, first))
			memset(data_page_make(i, first)->mem, 0, PAGE_SIZE);
		else
			r = -ENOSPC;
	spin_unlock(&i->lock);
	return r;
}
