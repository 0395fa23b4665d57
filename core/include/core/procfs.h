/* SPDX-License-Identifier: MIT */
/*
 * /proc (core/fs/procfs.c): files whose text is made when they are read. A file is a path and a
 * function that writes its text; a reader gets one state of it, made anew each time it reads from
 * the beginning. The whole tree is read-only to the app.
 */
#ifndef CORE_PROCFS_H
#define CORE_PROCFS_H

#include <core/compiler.h>

/* A text being made; grows as needed, up to PROC_TEXT_MOST bytes (then reading fails: ENOMEM). */
struct proc_text;

#define PROC_TEXT_MOST (4ul << 20)

/* Adds to the text as ksnprintf() writes it; bytes as they are. Thread context; may allocate. */
void proc_put(struct proc_text *t, const char *fmt, ...) __printf(2, 3);
void proc_put_bytes(struct proc_text *t, const void *p, size_t n);
/* Adds blanks until the line begun last is at least width characters long. */
void proc_pad(struct proc_text *t, size_t width);

/* The thread that the file is of; 0: the process. */
int proc_thread(const struct proc_text *t);
/* Reading the text fails with ENOMEM. */
void proc_fail(struct proc_text *t);

/* Writes a file's text. Thread context, no lock held; may sleep. Must never tell a core address. */
typedef void (*proc_show)(struct proc_text *t);

struct proc_file {
	const char *path; /* below /proc, as in "ringlet/returns"; folders are made */
	proc_show show;
};

/* Adds a file, or a symbolic link. Before or after the mount. 0, -EEXIST or -ENOSPC. */
int procfs_add(const char *path, proc_show show);
int procfs_link(const char *path, const char *target);
/*
 * Puts the tree at /proc, over whatever an image has there; what cannot be made for want of memory
 * is missing, with a warning. Boot only, once the archive is mounted.
 */
void procfs_mount(void);

#endif
