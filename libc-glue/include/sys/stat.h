/* SPDX-License-Identifier: MIT */
/* File metadata in Linux's layout: what the core fills in is what the program reads. */
#ifndef _SYS_STAT_H
#define _SYS_STAT_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/_timespec.h>
#include <abi/stat.h>

struct stat {
	dev_t st_dev;
	ino_t st_ino;
	nlink_t st_nlink;
	mode_t st_mode;
	uid_t st_uid;
	gid_t st_gid;
	int __pad0;
	dev_t st_rdev;
	off_t st_size;
	blksize_t st_blksize;
	blkcnt_t st_blocks; /* of 512 bytes */
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	long __unused_words[3];
};
#define st_atime st_atim.tv_sec
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec

/* newlib's own sources use the underscored names. */
#define _IFMT	S_IFMT
#define _IFDIR	S_IFDIR
#define _IFCHR	S_IFCHR
#define _IFBLK	S_IFBLK
#define _IFREG	S_IFREG
#define _IFLNK	S_IFLNK
#define _IFSOCK S_IFSOCK
#define _IFIFO	S_IFIFO

#define S_ISUID 04000
#define S_ISGID 02000
#define S_ISVTX 01000
#define S_IRUSR 0400
#define S_IWUSR 0200
#define S_IXUSR 0100
#define S_IRWXU 0700
#define S_IRGRP 0040
#define S_IWGRP 0020
#define S_IXGRP 0010
#define S_IRWXG 0070
#define S_IROTH 0004
#define S_IWOTH 0002
#define S_IXOTH 0001
#define S_IRWXO 0007

#if __BSD_VISIBLE
#define S_IREAD	    S_IRUSR
#define S_IWRITE    S_IWUSR
#define S_IEXEC	    S_IXUSR
#define S_BLKSIZE   512
#define ACCESSPERMS 0777
#define ALLPERMS    07777
#define DEFFILEMODE 0666
#endif

#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m)  (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

#define UTIME_NOW  ((1L << 30) - 1)
#define UTIME_OMIT ((1L << 30) - 2)

__BEGIN_DECLS
int stat(const char *__restrict path, struct stat *__restrict st);
int lstat(const char *__restrict path, struct stat *__restrict st);
int fstat(int fd, struct stat *st);
int mkdir(const char *path, mode_t mode);
mode_t umask(mode_t mask);
int chmod(const char *path, mode_t mode);
int fchmod(int fd, mode_t mode);
#if __ATFILE_VISIBLE
int fstatat(int dirfd, const char *__restrict path, struct stat *__restrict st, int flags);
int mkdirat(int dirfd, const char *path, mode_t mode);
#endif
__END_DECLS

#endif
