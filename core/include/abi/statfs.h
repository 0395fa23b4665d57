/* SPDX-License-Identifier: MIT */
/* Linux's struct statfs. */
#ifndef ABI_STATFS_H
#define ABI_STATFS_H

struct abi_statfs {
	unsigned long f_type, f_bsize;
	unsigned long f_blocks, f_bfree, f_bavail; /* of f_bsize */
	unsigned long f_files, f_ffree;		   /* 0: not told */
	int f_fsid[2];
	unsigned long f_namelen, f_frsize, f_flags, f_spare[4];
};

#endif
