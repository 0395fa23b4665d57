/* SPDX-License-Identifier: MIT */
/* Names in the file system: metadata, directories made and removed, links, the working directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "syscall.h"

int stat(const char *path, struct stat *st)
{
	return (int)SYSCALL(SYS_stat, path, st);
}

int lstat(const char *path, struct stat *st)
{
	return (int)SYSCALL(SYS_lstat, path, st);
}

int fstat(int fd, struct stat *st)
{
	return (int)SYSCALL(SYS_fstat, fd, st);
}

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return (int)SYSCALL(SYS_newfstatat, dirfd, path, st, flags);
}

int access(const char *path, int mode)
{
	return (int)SYSCALL(SYS_access, path, mode);
}

/* There are no users: the effective and the real one are the same, so flags change nothing. */
int faccessat(int dirfd, const char *path, int mode, int flags)
{
	if (flags & ~AT_EACCESS) {
		errno = EINVAL;
		return -1;
	}
	return (int)SYSCALL(SYS_faccessat, dirfd, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return (int)SYSCALL(SYS_mkdir, path, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return (int)SYSCALL(SYS_mkdirat, dirfd, path, mode);
}

int rmdir(const char *path)
{
	return (int)SYSCALL(SYS_rmdir, path);
}

int unlink(const char *path)
{
	return (int)SYSCALL(SYS_unlink, path);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return (int)SYSCALL(SYS_unlinkat, dirfd, path, flags);
}

int rename(const char *from, const char *to)
{
	return (int)SYSCALL(SYS_rename, from, to);
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return (int)SYSCALL(SYS_renameat, fromfd, from, tofd, to);
}

int link(const char *from, const char *to)
{
	return (int)SYSCALL(NR_link, from, to);
}

int symlink(const char *target, const char *path)
{
	return (int)SYSCALL(NR_symlink, target, path);
}

ssize_t readlink(const char *path, char *buf, size_t n)
{
	return SYSCALL(SYS_readlink, path, buf, n);
}

ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t n)
{
	return SYSCALL(SYS_readlinkat, dirfd, path, buf, n);
}

int chmod(const char *path, mode_t mode)
{
	return (int)SYSCALL(NR_chmod, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return (int)SYSCALL(NR_fchmod, fd, mode);
}

/* umask cannot fail: where the core keeps no mask, the library remembers it for the caller. */
mode_t umask(mode_t mask)
{
	static mode_t remembered = 022;
	long old = syscall1(NR_umask, mask);

	if (old < 0)
		old = remembered;
	remembered = mask & 0777;
	return (mode_t)old;
}

int chdir(const char *path)
{
	return (int)SYSCALL(SYS_chdir, path);
}

char *getcwd(char *buf, size_t n)
{
	char path[PATH_MAX];

	if (!buf) {
		if (SYSCALL(SYS_getcwd, path, sizeof(path)) < 0)
			return NULL;
		if (n == 0 || strlen(path) < n)
			return strdup(path);
		errno = ERANGE;
		return NULL;
	}
	if (n == 0) {
		errno = EINVAL;
		return NULL;
	}
	return SYSCALL(SYS_getcwd, buf, n) < 0 ? NULL : buf;
}
