/* SPDX-License-Identifier: MIT */
/* Path walks, private to core/fs/ (walk.c). All under tree_lock; nothing is referenced. */
#ifndef FS_WALK_H
#define FS_WALK_H

#include "inode.h"

#define LINKS_MOST 40

/* How the last component of a path is treated. */
enum walk_mode {
	WALK_FOLLOW, /* a symbolic link there is followed */
	WALK_KEEP,   /* it is not, unless a slash follows */
	WALK_PARENT, /* it need not be there, and a link is not followed: create and remove */
};

struct walk {
	struct inode *at;     /* the directory reached; the parent at the end of WALK_PARENT */
	struct inode *found;  /* what is there; NULL in WALK_PARENT only */
	struct dirent *entry; /* found's name in at, if it was looked up there */
	const char *name;     /* the last component as it was written, empty for the root */
	size_t len;
	bool slash; /* slashes followed the last component: it is a directory */
	unsigned links, depth;
	struct inode *held; /* what a link of /proc led to: one reference, until walk_end() */
	const char *rest[LINKS_MOST]; /* what follows each link that is being walked through */
};

static inline bool is_dot(const char *s, size_t n)
{
	return n == 1 && s[0] == '.';
}

static inline bool is_dotdot(const char *s, size_t n)
{
	return n == 2 && s[0] == '.' && s[1] == '.';
}

/* Before and after one or more walks with w: takes and releases tree_lock. */
static inline void walk_begin(struct walk *w)
{
	w->held = NULL;
	mutex_lock(&tree_lock);
}
static inline void walk_release(struct walk *w)
{
	if (unlikely(w->held))
		inode_put(w->held);
}
static inline void walk_end(struct walk *w)
{
	walk_release(w);
	mutex_unlock(&tree_lock);
}

/* Walks path from base (NULL: the working directory). tree_lock held. 0 or -errno. */
int walk_path(struct walk *w, struct inode *base, const char *path, enum walk_mode mode);
/* The path of dir: its length with the NUL, -ERANGE, or -ENOENT if it was removed. tree_lock held. */
ssize_t walk_path_of(const struct inode *dir, char *buf, size_t size);

#endif
