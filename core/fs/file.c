// SPDX-License-Identifier: MIT
/*
 * Open files and the descriptor table (core/file.h). The table is two-level, its chunks are made on
 * demand and never freed; an entry is a struct file pointer with FD_CLOEXEC in its lowest bit. A
 * bitmap of used descriptors with a summary above it finds the lowest free one in a few words.
 * fds.lock (spin, a leaf) guards all of it; nothing is released under it.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <core/file.h>
#include <core/file_lock.h>
#include <core/heap.h>
#include <core/page.h>

#include "inode.h"

#define CHUNK	     (PAGE_SIZE / sizeof(uintptr_t))
#define WORDS	     (FD_MAX / 64)
#define CLOEXEC_BIT  1ul
#define STATUS_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_SYNC | O_DIRECT | O_PATH)

static struct {
	struct spinlock lock;
	uintptr_t *chunk[FD_MAX / CHUNK];
	uint64_t used[WORDS];
	uint64_t full[WORDS / 64]; /* a bit for each word of used that is all ones */
	unsigned limit;
} fds = {.limit = FD_MAX};

unsigned fd_limit(void)
{
	return READ_ONCE(fds.limit);
}

void fd_set_limit(unsigned limit)
{
	WRITE_ONCE(fds.limit, limit);
}

struct file *file_new(const struct file_ops *ops, void *private, uint32_t flags)
{
	struct file *f = kmalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->ops = ops;
	f->private = private;
	refcount_init(&f->refs);
	f->flags = flags & STATUS_FLAGS;
	f->pos = 0;
	waitq_init(&f->wait);
	f->locked = false;
	f->path = NULL;
	f->inode = NULL;
	f->watches = NULL;
	return f;
}

void file_free(struct file *f)
{
	if (unlikely(f->locked))
		file_locks_free(f);
	if (unlikely(f->watches))
		f->watches->file_gone(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->inode)
		inode_put(f->inode);
	kfree(f->path);
	kfree(f);
}

void file_wake(struct file *f, uint32_t events)
{
	waitq_wake(&f->wait, events);
}

/* The entry of fd, or NULL if its chunk is not there; fds.lock held. */
static inline uintptr_t *entry_of(unsigned fd)
{
	uintptr_t *chunk = fds.chunk[fd / CHUNK];

	return chunk ? &chunk[fd % CHUNK] : NULL;
}

static void mark_used(unsigned fd)
{
	unsigned w = fd / 64;

	fds.used[w] |= 1ull << fd % 64;
	if (!~fds.used[w])
		fds.full[w / 64] |= 1ull << w % 64;
}

static void mark_free(unsigned fd)
{
	unsigned w = fd / 64;

	fds.used[w] &= ~(1ull << fd % 64);
	fds.full[w / 64] &= ~(1ull << w % 64);
}

/* The lowest free descriptor >= from, FD_MAX if there is none; fds.lock held. */
static unsigned lowest_free(unsigned from)
{
	uint64_t bits = ~fds.used[from / 64] & ~0ull << from % 64;
	unsigned w = from / 64;

	if (bits)
		return w * 64 + (unsigned)__builtin_ctzll(bits);
	for (w++; w < WORDS; w = (w / 64 + 1) * 64) {
		bits = ~fds.full[w / 64] & ~0ull << w % 64;
		if (!bits)
			continue;
		w = w / 64 * 64 + (unsigned)__builtin_ctzll(bits);
		return w * 64 + (unsigned)__builtin_ctzll(~fds.used[w]);
	}
	return FD_MAX;
}

/* Makes fd's chunk; fds.lock held, page_alloc() may be called so. */
static bool make_chunk(unsigned fd)
{
	uintptr_t **chunk = &fds.chunk[fd / CHUNK];

	if (!*chunk)
		*chunk = page_alloc_zeroed(0);
	return *chunk;
}

int fd_install(struct file *f, int from, bool cloexec)
{
	unsigned fd = FD_MAX;

	if ((unsigned)from >= FD_MAX)
		return -EMFILE;
	spin_lock(&fds.lock);
	fd = lowest_free((unsigned)from);
	if (likely(fd < fds.limit && make_chunk(fd))) {
		mark_used(fd);
		*entry_of(fd) = (uintptr_t)f | (cloexec ? CLOEXEC_BIT : 0);
		spin_unlock(&fds.lock);
		return (int)fd;
	}
	spin_unlock(&fds.lock);
	return fd < fd_limit() ? -ENOMEM : -EMFILE;
}

/* What a descriptor had that is no more. */
static inline void put_closed(struct file *f)
{
	if (f->inode && unlikely(READ_ONCE(f->inode->locked)))
		file_locks_closed(f);
	file_put(f);
}

int fd_replace(struct file *f, int fd, bool cloexec)
{
	uintptr_t old;

	if ((unsigned)fd >= fd_limit())
		return -EBADF;
	spin_lock(&fds.lock);
	if (!make_chunk((unsigned)fd)) {
		spin_unlock(&fds.lock);
		return -ENOMEM;
	}
	old = *entry_of((unsigned)fd);
	*entry_of((unsigned)fd) = (uintptr_t)f | (cloexec ? CLOEXEC_BIT : 0);
	mark_used((unsigned)fd);
	spin_unlock(&fds.lock);
	if (old)
		put_closed((struct file *)(old & ~CLOEXEC_BIT));
	return fd;
}

struct file *fd_get(int fd)
{
	struct file *f = NULL;
	uintptr_t *e;

	if (unlikely((unsigned)fd >= FD_MAX))
		return NULL;
	spin_lock(&fds.lock);
	e = entry_of((unsigned)fd);
	if (likely(e && *e)) {
		f = (struct file *)(*e & ~CLOEXEC_BIT);
		file_get(f);
	}
	spin_unlock(&fds.lock);
	return f;
}

int fd_close(int fd)
{
	uintptr_t *e, old = 0;

	if ((unsigned)fd >= FD_MAX)
		return -EBADF;
	spin_lock(&fds.lock);
	e = entry_of((unsigned)fd);
	if (e && *e) {
		old = *e;
		*e = 0;
		mark_free((unsigned)fd);
	}
	spin_unlock(&fds.lock);
	if (!old)
		return -EBADF;
	put_closed((struct file *)(old & ~CLOEXEC_BIT));
	return 0;
}

int fd_cloexec(int fd)
{
	uintptr_t *e;
	int r = -EBADF;

	if ((unsigned)fd >= FD_MAX)
		return r;
	spin_lock(&fds.lock);
	e = entry_of((unsigned)fd);
	if (e && *e)
		r = *e & CLOEXEC_BIT;
	spin_unlock(&fds.lock);
	return r;
}

int fd_set_cloexec(int fd, bool cloexec)
{
	uintptr_t *e;
	int r = -EBADF;

	if ((unsigned)fd >= FD_MAX)
		return r;
	spin_lock(&fds.lock);
	e = entry_of((unsigned)fd);
	if (e && *e) {
		*e = (*e & ~CLOEXEC_BIT) | (cloexec ? CLOEXEC_BIT : 0);
		r = 0;
	}
	spin_unlock(&fds.lock);
	return r;
}

int fd_next(int fd)
{
	for (unsigned i = (unsigned)(fd + 1); i < FD_MAX; i = (i | 63) + 1) {
		uint64_t used = READ_ONCE(fds.used[i / 64]) >> i % 64;

		if (used)
			return (int)i + __builtin_ctzll(used);
	}
	return -1;
}

void fd_close_range(unsigned first, unsigned last, bool cloexec)
{
	for (unsigned fd = first; fd <= last && fd < FD_MAX; fd++) {
		uint64_t used = READ_ONCE(fds.used[fd / 64]) >> fd % 64;

		if (!used) {
			fd |= 63;
			continue;
		}
		fd += (unsigned)__builtin_ctzll(used);
		if (fd > last)
			return;
		if (cloexec)
			fd_set_cloexec((int)fd, true);
		else
			fd_close((int)fd);
	}
}

void fd_close_all(void)
{
	fd_close_range(0, FD_MAX - 1, false);
}

uint32_t file_poll(struct file *f)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f);
}
