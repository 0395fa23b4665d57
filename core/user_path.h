/* SPDX-License-Identifier: MIT */
/*
 * Paths of the app's, private to the system calls that take them (core/sys_path.c has the code).
 * Thread context, no lock held.
 */
#ifndef CORE_USER_PATH_H
#define CORE_USER_PATH_H

#include <core/fs.h>

/* A path in core memory, and the directory it starts from. */
struct user_path {
	char small[128];
	char *name;	   /* small, or allocated */
	struct file *base; /* NULL: the working directory, or an absolute path */
};

/* 0 or -errno; path_put() after success only. */
int path_get(struct user_path *p, int dirfd, const char __user *path);
void path_put(struct user_path *p);
static inline struct inode *path_base(const struct user_path *p)
{
	return p->base ? p->base->inode : NULL;
}

/*
 * What the calls with AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH in flags mean: the inode at path, or with
 * AT_EMPTY_PATH and an empty path or none the open file dirfd. 0 or -errno; path_target_put().
 */
struct path_target {
	struct inode *inode; /* one reference; NULL: file has none */
	struct file *file;   /* one reference, or NULL: found by a path */
};
long path_target(int dirfd, const char __user *path, int flags, struct path_target *t);
void path_target_put(struct path_target *t);

/* Fills st (zeroed by the caller) as fstat does. */
long file_stat(struct file *f, struct abi_stat *st);

#endif
