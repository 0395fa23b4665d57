// SPDX-License-Identifier: MIT
/*
 * System calls that move bytes of files at positions, between files, or say what will be done with
 * them. Owns nothing. What is on a disk elsewhere is in memory here, so there is nothing to bring to
 * one or to fetch; the calls for that check what they are given.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/syscall.h>
#include <core/uaccess.h>

/* Of preadv2 and pwritev2. */
#define RWF_HIPRI  1
#define RWF_DSYNC  2
#define RWF_SYNC   4
#define RWF_NOWAIT 8

#define FADV_MOST	 5
#define SYNC_RANGE_FLAGS 7

/* A file that can be told the position, or -errno. */
static long get_seekable(int fd, struct file **f)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	if ((*f)->ops->seek)
		return 0;
	file_put(*f);
	return -ESPIPE;
}

/* ---- vectors at a position ---- */

typedef ssize_t (*transfer)(struct file *f, struct uio *u, off_t *pos);

static long move_vector(struct file *f, const struct iovec __user *iov, unsigned long n, off_t *pos,
			transfer move)
{
	struct iovec fast[UIO_FAST], *heap;
	struct uio u;
	long r = n > UIO_MAXIOV ? -EINVAL : uio_import(&u, iov, (unsigned)n, fast, &heap);

	if (r)
		return r;
	r = move(f, &u, pos);
	kfree(heap);
	return r;
}

static long vector_at(int fd, const struct iovec __user *iov, unsigned long n, off_t pos,
		      transfer move)
{
	struct file *f;
	long r;

	if (pos < 0)
		return -EINVAL;
	r = get_seekable(fd, &f);
	if (r)
		return r;
	r = move_vector(f, iov, n, &pos, move);
	file_put(f);
	return r;
}

/* Position -1 is the file's own. */
static long vector_flags(int fd, const struct iovec __user *iov, unsigned long n, off_t pos,
			 int flags, transfer move)
{
	struct file *f;
	long r;

	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT))
		return -EOPNOTSUPP;
	if (pos != -1 && !flags)
		return vector_at(fd, iov, n, pos, move);
	if (pos < -1)
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	if (pos != -1 && !f->ops->seek)
		r = -ESPIPE;
	else if (flags & RWF_NOWAIT && !file_has_data(f)) /* which may wait, and cannot be told */
		r = -EOPNOTSUPP;
	else
		r = move_vector(f, iov, n, pos == -1 ? file_pos(f) : &pos, move);
	file_put(f);
	return r;
}

long sys_preadv(int fd, const struct iovec __user *iov, unsigned long n, off_t pos)
{
	return vector_at(fd, iov, n, pos, file_read);
}

long sys_pwritev(int fd, const struct iovec __user *iov, unsigned long n, off_t pos)
{
	return vector_at(fd, iov, n, pos, file_write);
}

long sys_preadv2(int fd, const struct iovec __user *iov, unsigned long n, off_t pos,
		 unsigned long high, int flags)
{
	(void)high; /* of positions in two halves, where words are short */
	return vector_flags(fd, iov, n, pos, flags, file_read);
}

long sys_pwritev2(int fd, const struct iovec __user *iov, unsigned long n, off_t pos,
		  unsigned long high, int flags)
{
	(void)high;
	return vector_flags(fd, iov, n, pos, flags, file_write);
}

/* ---- from file to file ---- */

/* One copy, out of the memory where in's bytes lie. */
static long copy_bytes(struct file *in, off_t *from, struct file *out, off_t *to, size_t n)
{
	size_t done = 0;
	long r = 0;

	while (done < n) {
		struct data_page *page;
		const void *bytes;
		ssize_t got = file_span(in, *from, n - done, &bytes, &page);
		struct uio u;

		if (got <= 0) {
			r = got;
			break;
		}
		uio_init_kernel(&u, (void *)(uintptr_t)bytes, (size_t)got);
		r = file_write(out, &u, to);
		file_span_end(page);
		if (r <= 0)
			break;
		*from += r;
		done += (size_t)r;
	}
	return done ? (long)done : r;
}

/* 0, or why it cannot be. */
static long check_copy(struct file *in, struct file *out)
{
	if ((in->flags & O_ACCMODE) == O_WRONLY || (out->flags & O_ACCMODE) == O_RDONLY ||
	    (in->flags | out->flags) & O_PATH || out->flags & O_APPEND)
		return -EBADF;
	for (int i = 0; i < 2; i++) {
		struct file *f = i ? out : in;

		if (!file_has_data(f))
			return f->ops->readdir ? -EISDIR : -EINVAL;
	}
	return 0;
}

static bool overlap(off_t a, off_t b, size_t n)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	return x < y + n && y < x + n;
}

static long copy_range(struct file *in, off_t __user *uin, struct file *out, off_t __user *uout,
		       size_t n)
{
	off_t from = in->pos, to = out->pos;
	long r = check_copy(in, out);

	if (r)
		return r;
	if ((uin && copy_from_user(&from, uin, sizeof(from))) ||
	    (uout && copy_from_user(&to, uout, sizeof(to))))
		return -EFAULT;
	n = min(n, (size_t)UIO_MAX_BYTES);
	if (from < 0 || to < 0)
		return -EINVAL;
	if (from > INT64_MAX - (off_t)n || to > INT64_MAX - (off_t)n)
		return -EOVERFLOW;
	if (in->inode == out->inode && overlap(from, to, n))
		return -EINVAL;
	r = copy_bytes(in, &from, out, &to, n);
	if (!uin)
		WRITE_ONCE(in->pos, from);
	else if (copy_to_user(uin, &from, sizeof(from)))
		return -EFAULT;
	if (!uout)
		WRITE_ONCE(out->pos, to);
	else if (copy_to_user(uout, &to, sizeof(to)))
		return -EFAULT;
	return r;
}

long sys_copy_file_range(int infd, off_t __user *uin, int outfd, off_t __user *uout, size_t n,
			 unsigned flags)
{
	struct file *in = fd_get(infd), *out = fd_get(outfd);
	long r = !in || !out ? -EBADF : flags ? -EINVAL : copy_range(in, uin, out, uout, n);

	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}

/* ---- room ---- */

static long allocate(struct file *f, int mode, uint64_t from, uint64_t to)
{
	struct inode *i = f->inode;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	long r;

	if (!file_has_data(f))
		return !f->inode && !f->ops->seek ? -ESPIPE : f->ops->readdir ? -EISDIR : -ENODEV;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return inode_clear(i, from, to);
	if (mode & FALLOC_FL_ZERO_RANGE) {
		r = inode_clear(i, from, to);
		if (r)
			return r;
	}
	return inode_allocate(i, from, to, keep);
}

long sys_fallocate(int fd, int mode, off_t from, off_t len)
{
	int what = mode & ~FALLOC_FL_KEEP_SIZE;
	struct file *f;
	off_t to;
	long r;

	f = fd_get(fd);
	if (!f)
		return -EBADF;
	if (from < 0 || len <= 0)
		r = -EINVAL;
	else if ((what && what != FALLOC_FL_PUNCH_HOLE && what != FALLOC_FL_ZERO_RANGE) ||
		 mode == FALLOC_FL_PUNCH_HOLE)
		r = -EOPNOTSUPP;
	else if ((f->flags & O_ACCMODE) == O_RDONLY || f->flags & O_PATH)
		r = -EBADF;
	else if (__builtin_add_overflow(from, len, &to))
		r = -EFBIG;
	else
		r = allocate(f, mode, (uint64_t)from, (uint64_t)to);
	file_put(f);
	return r;
}

/* ---- what is in memory already ---- */

long sys_fadvise64(int fd, off_t from, off_t len, int advice)
{
	struct file *f;
	long r;

	(void)from;
	r = get_seekable(fd, &f);
	if (r)
		return r;
	if (f->flags & O_PATH)
		r = -EBADF;
	else if (len < 0 || (unsigned)advice > FADV_MOST)
		r = -EINVAL;
	file_put(f);
	return r;
}

long sys_readahead(int fd, off_t from, size_t n)
{
	struct file *f = fd_get(fd);
	long r = 0;

	(void)from;
	(void)n;
	if (!f)
		return -EBADF;
	if ((f->flags & O_ACCMODE) == O_WRONLY || f->flags & O_PATH)
		r = -EBADF;
	else if (!file_has_data(f))
		r = -EINVAL;
	file_put(f);
	return r;
}

long sys_fdatasync(int fd)
{
	return sys_fsync(fd);
}

long sys_sync(void)
{
	return 0;
}

long sys_syncfs(int fd)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->flags & O_PATH ? -EBADF : 0;
	file_put(f);
	return r;
}

long sys_sync_file_range(int fd, off_t from, off_t len, unsigned flags)
{
	struct file *f;
	off_t end;
	long r;

	if (flags & ~(unsigned)SYNC_RANGE_FLAGS || from < 0 || len < 0 ||
	    __builtin_add_overflow(from, len, &end))
		return fd_cloexec(fd) < 0 ? -EBADF : -EINVAL;
	r = get_seekable(fd, &f);
	if (r)
		return r;
	if (f->flags & O_PATH)
		r = -EBADF;
	else if (!f->inode || (!file_has_data(f) && !f->ops->readdir))
		r = -ESPIPE;
	file_put(f);
	return r;
}
