/* SPDX-License-Identifier: MIT */
/* The files of /proc, private to core/fs/: tables that procfs_mount() adds. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include <core/procfs.h>
#include "inode.h"

/* Each ends with an entry without a path. */
extern const struct proc_file proc_ringlet_files[]; /* proc_ringlet.c: the core's counters */
extern const struct proc_file proc_system_files[];  /* proc_system.c: the machine */
extern const struct proc_file proc_self_files[];    /* proc_self.c: the app */
extern const struct proc_file proc_sys_files[];	    /* proc_sys.c: settings */

/* Its threads' files: names alone, not paths. */
extern const struct proc_file proc_thread_files[]; /* proc_status.c */

/* proc_number.c: /proc/1/fd, /proc/1/fdinfo and /proc/1/task. */
int proc_add_numbered(void);

/* procfs.c: an inode of /proc without a name; a numbered directory. */
struct inode *proc_inode(uint32_t mode);
int procfs_add_numbered(const char *path, const struct numbered *n);

#endif
