/* SPDX-License-Identifier: MIT */
/* Directory streams; struct dirent is the record that getdents64 writes. */
#ifndef _SYS_DIRENT_H_
#define _SYS_DIRENT_H_

#include <sys/types.h>
#include <abi/stat.h>

struct dirent {
	ino_t d_ino;
	off_t d_off;
	unsigned short d_reclen;
	unsigned char d_type; /* DT_* */
	char d_name[256];
};

typedef struct __dirstream DIR;

#define _DIRENT_HAVE_D_TYPE
#define _DIRENT_HAVE_D_RECLEN
#define d_fileno d_ino
#if __BSD_VISIBLE
#define DTTOIF(type) ((type) << 12)
#define IFTODT(mode) (((mode)&S_IFMT) >> 12)
#endif

#endif
