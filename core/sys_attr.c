// SPDX-License-Identifier: MIT
/*
 * System calls on what a file has beside its bytes: statx, access, permissions, owners, times,
 * extended attributes. Owns nothing; core/fs/attr.c does the work.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <abi/time.h>
#include <core/process.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "user_path.h"

#define R_OK 4
#define W_OK 2
#define X_OK 1

/* ---- statx ---- */

static struct abi_statx_time statx_time(long sec, long nsec)
{
	return (struct abi_statx_time){.tv_sec = sec, .tv_nsec = (unsigned)nsec};
}

static void fill_statx(struct abi_statx *x, const struct abi_stat *st)
{
	x->stx_mask = STATX_BASIC_STATS;
	x->stx_blksize = (unsigned)st->st_blksize;
	x->stx_nlink = (unsigned)st->st_nlink;
	x->stx_uid = st->st_uid;
	x->stx_gid = st->st_gid;
	x->stx_mode = (unsigned short)st->st_mode;
	x->stx_ino = st->st_ino;
	x->stx_size = (unsigned long)st->st_size;
	x->stx_blocks = (unsigned long)st->st_blocks;
	x->stx_atime = statx_time(st->st_atime_sec, st->st_atime_nsec);
	x->stx_mtime = statx_time(st->st_mtime_sec, st->st_mtime_nsec);
	x->stx_ctime = statx_time(st->st_ctime_sec, st->st_ctime_nsec);
	x->stx_rdev_major = (unsigned)(st->st_rdev >> 8);
	x->stx_rdev_minor = st->st_rdev & 0xff;
	x->stx_dev_major = (unsigned)(st->st_dev >> 8);
	x->stx_dev_minor = st->st_dev & 0xff;
}

long sys_statx(int dirfd, const char __user *path, int flags, unsigned mask, void __user *buf)
{
	struct abi_statx x = {0};
	struct abi_stat st = {0};
	struct path_target t;
	long r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || mask & 0x80000000u)
		return -EINVAL;
	r = path_target(dirfd, path, flags, &t);
	if (r)
		return r;
	if (t.file)
		r = file_stat(t.file, &st);
	else
		inode_stat(t.inode, &st);
	fill_statx(&x, &st);
	if (t.inode) {
		int64_t birth = inode_birth(t.inode);

		x.stx_mask |= STATX_BTIME;
		x.stx_btime = statx_time(birth / (long)NSEC_PER_SEC, birth % (long)NSEC_PER_SEC);
	}
	path_target_put(&t);
	return r ? r : copy_to_user(buf, &x, sizeof(x));
}

/* ---- access ---- */

/* The superuser may read and write everything, and execute what anybody may. */
long sys_faccessat2(int dirfd, const char __user *path, int mode, int flags)
{
	struct abi_stat st = {0};
	struct path_target t;
	long r;

	if (mode & ~(R_OK | W_OK | X_OK) ||
	    flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	r = path_target(dirfd, path, flags, &t);
	if (r)
		return r;
	if (t.file)
		r = file_stat(t.file, &st);
	else
		inode_stat(t.inode, &st);
	path_target_put(&t);
	if (!r && (mode & X_OK) && (st.st_mode & S_IFMT) != S_IFDIR && !(st.st_mode & 0111))
		r = -EACCES;
	return r;
}

long sys_faccessat(int dirfd, const char __user *path, int mode)
{
	return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(const char __user *path, int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* ---- permissions and owners ---- */

static long change_mode(struct path_target *t, unsigned mode)
{
	if (!t->inode)
		return -EINVAL;
	/* A link's own permissions mean nothing and stay as they are. */
	return (inode_mode(t->inode) & S_IFMT) == S_IFLNK ? -EOPNOTSUPP
							  : inode_chmod(t->inode, mode);
}

long sys_fchmodat2(int dirfd, const char __user *path, unsigned mode, int flags)
{
	struct path_target t;
	long r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	r = path_target(dirfd, path, flags, &t);
	if (r)
		return r;
	r = change_mode(&t, mode);
	path_target_put(&t);
	return r;
}

long sys_fchmodat(int dirfd, const char __user *path, unsigned mode)
{
	return sys_fchmodat2(dirfd, path, mode, 0);
}

long sys_chmod(const char __user *path, unsigned mode)
{
	return sys_fchmodat2(AT_FDCWD, path, mode, 0);
}

/* The open file of fd, if it is not merely a place (O_PATH). */
static struct file *get_open(int fd)
{
	struct file *f = fd_get(fd);

	if (!f || !(f->flags & O_PATH))
		return f;
	file_put(f);
	return NULL;
}

long sys_fchmod(int fd, unsigned mode)
{
	struct file *f = get_open(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->inode ? inode_chmod(f->inode, mode) : -EINVAL;
	file_put(f);
	return r;
}

long sys_fchownat(int dirfd, const char __user *path, unsigned uid, unsigned gid, int flags)
{
	struct path_target t;
	long r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	r = path_target(dirfd, path, flags, &t);
	if (r)
		return r;
	r = t.inode ? inode_chown(t.inode, uid, gid) : -EINVAL;
	path_target_put(&t);
	return r;
}

long sys_chown(const char __user *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(const char __user *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	struct file *f = get_open(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->inode ? inode_chown(f->inode, uid, gid) : -EINVAL;
	file_put(f);
	return r;
}

/* ---- times ---- */

/* Nanoseconds since 1970, as near as they can be told (292 years about it). */
static int64_t to_ns(long sec, long nsec)
{
	const long most = INT64_MAX / (long)NSEC_PER_SEC - 1;

	return min(max(sec, -most), most) * (long)NSEC_PER_SEC + nsec;
}

/* t: when it was last read, last written; tv_nsec may be UTIME_NOW or UTIME_OMIT. */
static long set_times(int dirfd, const char __user *path, const struct abi_timespec t[2], int flags)
{
	int64_t now = (int64_t)time_realtime(), ns[2], *set[2];
	struct path_target target;
	bool both_now = true;
	long r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		bool is_now = t[i].tv_nsec == UTIME_NOW, omit = t[i].tv_nsec == UTIME_OMIT;

		if (!is_now && !omit && (unsigned long)t[i].tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
		ns[i] = is_now || omit ? now : to_ns(t[i].tv_sec, t[i].tv_nsec);
		set[i] = omit ? NULL : &ns[i];
		both_now &= is_now;
	}
	if (!set[0] && !set[1])
		return 0;
	/* Without a path it is the open file's, which must be more than a place. */
	if (!path && (flags || dirfd == AT_FDCWD))
		return flags ? -EINVAL : -EFAULT;
	r = path_target(dirfd, path, path ? flags : AT_EMPTY_PATH, &target);
	if (r)
		return r;
	if (!target.inode || (!path && target.file->flags & O_PATH))
		r = target.inode ? -EBADF : -EINVAL;
	else
		r = inode_set_times(target.inode, set[0], set[1], both_now);
	path_target_put(&target);
	return r;
}

static const struct abi_timespec times_now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};

long sys_utimensat(int dirfd, const char __user *path, const struct abi_timespec __user *times,
		   int flags)
{
	struct abi_timespec t[2];

	if (!times)
		return set_times(dirfd, path, times_now, flags);
	if (copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	return set_times(dirfd, path, t, flags);
}

long sys_futimesat(int dirfd, const char __user *path, const struct abi_timeval __user *times)
{
	struct abi_timeval v[2];
	struct abi_timespec t[2];

	if (!times)
		return set_times(dirfd, path, times_now, 0);
	if (copy_from_user(v, times, sizeof(v)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if ((unsigned long)v[i].tv_usec >= NSEC_PER_SEC / NSEC_PER_USEC)
			return -EINVAL;
		t[i] = (struct abi_timespec){v[i].tv_sec, v[i].tv_usec * (long)NSEC_PER_USEC};
	}
	return set_times(dirfd, path, t, 0);
}

long sys_utimes(const char __user *path, const struct abi_timeval __user *times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

/* Seconds: when it was last read, last written. */
long sys_utime(const char __user *path, const void __user *times)
{
	struct abi_timespec t[2] = {{0}, {0}};
	long sec[2];

	if (!times)
		return set_times(AT_FDCWD, path, times_now, 0);
	if (copy_from_user(sec, times, sizeof(sec)))
		return -EFAULT;
	t[0].tv_sec = sec[0];
	t[1].tv_sec = sec[1];
	return set_times(AT_FDCWD, path, t, 0);
}
