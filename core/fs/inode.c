// SPDX-License-Identifier: MIT
/*
 * Inodes: their life, their metadata, what opening one gives, and the account of the memory that
 * the file system may use. Locks: inode.h; the account is atomic.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/statfs.h>
#include <core/heap.h>
#include <core/process.h>
#include <core/string.h>
#include "inode.h"

struct mutex tree_lock = MUTEX_INIT(tree_lock);
struct inode fs_root = {
	.refs = {2}, /* itself and the first working directory */
	.mode = S_IFDIR | 0755,
	.nlink = 2,
	.ino = 1,
	.dir = {.parent = &fs_root},
};

static size_t used, limit = SIZE_MAX;
static uint64_t last_ino = FS_PROC_INO;

void fs_set_limit(size_t bytes)
{
	limit = bytes;
}

bool fs_charge(size_t bytes)
{
	if (likely(__atomic_add_fetch(&used, bytes, __ATOMIC_RELAXED) <= limit))
		return true;
	fs_uncharge(bytes);
	return false;
}

void fs_uncharge(size_t bytes)
{
	__atomic_sub_fetch(&used, bytes, __ATOMIC_RELAXED);
}

size_t fs_used(void)
{
	return READ_ONCE(used);
}

void *fs_alloc(size_t size)
{
	void *p = kzalloc(size);

	if (!p || fs_charge(kmalloc_size(p)))
		return p;
	kfree(p);
	return NULL;
}

void fs_free(void *p)
{
	if (!p)
		return;
	fs_uncharge(kmalloc_size(p));
	kfree(p);
}

void fs_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	dir_init(&fs_root, &fs_root);
	devfs_init();
}

struct inode *inode_new(uint32_t mode)
{
	struct inode *i = fs_alloc(sizeof(*i));

	if (!i)
		return NULL;
	refcount_init(&i->refs);
	i->mode = mode;
	i->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	i->uid = process_file_user();
	i->gid = process_file_group();
	i->btime = (int64_t)time_realtime();
	i->atime = i->mtime = i->ctime = i->btime;
	if (inode_is(i, S_IFCHR))
		i->device.dup_fd = -1;
	return i;
}

void inode_put(struct inode *i)
{
	/* A removed directory lets go of its parent: a loop, because a chain may be long. */
	while (i && refcount_put(&i->refs)) {
		struct inode *parent = NULL;

		if (inode_is(i, S_IFREG))
			data_free(i);
		else if (inode_is(i, S_IFLNK))
			fs_free(i->target);
		else if (inode_is(i, S_IFDIR))
			parent = i->dir.parent;
		fs_free(i);
		i = parent;
	}
}

void inode_touch(struct inode *i)
{
	i->mtime = i->ctime = (int64_t)time_realtime();
}

/* Seconds, rounded down, and what is over. */
static inline void put_time(int64_t ns, long *sec, long *nsec)
{
	*sec = ns / (long)NSEC_PER_SEC;
	*nsec = ns % (long)NSEC_PER_SEC;
	if (unlikely(*nsec < 0)) {
		*nsec += (long)NSEC_PER_SEC;
		--*sec;
	}
}

void inode_stat(struct inode *i, struct abi_stat *st)
{
	spin_lock(&i->lock);
	st->st_size = (long)i->size;
	put_time(i->atime, &st->st_atime_sec, &st->st_atime_nsec);
	put_time(i->mtime, &st->st_mtime_sec, &st->st_mtime_nsec);
	put_time(i->ctime, &st->st_ctime_sec, &st->st_ctime_nsec);
	st->st_mode = i->mode;
	st->st_uid = i->uid;
	st->st_gid = i->gid;
	spin_unlock(&i->lock);
	st->st_dev = i->read_only ? PROC_DEVICE : FS_DEVICE;
	st->st_ino = i->ino;
	st->st_nlink = READ_ONCE(i->nlink);
	st->st_blksize = PAGE_SIZE;
	st->st_blocks = st->st_size / 512 + !!(st->st_size % 512);
	if (inode_is(i, S_IFCHR))
		st->st_rdev = i->device.rdev;
}

/* Linux's numbers for a file system in memory, for /proc, and for files without a name. */
#define TMPFS_MAGIC 0x01021994
#define PROC_MAGIC  0x9fa0
#define ANON_MAGIC  0x09041934

void inode_statfs(const struct inode *i, struct abi_statfs *st)
{
	size_t most = READ_ONCE(limit), now = min(fs_used(), most);

	st->f_type = !i ? ANON_MAGIC : i->read_only ? PROC_MAGIC : TMPFS_MAGIC;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_namelen = NAME_MAX;
	if (st->f_type != TMPFS_MAGIC)
		return;
	st->f_blocks = most / PAGE_SIZE;
	st->f_bfree = st->f_bavail = (most - now) / PAGE_SIZE;
}

/* ---- regular files ---- */

static ssize_t regular_read(struct file *f, struct uio *u, off_t *pos)
{
	return data_read(f->inode, u, pos);
}

static ssize_t regular_write(struct file *f, struct uio *u, off_t *pos)
{
	return data_write(f->inode, u, pos, f->flags & O_APPEND);
}

static off_t regular_seek(struct file *f, off_t offset, int whence)
{
	struct inode *i = f->inode;
	off_t base, r = -EINVAL;

	spin_lock(&i->lock);
	base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->pos : (off_t)i->size;
	/* All data, one hole at the end: what Linux answers for file systems that do not look. */
	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		r = offset < 0 || offset >= base ? -ENXIO : whence == SEEK_DATA ? offset : base;
	else if (whence > SEEK_HOLE || __builtin_add_overflow(base, offset, &r) || r < 0)
		r = -EINVAL;
	if (r >= 0)
		f->pos = r;
	spin_unlock(&i->lock);
	return r;
}

static int regular_truncate(struct file *f, off_t length)
{
	return data_resize(f->inode, (uint64_t)length);
}

static int regular_stat(struct file *f, struct abi_stat *st)
{
	inode_stat(f->inode, st);
	return 0;
}

bool file_has_data(const struct file *f)
{
	return f->inode && inode_has_data(f->inode) && !(f->flags & O_PATH);
}

static const struct file_ops regular_ops = {
	.stat = regular_stat,
	.read = regular_read,
	.write = regular_write,
	.seek = regular_seek,
	.truncate = regular_truncate,
};

/* ---- O_PATH: a place in the tree, nothing to read or write ---- */

static ssize_t path_move(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return -EBADF;
}

static off_t path_seek(struct file *f, off_t offset, int whence)
{
	(void)f;
	(void)offset;
	(void)whence;
	return -EBADF;
}

static int path_readdir(struct file *f, dir_emit emit, void *arg, uint64_t pos)
{
	(void)f;
	(void)emit;
	(void)arg;
	(void)pos;
	return -EBADF;
}

static const struct file_ops path_ops = {
	.read = path_move,
	.write = path_move,
	.seek = path_seek,
	.readdir = path_readdir,
};

/* ---- opening ---- */

/* May i be opened so? Permissions are the superuser's: they stop nobody. */
static int open_check(const struct inode *i, int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY && !inode_is(i, S_IFLNK);

	if (flags & O_PATH)
		return flags & O_DIRECTORY && !inode_is(i, S_IFDIR) ? -ENOTDIR : 0;
	if (inode_is(i, S_IFLNK) && (!inode_is_magic(i) || flags & (O_NOFOLLOW | O_DIRECTORY)))
		return flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
	if (inode_is(i, S_IFSOCK) || inode_is(i, S_IFIFO))
		return -ENXIO;
	if (i->read_only && !inode_is(i, S_IFDIR) && (writes || (flags & O_TRUNC)))
		return -EROFS;
	if (inode_is(i, S_IFDIR))
		return writes || (flags & (O_CREAT | O_TRUNC)) ? -EISDIR : 0;
	return flags & O_DIRECTORY ? -ENOTDIR : 0;
}

static int open_duplicate(int fd, struct file **out)
{
	*out = fd_get(fd);
	return *out ? 0 : -ENXIO;
}

int inode_open(struct inode *i, int flags, struct file **out)
{
	const struct file_ops *ops = &regular_ops;
	void *private = NULL;
	int r = open_check(i, flags);

	if (r)
		return r;
	if (flags & O_PATH) {
		ops = &path_ops;
	} else if (inode_is(i, S_IFLNK)) {
		return open_duplicate(i->fd, out);
	} else if (inode_is(i, S_IFCHR)) {
		if (i->device.dup_fd >= 0)
			return open_duplicate(i->device.dup_fd, out);
		ops = i->device.ops;
		private = i->device.private;
	} else if (inode_is(i, S_IFDIR)) {
		ops = &dir_ops;
	} else if (i->file.show) {
		ops = &proc_ops;
	} else if (flags & O_TRUNC) {
		data_resize(i, 0);
	}
	/* To its operations an O_PATH file may be read and written: they refuse it. */
	*out = file_new(ops, private, (uint32_t)flags | (flags & O_PATH ? O_ACCMODE : 0));
	if (!*out)
		return -ENOMEM;
	inode_get(i);
	(*out)->inode = i;
	return 0;
}
