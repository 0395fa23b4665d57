// SPDX-License-Identifier: MIT
/*
 * The bytes of regular files. A page of a file is its RAM page if there is one, else the archive's
 * bytes, else a hole; the first write to a page copies it up. Invariant: bytes of a RAM page behind
 * the file's size are zero.
 *
 * inode->lock (spin) is never held over a copy to or from the app. A reader copies from the archive,
 * which never changes, or from a RAM page it has a reference to. A writer first copies the app's
 * bytes into memory nobody sees, then puts them in place under the lock; so a write of up to BATCH
 * pages is atomic, and a fault in the middle leaves nothing but the bytes before it. The position of
 * an open file is moved under the same lock before the copy and corrected after a short one, so
 * threads that share it never get or write the same bytes.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/string.h>
#include <core/vm.h>
#include "inode.h"

#define SMALL	   256		 /* writes up to this go over the stack */
#define BATCH	   16		 /* pages gathered before they are put in place */
#define CHUNK_MOST (256ul << 10) /* of the archive, in one go */
#define PAGE_COST  (PAGE_SIZE + sizeof(struct data_page))
#define SIZE_MOST  ((uint64_t)INT64_MAX)

static const uint8_t zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

/* A page with undefined contents and one reference, or NULL. */
static struct data_page *page_new(bool charged)
{
	struct data_page *p = NULL;

	/* What the app has been promised is not for files. */
	if (charged && (!vm_can_commit(1) || !fs_charge(PAGE_COST)))
		return NULL;
	p = kmalloc(sizeof(*p));
	if (p && (p->mem = page_alloc(0))) {
		refcount_init(&p->refs);
		p->charged = charged;
		return p;
	}
	kfree(p);
	if (charged)
		fs_uncharge(PAGE_COST);
	return NULL;
}

void data_page_put(struct data_page *p)
{
	if (!refcount_put(&p->refs))
		return;
	page_free(p->mem, 0);
	if (p->charged)
		fs_uncharge(PAGE_COST);
	kfree(p);
}

void data_free(struct inode *i)
{
	pages_remove_from(&i->file.pages, 0);
}

/* ---- reading ---- */

size_t data_span(struct inode *i, uint64_t pos, size_t max, const void **bytes,
		 struct data_page **page)
{
	size_t in_page = PAGE_SIZE - pos % PAGE_SIZE, n = 0;
	uint64_t in_archive;
	struct data_page *p;

	*page = NULL;
	spin_lock(&i->lock);
	if (pos < i->size) {
		n = min((uint64_t)max, i->size - pos);
		in_archive = pos < i->file.archive_size ? i->file.archive_size - pos : 0;
		p = pages_find(&i->file.pages, pos / PAGE_SIZE);
		if (p) {
			refcount_get(&p->refs);
			*page = p;
			*bytes = p->mem + pos % PAGE_SIZE;
			n = min(n, in_page);
		} else if (in_archive) {
			*bytes = i->file.archive + pos;
			n = min((uint64_t)n, in_archive);
			if (i->file.pages.root)
				n = min(n, in_page);
		} else {
			*bytes = zero_page + pos % PAGE_SIZE;
			n = min(n, in_page);
		}
	}
	spin_unlock(&i->lock);
	return n;
}

/* After a transfer that was shorter than claimed: the position goes back, if nobody moved it on. */
static void unclaim(struct inode *i, off_t *pos, uint64_t claimed, uint64_t done)
{
	if (claimed == done)
		return;
	spin_lock(&i->lock);
	if ((uint64_t)*pos == claimed)
		*pos = (off_t)done;
	spin_unlock(&i->lock);
}

ssize_t data_read(struct inode *i, struct uio *u, off_t *pos)
{
	size_t before = u->resid, n, left;
	uint64_t start;
	int r = 0;

	spin_lock(&i->lock);
	start = (uint64_t)*pos;
	n = start < i->size ? min((uint64_t)u->resid, i->size - start) : 0;
	*pos = (off_t)(start + n);
	spin_unlock(&i->lock);
	for (left = n; left && !r;) {
		struct data_page *page;
		const void *bytes;
		size_t got = data_span(i, start + n - left, left, &bytes, &page);

		if (!got)
			break;
		got = min(got, CHUNK_MOST);
		r = uio_copy_to(u, bytes, got);
		if (page)
			data_page_put(page);
		left -= got;
		fs_relax();
	}
	unclaim(i, pos, start + n, start + (before - u->resid));
	return before != u->resid ? (ssize_t)(before - u->resid) : r;
}

/* ---- writing ---- */

/* What bytes [from, to) of page index are while it is no RAM page; lock held. */
void data_fill_base(const struct inode *i, uint64_t index, uint8_t *mem, size_t from, size_t to)
{
	uint64_t at = index * PAGE_SIZE + from;
	size_t n = to - from, have = 0;

	if (at < i->file.archive_size)
		have = min((uint64_t)n, i->file.archive_size - at);
	if (have)
		memcpy(mem + from, i->file.archive + at, have);
	memset(mem + from + have, 0, n - have);
}

/* The RAM page of index, copied up if there is none; NULL: full. Lock held. */
struct data_page *data_page_make(struct inode *i, uint64_t index)
{
	struct data_page *p = pages_find(&i->file.pages, index);

	if (p)
		return p;
	p = page_new(!i->file.anonymous);
	if (!p)
		return NULL;
	data_fill_base(i, index, p->mem, 0, PAGE_SIZE);
	if (!pages_insert(&i->file.pages, index, p))
		return p;
	data_page_put(p);
	return NULL;
}

/* What a mapping has written behind the end is not to appear when the file grows. Lock held. */
static void clear_tail(struct inode *i)
{
	struct data_page *p = NULL;

	if (i->size % PAGE_SIZE && i->file.mapped)
		p = pages_find(&i->file.pages, i->size / PAGE_SIZE);
	if (p)
		memset(p->mem + i->size % PAGE_SIZE, 0, PAGE_SIZE - i->size % PAGE_SIZE);
}

void data_grow(struct inode *i, uint64_t size)
{
	if (size <= i->size)
		return;
	clear_tail(i);
	i->size = size;
}

/* A seal against n bytes at pos; lock held. */
static bool is_sealed(const struct inode *i, uint64_t pos, size_t n)
{
	return inode_sealed(i, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
	       (pos + n > i->size && inode_sealed(i, F_SEAL_GROW));
}

static void grow_to(struct inode *i, uint64_t end)
{
	if (end > i->size)
		i->size = end;
}

/* Puts n bytes at pos, as many as there is room for. */
static size_t put_bytes(struct inode *i, uint64_t pos, const uint8_t *src, size_t n)
{
	size_t done = 0;

	if (pos > i->size)
		clear_tail(i);
	while (done < n) {
		size_t off = pos % PAGE_SIZE, piece = min(n - done, PAGE_SIZE - off);
		struct data_page *p = data_page_make(i, pos / PAGE_SIZE);

		if (!p)
			break;
		memcpy(p->mem + off, src + done, piece);
		done += piece;
		pos += piece;
		grow_to(i, pos);
	}
	return done;
}

struct writer {
	struct inode *inode;
	struct uio *uio;
	uint64_t pos;
	bool append;
	size_t done;
};

static int write_small(struct writer *w)
{
	struct inode *i = w->inode;
	size_t before = w->uio->resid, n, put;
	uint8_t buf[SMALL];
	int r = uio_copy_from(w->uio, buf, min(before, sizeof(buf)));

	n = before - w->uio->resid;
	if (!n)
		return r;
	spin_lock(&i->lock);
	if (w->append)
		w->pos = i->size;
	if (is_sealed(i, w->pos, n)) {
		spin_unlock(&i->lock);
		return -EPERM;
	}
	put = n <= SIZE_MOST - w->pos ? put_bytes(i, w->pos, buf, n) : 0;
	if (put)
		inode_touch(i);
	spin_unlock(&i->lock);
	w->pos += put;
	w->done += put;
	return put < n ? -ENOSPC : r;
}

/* Copies the app's bytes for pos on into pages of their own; returns how many pages. */
static unsigned gather(struct uio *u, uint64_t pos, struct data_page **page, size_t *bytes, int *r)
{
	unsigned n = 0;

	*bytes = 0;
	*r = 0;
	while (n < BATCH && u->resid && !*r && (page[n] = page_new(true))) {
		size_t off = (pos + *bytes) % PAGE_SIZE, before = u->resid;

		*r = uio_copy_from(u, page[n++]->mem + off, min(before, PAGE_SIZE - off));
		*bytes += before - u->resid;
	}
	return n;
}

/* Bytes [from, to) of p become those of page index. 0 or -ENOSPC. Takes over p. Lock held. */
static int put_page(struct inode *i, uint64_t index, struct data_page *p, size_t from, size_t to)
{
	struct data_page *old = pages_find(&i->file.pages, index);

	if (old) {
		memcpy(old->mem + from, p->mem + from, to - from);
		data_page_put(p);
		return 0;
	}
	data_fill_base(i, index, p->mem, 0, from);
	data_fill_base(i, index, p->mem, to, PAGE_SIZE);
	if (!pages_insert(&i->file.pages, index, p))
		return 0;
	data_page_put(p);
	return -ENOSPC;
}

/* Puts the gathered bytes in place; pages left over are dropped. Lock held. */
static int put_pages(struct writer *w, struct data_page **page, unsigned n, size_t bytes)
{
	int r = 0;

	if (is_sealed(w->inode, w->pos, bytes))
		r = -EPERM;
	else if (w->pos > w->inode->size)
		clear_tail(w->inode);
	for (unsigned k = 0; k < n; k++) {
		size_t off = w->pos % PAGE_SIZE, piece = min(bytes, PAGE_SIZE - off);

		if (r || !piece) {
			data_page_put(page[k]);
			continue;
		}
		r = put_page(w->inode, w->pos / PAGE_SIZE, page[k], off, off + piece);
		if (r)
			continue;
		w->pos += piece;
		w->done += piece;
		bytes -= piece;
		grow_to(w->inode, w->pos);
	}
	if (w->done)
		inode_touch(w->inode);
	return r;
}

static int write_batch(struct writer *w)
{
	struct data_page *page[BATCH];
	struct inode *i = w->inode;
	struct uio saved = *w->uio;
	size_t bytes;
	unsigned n;
	int fault, r;

	for (;;) {
		if (w->append)
			w->pos = READ_ONCE(i->size);
		n = gather(w->uio, w->pos, page, &bytes, &fault);
		if (!n) /* full; what overwrites needs no new page */
			return write_small(w);
		spin_lock(&i->lock);
		if (!w->append || w->pos == i->size)
			break;
		/* Another append was faster, and the pages are laid out for the old end. */
		spin_unlock(&i->lock);
		while (n)
			data_page_put(page[--n]);
		*w->uio = saved;
	}
	r = put_pages(w, page, n, bytes);
	spin_unlock(&i->lock);
	return r ? r : fault;
}

/* Takes the position for n bytes; -EFBIG if a file cannot be so long. */
static int claim(struct writer *w, off_t *pos, size_t n)
{
	uint64_t start;

	spin_lock(&w->inode->lock);
	start = w->append ? w->inode->size : (uint64_t)*pos;
	if (n <= SIZE_MOST - start && !w->append)
		*pos = (off_t)(start + n);
	spin_unlock(&w->inode->lock);
	w->pos = start;
	return n <= SIZE_MOST - start ? 0 : -EFBIG;
}

ssize_t data_write(struct inode *i, struct uio *u, off_t *pos, bool append)
{
	struct writer w = {.inode = i, .uio = u, .append = append};
	size_t n = u->resid;
	int r = claim(&w, pos, n);
	uint64_t start = w.pos;

	while (u->resid && !r) {
		r = u->resid <= SMALL ? write_small(&w) : write_batch(&w);
		fs_relax();
	}
	if (r == -EFBIG)
		return r;
	/* Mappings of what the archive had see the new pages from now on. */
	if (unlikely(READ_ONCE(i->file.mappings)) && i->file.archive)
		vm_file_changed(i, w.pos - w.done, w.pos);
	if (!append)
		unclaim(i, pos, start + n, start + w.done);
	else if (w.done)
		WRITE_ONCE(*pos, (off_t)w.pos);
	return w.done ? (ssize_t)w.done : r;
}

static void shrink(struct inode *i, uint64_t size)
{
	struct data_page *p;

	pages_remove_from(&i->file.pages, (size + PAGE_SIZE - 1) / PAGE_SIZE);
	p = size % PAGE_SIZE ? pages_find(&i->file.pages, size / PAGE_SIZE) : NULL;
	if (p)
		memset(p->mem + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
	i->file.archive_size = min(i->file.archive_size, size);
}

int data_resize(struct inode *i, uint64_t size)
{
	int r = 0;

	/* A seal stays once it is there: nothing is taken from mappings in vain. */
	if (inode_sealed(i, F_SEAL_SHRINK) && size < READ_ONCE(i->size))
		return -EPERM;
	/* What goes is taken out of mappings first, and none gets it back meanwhile. */
	vm_file_begin(i, ALIGN_UP(min(size, SIZE_MOST), PAGE_SIZE), UINT64_MAX);
	spin_lock(&i->lock);
	if ((size < i->size && inode_sealed(i, F_SEAL_SHRINK)) ||
	    (size > i->size && inode_sealed(i, F_SEAL_GROW))) {
		r = -EPERM;
	} else {
		if (size < i->size)
			shrink(i, size);
		else
			clear_tail(i);
		i->size = size;
		inode_touch(i);
	}
	spin_unlock(&i->lock);
	vm_file_end();
	return r;
}
