/* SPDX-License-Identifier: MIT */
/* open and fcntl with Linux's flags. Record locks, owners and leases are not offered. */
#ifndef _SYS_FCNTL_H_
#define _SYS_FCNTL_H_
#define _SYS__DEFAULT_FCNTL_H_

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <abi/fcntl.h>

#define O_BINARY 0
#define O_TEXT	 0

/* Flags that newlib's stdio gives descriptors names of its own for. */
#define FAPPEND	  O_APPEND
#define FNONBLOCK O_NONBLOCK
#define FNDELAY	  O_NONBLOCK

#if __BSD_VISIBLE
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#endif

struct flock {
	short l_type;	/* F_RDLCK, F_WRLCK or F_UNLCK */
	short l_whence; /* SEEK_* for l_start */
	off_t l_start;
	off_t l_len; /* 0: to the end */
	pid_t l_pid;
};

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5

__BEGIN_DECLS
int open(const char *path, int flags, ...);
int openat(int dirfd, const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int fd, int cmd, ...);
__END_DECLS

#endif
