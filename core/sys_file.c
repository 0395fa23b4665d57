// SPDX-License-Identifier: MIT
/*
 * System calls on open files. Each only checks and copies its arguments and calls file_read(),
 * file_write() or the file's operation; everything is told there. Owns nothing.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

/* The two most frequent calls keep no bytes on their stack that could run over. */
__attribute__((no_stack_protector)) long sys_read(int fd, void __user *buf, size_t n)
{
	struct file *f = fd_get(fd);
	struct uio u;
	long r;

	if (unlikely(!f))
		return -EBADF;
	r = uio_init(&u, buf, n);
	if (likely(!r))
		r = file_read(f, &u, file_pos(f));
	file_put(f);
	return r;
}

__attribute__((no_stack_protector)) long sys_write(int fd, const void __user *buf, size_t n)
{
	struct file *f = fd_get(fd);
	struct uio u;
	long r;

	if (unlikely(!f))
		return -EBADF;
	r = uio_init(&u, (void __user *)(uintptr_t)buf, n);
	if (likely(!r))
		r = file_write(f, &u, file_pos(f));
	file_put(f);
	return r;
}

typedef ssize_t (*transfer)(struct file *f, struct uio *u, off_t *pos);

static long transfer_at(int fd, void __user *buf, size_t n, off_t pos, transfer move)
{
	struct file *f;
	struct uio u;
	long r;

	if (pos < 0)
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = f->ops->seek ? uio_init(&u, buf, n) : -ESPIPE;
	if (!r)
		r = move(f, &u, &pos);
	file_put(f);
	return r;
}

long sys_pread64(int fd, void __user *buf, size_t n, off_t pos)
{
	return transfer_at(fd, buf, n, pos, file_read);
}

long sys_pwrite64(int fd, const void __user *buf, size_t n, off_t pos)
{
	return transfer_at(fd, (void __user *)(uintptr_t)buf, n, pos, file_write);
}

static long transfer_vector(int fd, const struct iovec __user *iov, unsigned long n, transfer move)
{
	struct iovec fast[UIO_FAST], *heap;
	struct file *f = fd_get(fd);
	struct uio u;
	long r;

	if (!f)
		return -EBADF;
	r = n > UIO_MAXIOV ? -EINVAL : uio_import(&u, iov, (unsigned)n, fast, &heap);
	if (!r) {
		r = move(f, &u, file_pos(f));
		kfree(heap);
	}
	file_put(f);
	return r;
}

long sys_readv(int fd, const struct iovec __user *iov, unsigned long n)
{
	return transfer_vector(fd, iov, n, file_read);
}

long sys_writev(int fd, const struct iovec __user *iov, unsigned long n)
{
	return transfer_vector(fd, iov, n, file_write);
}

long sys_lseek(int fd, off_t offset, int whence)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->ops->seek ? f->ops->seek(f, offset, whence) : -ESPIPE;
	file_put(f);
	return r;
}

/* FIONBIO is every file's; the rest is up to its operations. */
static long file_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	int on;

	if (f->flags & O_PATH)
		return -EBADF;
	if (cmd != 0x5421 /* FIONBIO */)
		return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	if (copy_from_user(&on, (const void __user *)arg, sizeof(on)))
		return -EFAULT;
	file_set_flags(f, O_NONBLOCK, on ? O_NONBLOCK : 0);
	return 0;
}

long sys_ioctl(int fd, unsigned cmd, unsigned long arg)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = file_ioctl(f, cmd, arg);
	file_put(f);
	return r;
}

long sys_fsync(int fd)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	/* What has a name lies in memory; what has none cannot be synchronised. */
	r = f->flags & O_PATH ? -EBADF : f->inode ? 0 : -EINVAL;
	file_put(f);
	return r;
}

static long file_truncate(struct file *f, off_t length)
{
	if (f->flags & O_PATH)
		return -EBADF;
	if ((f->flags & O_ACCMODE) == O_RDONLY || !f->ops->truncate)
		return -EINVAL;
	return f->ops->truncate(f, length);
}

long sys_ftruncate(int fd, off_t length)
{
	struct file *f;
	long r;

	if (length < 0)
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = file_truncate(f, length);
	file_put(f);
	return r;
}

/* ---- getdents64 ---- */

#define DENTS_MOST (32u << 10)

struct dents {
	bool old; /* struct linux_dirent: the type stands in the record's last byte */
	char *buf;
	size_t size, used;
	uint64_t pos;
	bool full;
};

static bool emit_dent(void *arg, const char *name, size_t len, uint64_t ino, unsigned dtype,
		      uint64_t next)
{
	struct dents *d = arg;
	/* The old record's name begins a byte earlier and its type is behind the NUL. */
	size_t n = ALIGN_UP(offsetof(struct abi_dirent64, d_name) + len + 1, 8ul);
	struct abi_dirent64 *e = (struct abi_dirent64 *)(d->buf + d->used);

	if (n > d->size - d->used) {
		d->full = true;
		return false;
	}
	memset(e, 0, n);
	e->d_ino = ino;
	e->d_off = (long)next;
	e->d_reclen = (unsigned short)n;
	e->d_type = (unsigned char)dtype;
	memcpy(d->old ? (char *)&e->d_type : e->d_name, name, len);
	if (d->old) {
		e->d_name[len - 1] = '\0';
		((char *)e)[n - 1] = (char)dtype;
	}
	d->used += n;
	d->pos = next;
	return true;
}

/* The entries are gathered in core memory: the tree's lock is held meanwhile. */
static long read_dents(struct file *f, void __user *buf, size_t n, bool old)
{
	struct dents d = {.old = old, .size = min(n, (size_t)DENTS_MOST), .pos = (uint64_t)f->pos};
	long r;

	if (!f->ops->readdir)
		return -ENOTDIR;
	d.buf = kmalloc(max(d.size, sizeof(struct abi_dirent64)));
	if (!d.buf)
		return -ENOMEM;
	r = f->ops->readdir(f, emit_dent, &d, d.pos);
	if (!r && d.full && !d.used)
		r = -EINVAL;
	if (!r)
		r = copy_to_user(buf, d.buf, d.used);
	if (!r) {
		WRITE_ONCE(f->pos, (off_t)d.pos);
		r = (long)d.used;
	}
	kfree(d.buf);
	return r;
}

static long get_dents(int fd, void __user *buf, size_t n, bool old)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = read_dents(f, buf, n, old);
	file_put(f);
	return r;
}

long sys_getdents64(int fd, void __user *buf, size_t n)
{
	return get_dents(fd, buf, n, false);
}

long sys_getdents(int fd, void __user *buf, unsigned n)
{
	return get_dents(fd, buf, n, true);
}

/* ---- sendfile ---- */

/*
 * Moves n bytes from the file's own memory to out: one copy, made by out's write. A position of the
 * app's (*pos) or in's own is moved on by what was sent.
 */
static long send_file(struct file *out, struct file *in, off_t *pos, size_t n)
{
	size_t done = 0;
	long r = 0;

	while (done < n) {
		struct data_page *page;
		const void *bytes;
		ssize_t got = file_span(in, *pos, n - done, &bytes, &page);
		struct uio u;

		if (got <= 0)
			return done ? (long)done : got;
		uio_init_kernel(&u, (void *)(uintptr_t)bytes, (size_t)got);
		r = file_write(out, &u, file_pos(out));
		file_span_end(page);
		if (r <= 0)
			break;
		*pos += r;
		done += (size_t)r;
		if (r < got)
			break;
	}
	return done ? (long)done : r;
}

static long send_checked(struct file *out, struct file *in, off_t __user *upos, size_t n)
{
	off_t pos = in->pos;
	long r;

	if ((in->flags & O_ACCMODE) == O_WRONLY || in->flags & O_PATH)
		return -EBADF;
	if (out->flags & O_APPEND)
		return -EINVAL;
	if (upos && copy_from_user(&pos, upos, sizeof(pos)))
		return -EFAULT;
	if (pos < 0)
		return -EINVAL;
	r = send_file(out, in, &pos, min(n, (size_t)UIO_MAX_BYTES));
	if (!upos)
		WRITE_ONCE(in->pos, pos);
	else if (copy_to_user(upos, &pos, sizeof(pos)))
		return -EFAULT;
	return r;
}

long sys_sendfile(int outfd, int infd, off_t __user *pos, size_t n)
{
	struct file *in = fd_get(infd), *out = fd_get(outfd);
	long r = in && out ? send_checked(out, in, pos, n) : -EBADF;

	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}
