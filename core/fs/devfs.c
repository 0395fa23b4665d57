// SPDX-License-Identifier: MIT
/*
 * /dev: devices that drivers register at boot, and the memory devices, which live here. Names are in
 * the inode tree under its lock; the devices themselves keep no state.
 */
#include <abi/errno.h>
#include <core/random.h>
#include <core/string.h>
#include "inode.h"

#define CHUNK 4096 /* of a long transfer, before other threads may run */

static uint32_t makedev(unsigned major, unsigned minor)
{
	return major << 8 | minor;
}

static ssize_t null_read(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return 0;
}

static ssize_t null_write(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)pos;
	return (ssize_t)u->resid;
}

static __noinline ssize_t zero_pieces(struct uio *u)
{
	size_t n = u->resid;
	int r = 0;

	while (u->resid && !r) {
		r = uio_clear(u, min(u->resid, (size_t)CHUNK));
		fs_relax();
	}
	return n != u->resid ? (ssize_t)(n - u->resid) : r;
}

static ssize_t zero_read(struct file *f, struct uio *u, off_t *pos)
{
	size_t n = u->resid, bad;

	(void)f;
	(void)pos;
	if (unlikely(n > CHUNK || n > u->iov->iov_len - u->offset || u->kernel))
		return zero_pieces(u);
	/* The usual case, in one piece of the app's. */
	bad = arch_clear_user((char *)u->iov->iov_base + u->offset, n);
	return likely(!bad) || bad < n ? (ssize_t)(n - bad) : -EFAULT;
}

static ssize_t full_write(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)pos;
	return u->resid ? -ENOSPC : 0;
}

static ssize_t random_read(struct file *f, struct uio *u, off_t *pos)
{
	size_t n = u->resid;
	uint8_t buf[256];
	int r = 0;

	(void)f;
	(void)pos;
	while (u->resid && !r) {
		size_t piece = min(u->resid, sizeof(buf));

		random_bytes(buf, piece);
		r = uio_copy_to(u, buf, piece);
		fs_relax();
	}
	memset(buf, 0, sizeof(buf));
	barrier(); /* the wiping stays */
	return n != u->resid ? (ssize_t)(n - u->resid) : r;
}

static ssize_t random_write(struct file *f, struct uio *u, off_t *pos)
{
	size_t n = u->resid;
	uint8_t buf[256];
	int r = 0;

	(void)f;
	(void)pos;
	while (u->resid && !r) {
		size_t piece = min(u->resid, sizeof(buf));

		r = uio_copy_from(u, buf, piece);
		if (!r)
			random_add(buf, piece, 0);
		fs_relax();
	}
	return n != u->resid ? (ssize_t)(n - u->resid) : r;
}

static off_t null_seek(struct file *f, off_t offset, int whence)
{
	(void)f;
	(void)offset;
	(void)whence;
	return 0;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.seek = null_seek,
};
static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.seek = null_seek,
};
static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.seek = null_seek,
};
static const struct file_ops random_ops = {
	.read = random_read,
	.write = random_write,
	.seek = null_seek,
};

/* The directory name in parent, made if it is not there; tree_lock held. */
static struct inode *make_dir(struct inode *parent, const char *name, uint32_t mode)
{
	struct dirent *e = dir_find(parent, name, strlen(name));
	struct inode *i = e ? e->inode : inode_new(S_IFDIR | mode);

	if (e || !i)
		return i;
	dir_init(i, parent);
	if (dir_add(parent, name, strlen(name), i)) {
		inode_put(i);
		return NULL;
	}
	inode_put(i);
	return i;
}

static int add_device(const char *name, struct inode *i)
{
	struct inode *dev;
	int r = -ENOSPC;

	mutex_lock(&tree_lock);
	dev = make_dir(&fs_root, "dev", 0755);
	if (dev && dir_find(dev, name, strlen(name)))
		r = -EEXIST;
	else if (dev)
		r = dir_add(dev, name, strlen(name), i);
	mutex_unlock(&tree_lock);
	return r;
}

static int add(const char *name, unsigned mode, const struct file_ops *ops, void *private,
	       uint32_t rdev, int dup_fd)
{
	struct inode *i = inode_new(S_IFCHR | (mode & 07777));
	int r;

	if (!i)
		return -ENOSPC;
	i->device.ops = ops;
	i->device.private = private;
	i->device.rdev = rdev;
	i->device.dup_fd = dup_fd;
	r = add_device(name, i);
	inode_put(i);
	return r;
}

int devfs_register(const char *name, unsigned mode, const struct file_ops *ops, void *private)
{
	static unsigned minor;

	fs_init();
	return add(name, mode, ops, private, makedev(10, minor++ & 0xff), -1);
}

/* tree_lock held. */
static void add_link(struct inode *dir, const char *name, const char *target)
{
	struct inode *i = inode_new(S_IFLNK | 0777);

	if (!i)
		return;
	i->size = strlen(target);
	i->target = fs_alloc(i->size + 1);
	if (i->target) {
		memcpy(i->target, target, i->size);
		(void)dir_add(dir, name, strlen(name), i);
	}
	inode_put(i);
}

/* Numbers: Linux's devices.txt. Failing here means no memory at all; the app will be told then. */
void devfs_init(void)
{
	struct inode *dev;

	mutex_lock(&tree_lock);
	make_dir(&fs_root, "tmp", 01777);
	dev = make_dir(&fs_root, "dev", 0755);
	if (dev)
		make_dir(dev, "shm", 01777); /* of shm_open() and sem_open() */
	if (dev)
		add_link(dev, "fd", "/proc/self/fd");
	mutex_unlock(&tree_lock);
	add("null", 0666, &null_ops, NULL, makedev(1, 3), -1);
	add("zero", 0666, &zero_ops, NULL, DEVFS_ZERO, -1);
	add("full", 0666, &full_ops, NULL, makedev(1, 7), -1);
	add("random", 0666, &random_ops, NULL, makedev(1, 8), -1);
	add("urandom", 0666, &random_ops, NULL, makedev(1, 9), -1);
	add("tty", 0666, &console_ops, CONSOLE_STDOUT, makedev(5, 0), -1);
	add("console", 0600, &console_ops, CONSOLE_STDOUT, makedev(5, 1), -1);
	add("stdin", 0666, &null_ops, NULL, makedev(5, 2), 0);
	add("stdout", 0666, &null_ops, NULL, makedev(5, 2), 1);
	add("stderr", 0666, &null_ops, NULL, makedev(5, 2), 2);
}
