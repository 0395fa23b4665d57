// SPDX-License-Identifier: MIT
/*
 * From paths to inodes: the walk, and the working directory. A walk runs under tree_lock from end to
 * end and so needs neither references nor allocation; symbolic links are followed by a stack of what
 * is left to walk behind each. Called by names.c and by the system calls through core/fs.h.
 */
#include <abi/errno.h>
#include <core/string.h>
#include "walk.h"

static struct inode *cwd = &fs_root; /* tree_lock; one reference */

static size_t component_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '/')
		n++;
	return n;
}

/* Moves *s to the next component; what is left of links before continues when one is used up. */
static bool next_component(struct walk *w, const char **s)
{
	for (;;) {
		while (**s == '/')
			(*s)++;
		if (**s)
			return true;
		if (!w->depth)
			return false;
		*s = w->rest[--w->depth];
	}
}

/* True if nothing but slashes is left behind s; *slash: at least one. */
static bool is_last(const struct walk *w, const char *s, bool *slash)
{
	for (unsigned d = w->depth;; s = w->rest[--d]) {
		for (; *s == '/'; s++)
			*slash = true;
		if (*s)
			return false;
		if (!d)
			return true;
	}
}

/*
 * To what a descriptor has, wherever it is; what has no place in the tree or is more than that (a
 * device) is left to the caller as the link itself.
 */
static int follow_magic(struct walk *w, struct inode *link, bool last)
{
	struct file *f = fd_get(link->fd);
	struct inode *i = f ? f->inode : NULL;
	int r = 0;

	if (!f)
		return -ENOENT;
	if (i && !inode_is(i, S_IFCHR) && !(last && w->slash && !inode_is(i, S_IFDIR))) {
		inode_get(i);
		walk_release(w);
		w->at = w->found = w->held = i;
	} else if (!last || w->slash) {
		r = -ENOTDIR;
	} else {
		w->found = link;
	}
	w->entry = NULL;
	w->name = "";
	w->len = 0;
	file_put(f);
	return r;
}

/* Goes into the link whose remaining path is s. */
static int follow(struct walk *w, const struct inode *link, const char **s)
{
	if (++w->links > LINKS_MOST || w->depth == LINKS_MOST)
		return -ELOOP;
	w->rest[w->depth++] = *s;
	*s = link->target;
	if (**s != '/')
		return 0;
	/* The target may be no more than the root. */
	w->at = w->found = &fs_root;
	w->entry = NULL;
	w->name = "";
	w->len = 0;
	return 0;
}

/* Looks name up in w->at; found is NULL if it is not there. */
static void look_up(struct walk *w, const char *name, size_t len)
{
	w->entry = NULL;
	if (is_dot(name, len)) {
		w->found = w->at;
	} else if (is_dotdot(name, len)) {
		w->found = w->at->dir.parent;
	} else {
		w->entry = dir_find(w->at, name, len);
		w->found = w->entry ? w->entry->inode : NULL;
	}
	w->name = name;
	w->len = len;
}

/* One component; *s is behind it afterwards. 1: it was the last. */
static int step(struct walk *w, const char **s, enum walk_mode mode)
{
	const char *name = *s;
	size_t len = component_length(name);
	bool slash = false, last;

	if (!inode_is(w->at, S_IFDIR))
		return -ENOTDIR;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	*s += len;
	last = is_last(w, *s, &slash);
	look_up(w, name, len);
	if (last)
		w->slash = slash;
	if (!w->found)
		return last && mode == WALK_PARENT ? 1 : -ENOENT;
	if (inode_is(w->found, S_IFLNK) &&
	    (!last || mode == WALK_FOLLOW || (mode == WALK_KEEP && slash)))
		return inode_is_magic(w->found) ? follow_magic(w, w->found, last)
						: follow(w, w->found, s);
	if (last && mode == WALK_PARENT)
		return 1;
	if (last && slash && !inode_is(w->found, S_IFDIR))
		return -ENOTDIR;
	if (!last)
		w->at = w->found;
	return last;
}

int walk_path(struct walk *w, struct inode *base, const char *path, enum walk_mode mode)
{
	int r = 0;

	w->links = w->depth = 0;
	w->slash = false;
	w->entry = NULL;
	if (!*path)
		return -ENOENT;
	w->at = *path == '/' ? &fs_root : base ? base : cwd;
	if (!inode_is(w->at, S_IFDIR))
		return -ENOTDIR;
	w->found = w->at;
	w->name = "";
	w->len = 0;
	while (!r && next_component(w, &path))
		r = step(w, &path, mode);
	return min(r, 0);
}

int fs_lookup(struct inode *base, const char *path, bool follow_last, struct inode **out)
{
	struct walk w;
	int r;

	walk_begin(&w);
	r = walk_path(&w, base, path, follow_last ? WALK_FOLLOW : WALK_KEEP);
	if (!r) {
		inode_get(w.found);
		*out = w.found;
	}
	walk_end(&w);
	return r;
}

int fs_chdir(struct inode *dir)
{
	struct inode *old;

	if (!inode_is(dir, S_IFDIR))
		return -ENOTDIR;
	inode_get(dir);
	mutex_lock(&tree_lock);
	old = cwd;
	cwd = dir;
	mutex_unlock(&tree_lock);
	inode_put(old);
	return 0;
}

/* Built from its end backwards. */
ssize_t walk_path_of(const struct inode *dir, char *buf, size_t size)
{
	char *p = buf + size;
	size_t n;

	*--p = '\0';
	for (; dir != &fs_root; dir = dir->dir.parent) {
		const struct dirent *e = dir->dir.self;

		if (!e)
			return -ENOENT;
		if ((size_t)(p - buf) < e->len + 1)
			return -ERANGE;
		p -= e->len;
		memcpy(p, e->name, e->len);
		*--p = '/';
	}
	if (!*p) {
		if (p == buf)
			return -ERANGE;
		*--p = '/';
	}
	n = (size_t)(buf + size - p);
	memmove(buf, p, n);
	return (ssize_t)n;
}

ssize_t fs_getcwd(char *buf, size_t size)
{
	ssize_t r;

	if (!size)
		return -ERANGE;
	mutex_lock(&tree_lock);
	r = walk_path_of(cwd, buf, size);
	mutex_unlock(&tree_lock);
	return r;
}
