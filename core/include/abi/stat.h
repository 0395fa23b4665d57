/* SPDX-License-Identifier: MIT */
/* File metadata: Linux's values and layouts on x86-64, seen by both rings. */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFLNK	 0120000
#define S_IFREG	 0100000
#define S_IFBLK	 0060000
#define S_IFDIR	 0040000
#define S_IFCHR	 0020000
#define S_IFIFO	 0010000

/* File types of directory entries: S_IF* >> 12. */
#define DT_UNKNOWN 0
#define DT_FIFO	   1
#define DT_CHR	   2
#define DT_DIR	   4
#define DT_BLK	   6
#define DT_REG	   8
#define DT_LNK	   10
#define DT_SOCK	   12

struct abi_stat {
	unsigned long st_dev, st_ino, st_nlink;
	unsigned int st_mode, st_uid, st_gid, __pad0;
	unsigned long st_rdev;
	long st_size, st_blksize, st_blocks;
	long st_atime_sec, st_atime_nsec, st_mtime_sec, st_mtime_nsec, st_ctime_sec, st_ctime_nsec;
	long __spare[3];
};

/* What getdents64 writes; d_name is NUL-terminated, records are 8-aligned. */
struct abi_dirent64 {
	unsigned long d_ino;
	long d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

/* What statx tells, and of what of it mask says that it was asked or is told. */
#define STATX_BASIC_STATS 0x7ffu
#define STATX_BTIME	  0x800u

struct abi_statx_time {
	long tv_sec;
	unsigned int tv_nsec;
	int __pad;
};

struct abi_statx {
	unsigned int stx_mask, stx_blksize;
	unsigned long stx_attributes;
	unsigned int stx_nlink, stx_uid, stx_gid;
	unsigned short stx_mode, __pad0;
	unsigned long stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct abi_statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
	unsigned int stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	unsigned long stx_mnt_id;
	unsigned int stx_dio_mem_align, stx_dio_offset_align;
	unsigned long __spare[12];
};

/* Of utimensat: the time of the call, and no change. */
#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

#endif
