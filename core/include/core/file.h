/* SPDX-License-Identifier: MIT */
/*
 * Open files and descriptors (core/fs/file.c). A struct file is one open description, shared by
 * dup'ed descriptors and counted; what it is stands behind its operations. Descriptor table lock:
 * a spin lock. Operations are called in thread context with no lock held; those left NULL answer
 * as the comments say.
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/compiler.h>
#include <core/refcount.h>
#include <core/sched.h>
#include <core/uio.h>

struct file;
struct inode;
struct abi_stat;

/* lseek's whence, Linux's values. */
#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* Called for each directory entry: false to stop. Must not touch the app's memory. */
typedef bool (*dir_emit)(void *arg, const char *name, size_t len, uint64_t ino, unsigned dtype,
			 uint64_t next);

struct file_ops {
	/*
	 * Bytes moved, 0 at the end, or -errno; blocks unless f->flags has O_NONBLOCK (-EAGAIN).
	 * pos is where to read or write and is moved on; NULL for what cannot seek (no seek op). It
	 * may be &f->pos, shared by threads: moved under the operations' own lock. A read of no bytes
	 * comes here too, and must not wait. NULL op: -EINVAL.
	 */
	ssize_t (*read)(struct file *f, struct uio *u, off_t *pos);
	ssize_t (*write)(struct file *f, struct uio *u, off_t *pos);
	/* The POLL* bits that hold now; no side effect, no sleep. NULL: always readable, writable. */
	uint32_t (*poll)(struct file *f);
	/* New position or -errno. NULL: -ESPIPE. */
	off_t (*seek)(struct file *f, off_t offset, int whence);
	/* Fills st (zeroed by the caller). NULL: an anonymous character device. */
	int (*stat)(struct file *f, struct abi_stat *st);
	/* NULL: -ENOTTY. arg is the app's. */
	long (*ioctl)(struct file *f, unsigned cmd, unsigned long arg);
	/* Lists a directory from *pos on. NULL: -ENOTDIR. */
	int (*readdir)(struct file *f, dir_emit emit, void *arg, uint64_t pos);
	/* NULL: -EINVAL. */
	int (*truncate)(struct file *f, off_t length);
	/* What waits for f waits here; NULL: on f->wait. For what several files share (a console). */
	struct waitq *(*waitq)(struct file *f);
	/* The last reference is gone; frees private. NULL: nothing to do. */
	void (*release)(struct file *f);
};

/* Who watches a file without a reference to it: told, once, that the last reference is gone. */
struct file_watch {
	struct file_watch *next, **prev;
	/* Takes all watches off f. Thread context, no lock held, before ops->release. */
	void (*file_gone)(struct file *f);
};

struct file {
	const struct file_ops *ops;
	void *private; /* the operations' own */
	struct refcount refs;
	uint32_t flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, ... */
	off_t pos;
	struct waitq wait;	    /* woken by file_wake() when poll()'s answer may have changed */
	bool locked;		    /* has or had locks of its own (core/fs/lock.c) */
	char *path;		    /* of what has no name, told in /proc; may be NULL; kfree'd */
	struct inode *inode;	    /* what has a name in the tree: one reference; else NULL */
	struct file_watch *watches; /* core/epoll.c's, by its lock; mostly none */
};

/* A new file with one reference, or NULL. On release its ops->release runs. */
struct file *file_new(const struct file_ops *ops, void *private, uint32_t flags);
static inline void file_get(struct file *f)
{
	refcount_get(&f->refs);
}
/* What the last file_put() does. */
void file_free(struct file *f);
static inline void file_put(struct file *f)
{
	if (unlikely(refcount_put(&f->refs)))
		file_free(f);
}
/* Any context. */
void file_wake(struct file *f, uint32_t events);

/*
 * The lowest free descriptor >= from becomes f's and takes over the caller's reference; -EMFILE or
 * -ENOMEM leave that with the caller.
 */
int fd_install(struct file *f, int from, bool cloexec);
/* fd (open or not) becomes f's, what was there is closed. As above; -EBADF if fd is out of range. */
int fd_replace(struct file *f, int fd, bool cloexec);
/* Whether fd has FD_CLOEXEC (0 or 1), and setting it; -EBADF. */
int fd_cloexec(int fd);
int fd_set_cloexec(int fd, bool cloexec);
/* The file of fd with a reference for the caller (file_put it), or NULL: answer -EBADF. */
struct file *fd_get(int fd);
/* The first descriptor that is open and above fd, or -1. */
int fd_next(int fd);
/* Takes fd out of the table and drops its reference. 0 or -EBADF. */
int fd_close(int fd);
/* Closes those from first to last, or with cloexec marks them FD_CLOEXEC. */
void fd_close_range(unsigned first, unsigned last, bool cloexec);
/* At the app's end: closes all. */
void fd_close_all(void);

#define FD_MAX 65536
/* New descriptors are below this (RLIMIT_NOFILE); at most FD_MAX. */
unsigned fd_limit(void);
void fd_set_limit(unsigned limit);

/*
 * A file without a name, with a descriptor, as eventfd and the like make it; flags: O_NONBLOCK,
 * O_CLOEXEC. *out, if wanted, is set before any other thread can have it. -ENOMEM, -EMFILE: private
 * is still the caller's. And what its ops->stat is.
 */
int anon_file(const struct file_ops *ops, void *private, int flags, struct file **out);
int anon_stat(struct file *f, struct abi_stat *st);

/* 0 or -errno for the file's access mode. */
static inline ssize_t file_read(struct file *f, struct uio *u, off_t *pos)
{
	if (unlikely((f->flags & O_ACCMODE) == O_WRONLY))
		return -EBADF;
	if (unlikely(!f->ops->read))
		return -EINVAL;
	return f->ops->read(f, u, pos);
}
static inline ssize_t file_write(struct file *f, struct uio *u, off_t *pos)
{
	if (unlikely((f->flags & O_ACCMODE) == O_RDONLY))
		return -EBADF;
	if (unlikely(!f->ops->write))
		return -EINVAL;
	return f->ops->write(f, u, pos);
}
uint32_t file_poll(struct file *f);
/* Changes the bits of mask in f->flags (O_APPEND, O_NONBLOCK) to those of bits. */
static inline void file_set_flags(struct file *f, uint32_t mask, uint32_t bits)
{
	uint32_t old = READ_ONCE(f->flags);

	while (!__atomic_compare_exchange_n(&f->flags, &old, (old & ~mask) | bits, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}
/* The queue that is woken when poll()'s answer may have changed. */
static inline struct waitq *file_waitq(struct file *f)
{
	return f->ops->waitq ? f->ops->waitq(f) : &f->wait;
}
/* Where a read or write of f without a position of its own takes place: NULL if f cannot seek. */
static inline off_t *file_pos(struct file *f)
{
	return f->ops->seek ? &f->pos : NULL;
}

#endif
