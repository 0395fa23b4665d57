// SPDX-License-Identifier: MIT
/*
 * System calls that take paths. A path is copied in first, short ones to the stack; then core/fs.h
 * does the rest on core memory. Owns nothing.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <abi/statfs.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "user_path.h"

static int copy_path(struct user_path *p, const char __user *path)
{
	ssize_t n = strncpy_from_user(p->small, path, sizeof(p->small));

	p->name = p->small;
	if (n != -ENAMETOOLONG)
		return (int)min(n, (ssize_t)0);
	p->name = kmalloc(PATH_MAX);
	if (!p->name)
		return -ENOMEM;
	n = strncpy_from_user(p->name, path, PATH_MAX);
	if (n >= 0)
		return 0;
	kfree(p->name);
	return (int)n;
}

void path_put(struct user_path *p)
{
	if (p->name != p->small)
		kfree(p->name);
	if (p->base)
		file_put(p->base);
}

int path_get(struct user_path *p, int dirfd, const char __user *path)
{
	int r = copy_path(p, path);

	p->base = NULL;
	if (r || dirfd == AT_FDCWD || *p->name == '/')
		return r;
	p->base = fd_get(dirfd);
	/* An empty path is refused later whatever it starts from, but by readlinkat(). */
	if (p->base && (p->base->inode || !*p->name))
		return 0;
	r = !*p->name ? -ENOENT : p->base ? -ENOTDIR : -EBADF;
	path_put(p);
	return r;
}

/* ---- opening ---- */

static long open_path(const struct user_path *p, int flags, unsigned mode)
{
	struct file *f;
	long r = fs_openat(path_base(p), p->name, flags, mode, &f);

	if (r)
		return r;
	r = fd_install(f, 0, flags & O_CLOEXEC);
	if (r < 0)
		file_put(f);
	return r;
}

long sys_openat(int dirfd, const char __user *path, int flags, unsigned mode)
{
	struct user_path p;
	long r = path_get(&p, dirfd, path);

	if (r)
		return r;
	r = open_path(&p, flags, mode);
	path_put(&p);
	return r;
}

long sys_open(const char __user *path, int flags, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char __user *path, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- metadata ---- */

long file_stat(struct file *f, struct abi_stat *st)
{
	if (f->ops->stat)
		return f->ops->stat(f, st);
	if (f->inode) {
		inode_stat(f->inode, st);
		return 0;
	}
	st->st_mode = S_IFCHR | 0600;
	st->st_nlink = 1;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

long sys_fstat(int fd, struct abi_stat __user *ust)
{
	struct file *f = fd_get(fd);
	struct abi_stat st = {0};
	long r;

	if (!f)
		return -EBADF;
	r = file_stat(f, &st);
	file_put(f);
	return r ? r : copy_to_user(ust, &st, sizeof(st));
}

/* What a link of /proc to a descriptor leads to. */
static long stat_descriptor(int fd, struct abi_stat *st)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -ENOENT;
	r = file_stat(f, st);
	file_put(f);
	return r;
}

static long path_stat(int dirfd, const char __user *path, bool follow, struct abi_stat *st)
{
	struct user_path p;
	struct inode *i;
	long r = path_get(&p, dirfd, path);

	if (r)
		return r;
	r = fs_lookup(path_base(&p), p.name, follow, &i);
	path_put(&p);
	if (r)
		return r;
	if (follow && unlikely(inode_descriptor(i) >= 0))
		r = stat_descriptor(inode_descriptor(i), st);
	else
		inode_stat(i, st);
	inode_put(i);
	return r;
}

/* Whether the app's string is empty; -EFAULT. */
static int path_is_empty(const char __user *path)
{
	char c;

	if (!path)
		return 1;
	return copy_from_user(&c, path, 1) ? -EFAULT : !c;
}

static long target_at(int dirfd, const char __user *path, bool follow, struct path_target *t)
{
	struct user_path p;
	long r = path_get(&p, dirfd, path);

	if (r)
		return r;
	r = fs_lookup(path_base(&p), p.name, follow, &t->inode);
	path_put(&p);
	if (r || !follow || likely(inode_descriptor(t->inode) < 0))
		return r;
	t->file = fd_get(inode_descriptor(t->inode));
	inode_put(t->inode);
	if (!t->file)
		return -ENOENT;
	t->inode = t->file->inode;
	if (t->inode)
		inode_hold(t->inode);
	return 0;
}

long path_target(int dirfd, const char __user *path, int flags, struct path_target *t)
{
	int empty = flags & AT_EMPTY_PATH ? path_is_empty(path) : 0;

	t->file = NULL;
	if (empty < 0)
		return empty;
	if (!empty)
		return target_at(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), t);
	if (dirfd == AT_FDCWD)
		return fs_lookup(NULL, ".", true, &t->inode);
	t->file = fd_get(dirfd);
	if (!t->file)
		return -EBADF;
	t->inode = t->file->inode;
	if (t->inode)
		inode_hold(t->inode);
	return 0;
}

void path_target_put(struct path_target *t)
{
	if (t->inode)
		inode_put(t->inode);
	if (t->file)
		file_put(t->file);
}

long sys_newfstatat(int dirfd, const char __user *path, struct abi_stat __user *ust, int flags)
{
	struct abi_stat st = {0};
	struct path_target t;
	long r;

	/* AT_NO_AUTOMOUNT asks for what is always so. */
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	if (!(flags & AT_EMPTY_PATH)) {
		r = path_stat(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &st);
		return r ? r : copy_to_user(ust, &st, sizeof(st));
	}
	r = path_target(dirfd, path, flags, &t);
	if (r)
		return r;
	if (t.file)
		r = file_stat(t.file, &st);
	else
		inode_stat(t.inode, &st);
	path_target_put(&t);
	return r ? r : copy_to_user(ust, &st, sizeof(st));
}

long sys_stat(const char __user *path, struct abi_stat __user *st)
{
	return sys_newfstatat(AT_FDCWD, path, st, 0);
}

long sys_lstat(const char __user *path, struct abi_stat __user *st)
{
	return sys_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

static long tell_statfs(const struct inode *i, void __user *buf)
{
	struct abi_statfs st = {0};

	inode_statfs(i, &st);
	return copy_to_user(buf, &st, sizeof(st));
}

long sys_statfs(const char __user *path, void __user *buf)
{
	struct user_path p;
	struct inode *i;
	long r = path_get(&p, AT_FDCWD, path);

	if (r)
		return r;
	r = fs_lookup(NULL, p.name, true, &i);
	path_put(&p);
	if (r)
		return r;
	r = tell_statfs(i, buf);
	inode_put(i);
	return r;
}

long sys_fstatfs(int fd, void __user *buf)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = tell_statfs(f->inode, buf);
	file_put(f);
	return r;
}

/* ---- names ---- */

long sys_mkdirat(int dirfd, const char __user *path, unsigned mode)
{
	struct user_path p;
	long r = path_get(&p, dirfd, path);

	if (r)
		return r;
	r = fs_mkdir(path_base(&p), p.name, mode);
	path_put(&p);
	return r;
}

long sys_mkdir(const char __user *path, unsigned mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_unlinkat(int dirfd, const char __user *path, int flags)
{
	struct user_path p;
	long r;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	r = path_get(&p, dirfd, path);
	if (r)
		return r;
	r = fs_unlink(path_base(&p), p.name, flags & AT_REMOVEDIR);
	path_put(&p);
	return r;
}

long sys_unlink(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* Gets both paths, and does fs to them. */
static long two_paths(int fromfd, const char __user *from, int tofd, const char __user *to,
		      int (*fs)(const struct user_path *from, const struct user_path *to))
{
	struct user_path a, b;
	long r = path_get(&a, fromfd, from);

	if (r)
		return r;
	r = path_get(&b, tofd, to);
	if (!r) {
		r = fs(&a, &b);
		path_put(&b);
	}
	path_put(&a);
	return r;
}

static int rename_path(const struct user_path *from, const struct user_path *to)
{
	return fs_rename(path_base(from), from->name, path_base(to), to->name, 0);
}

static int rename_new(const struct user_path *from, const struct user_path *to)
{
	return fs_rename(path_base(from), from->name, path_base(to), to->name, RENAME_NOREPLACE);
}

static int exchange_paths(const struct user_path *from, const struct user_path *to)
{
	return fs_rename(path_base(from), from->name, path_base(to), to->name, RENAME_EXCHANGE);
}

long sys_renameat(int fromfd, const char __user *from, int tofd, const char __user *to)
{
	return two_paths(fromfd, from, tofd, to, rename_path);
}

long sys_renameat2(int fromfd, const char __user *from, int tofd, const char __user *to,
		   unsigned flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	return two_paths(fromfd, from, tofd, to,
			 !flags			    ? rename_path
			 : flags & RENAME_NOREPLACE ? rename_new
						    : exchange_paths);
}

static int link_path(const struct user_path *from, const struct user_path *to)
{
	return fs_link(path_base(from), from->name, path_base(to), to->name, false);
}

static int link_target(const struct user_path *from, const struct user_path *to)
{
	return fs_link(path_base(from), from->name, path_base(to), to->name, true);
}

/* A name for what is open, or at a path. */
static long link_open(int fromfd, const char __user *from, int tofd, const char __user *to,
		      int flags)
{
	int follow = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
	struct path_target t;
	struct user_path p;
	long r = path_target(fromfd, from, AT_EMPTY_PATH | follow, &t);

	if (r)
		return r;
	r = path_get(&p, tofd, to);
	if (!r) {
		r = t.inode ? fs_link_inode(t.inode, path_base(&p), p.name) : -EXDEV;
		path_put(&p);
	}
	path_target_put(&t);
	return r;
}

long sys_linkat(int fromfd, const char __user *from, int tofd, const char __user *to, int flags)
{
	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		return link_open(fromfd, from, tofd, to, flags);
	return two_paths(fromfd, from, tofd, to, flags ? link_target : link_path);
}

long sys_link(const char __user *from, const char __user *to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_rename(const char __user *from, const char __user *to)
{
	return sys_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

long sys_symlinkat(const char __user *target, int dirfd, const char __user *path)
{
	struct user_path to, p;
	long r = path_get(&to, AT_FDCWD, target);

	if (r)
		return r;
	r = path_get(&p, dirfd, path);
	if (!r) {
		r = fs_symlink(to.name, path_base(&p), p.name);
		path_put(&p);
	}
	path_put(&to);
	return r;
}

long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/* Devices come with their drivers: none is made by its number. */
long sys_mknodat(int dirfd, const char __user *path, unsigned mode, unsigned dev)
{
	struct user_path p;
	long r;

	(void)dev;
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	r = path_get(&p, dirfd, path);
	if (r)
		return r;
	r = fs_mknod(path_base(&p), p.name, mode);
	path_put(&p);
	return r;
}

long sys_mknod(const char __user *path, unsigned mode, unsigned dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

static long read_link(const struct user_path *p, char __user *buf, size_t n)
{
	char *target = kmalloc(PATH_MAX);
	ssize_t r;

	if (!target)
		return -ENOMEM;
	r = fs_readlink(path_base(p), p->name, target, min(n, (size_t)PATH_MAX));
	if (r > 0 && copy_to_user(buf, target, (size_t)r))
		r = -EFAULT;
	kfree(target);
	return r;
}

long sys_readlinkat(int dirfd, const char __user *path, char __user *buf, size_t n)
{
	struct user_path p;
	long r;

	if (!n || n > INT32_MAX)
		return -EINVAL;
	r = path_get(&p, dirfd, path);
	if (r)
		return r;
	r = read_link(&p, buf, n);
	path_put(&p);
	return r;
}

long sys_readlink(const char __user *path, char __user *buf, size_t n)
{
	return sys_readlinkat(AT_FDCWD, path, buf, n);
}

long sys_truncate(const char __user *path, off_t length)
{
	struct user_path p;
	struct file *f;
	long r;

	if (length < 0)
		return -EINVAL;
	r = path_get(&p, AT_FDCWD, path);
	if (r)
		return r;
	r = fs_open(p.name, O_WRONLY, 0, &f);
	path_put(&p);
	if (r)
		return r;
	r = f->ops->truncate ? f->ops->truncate(f, length) : -EINVAL;
	file_put(f);
	return r;
}

long sys_umask(unsigned mask)
{
	return fs_umask(mask);
}

/* ---- the working directory ---- */

long sys_chdir(const char __user *path)
{
	struct user_path p;
	struct inode *i;
	long r = path_get(&p, AT_FDCWD, path);

	if (r)
		return r;
	r = fs_lookup(NULL, p.name, true, &i);
	path_put(&p);
	if (r)
		return r;
	r = fs_chdir(i);
	inode_put(i);
	return r;
}

long sys_fchdir(int fd)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->inode ? fs_chdir(f->inode) : -ENOTDIR;
	file_put(f);
	return r;
}

long sys_getcwd(char __user *buf, size_t n)
{
	size_t size = min(n, (size_t)PATH_MAX);
	char *path = kmalloc(PATH_MAX);
	ssize_t r;

	if (!path)
		return -ENOMEM;
	r = fs_getcwd(path, size);
	if (r > 0 && copy_to_user(buf, path, (size_t)r))
		r = -EFAULT;
	kfree(path);
	return r;
}
