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

#endif
