// SPDX-License-Identifier: MIT
/*
 * Directories: names in a tree ordered for finding, and in one ordered by creation for listing, so
 * that a listing goes on exactly where it stopped whatever is made or removed meanwhile. tree_lock
 * guards all; a listing hands entries to its caller under it, who must not touch the app's memory.
 */
#include <abi/errno.h>
#include <core/string.h>
#include "inode.h"

#define COOKIE_PARENT 1 /* "." is 0 */
#define COOKIE_FIRST  2

static int compare(const char *a, size_t alen, const char *b, size_t blen)
{
	int r = memcmp(a, b, min(alen, blen));

	return r ? r : (alen > blen) - (alen < blen);
}

static bool less_name(const struct tree_node *a, const struct tree_node *b)
{
	const struct dirent *x = container_of(a, const struct dirent, by_name);
	const struct dirent *y = container_of(b, const struct dirent, by_name);

	return compare(x->name, x->len, y->name, y->len) < 0;
}

static bool less_cookie(const struct tree_node *a, const struct tree_node *b)
{
	return container_of(a, const struct dirent, by_cookie)->cookie <
	       container_of(b, const struct dirent, by_cookie)->cookie;
}

void dir_init(struct inode *dir, struct inode *parent)
{
	dir->dir.by_name.less = less_name;
	dir->dir.by_cookie.less = less_cookie;
	dir->dir.next_cookie = COOKIE_FIRST;
	dir->dir.parent = parent;
	if (parent != dir)
		inode_get(parent);
	dir->nlink = 2;
}

void dir_touch(struct inode *dir)
{
	spin_lock(&dir->lock);
	inode_touch(dir);
	spin_unlock(&dir->lock);
}

static struct dirent *find_name(struct inode *dir, const char *name, size_t len)
{
	struct tree_node *n = dir->dir.by_name.root;

	while (n) {
		struct dirent *e = container_of(n, struct dirent, by_name);
		int r = compare(name, len, e->name, e->len);

		if (!r)
			return e;
		n = r < 0 ? n->left : n->right;
	}
	return NULL;
}

/* The number that name is, written as numbers are, or -1. */
static int number_of(const char *name, size_t len)
{
	int n = 0;

	if (!len || (*name == '0' && len > 1))
		return -1;
	for (; len; len--, name++)
		if (*name < '0' || *name > '9' || n > (INT32_MAX - 9) / 10)
			return -1;
		else
			n = n * 10 + *name - '0';
	return n;
}

/* Takes out a name with what is below it: one level at most. */
static void remove_all(struct inode *dir, struct dirent *e)
{
	struct inode *i = e->inode;
	struct tree_node *n;

	if (inode_is(i, S_IFDIR)) {
		while ((n = i->dir.by_name.root))
			dir_remove(i, container_of(n, struct dirent, by_name));
		i->nlink = 0;
	}
	dir_remove(dir, e);
}

static struct dirent *find_number(struct inode *dir, const char *name, size_t len)
{
	struct dirent *e = find_name(dir, name, len);
	int n = number_of(name, len);
	struct inode *i;

	if (n < 0)
		return NULL;
	if (dir->dir.numbered->next(n - 1) != n) {
		if (e)
			remove_all(dir, e);
		return NULL;
	}
	if (e)
		return e;
	i = dir->dir.numbered->make(dir, n);
	if (!i)
		return NULL;
	if (!dir_add(dir, name, len, i))
		e = find_name(dir, name, len);
	inode_put(i);
	return e;
}

struct dirent *dir_find(struct inode *dir, const char *name, size_t len)
{
	return unlikely(dir->dir.numbered) ? find_number(dir, name, len)
					   : find_name(dir, name, len);
}

int dir_add(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	struct dirent *e = fs_alloc(sizeof(*e) + len + 1);

	if (!e)
		return -ENOSPC;
	e->cookie = dir->dir.next_cookie++;
	e->inode = i;
	e->len = len;
	memcpy(e->name, name, len);
	tree_insert(&dir->dir.by_name, &e->by_name);
	tree_insert(&dir->dir.by_cookie, &e->by_cookie);
	inode_get(i);
	if (inode_is(i, S_IFDIR)) {
		i->dir.self = e;
		dir->nlink++;
	} else {
		i->nlink++;
	}
	dir_touch(dir);
	return 0;
}

void dir_remove(struct inode *dir, struct dirent *e)
{
	struct inode *i = e->inode;

	tree_remove(&dir->dir.by_name, &e->by_name);
	tree_remove(&dir->dir.by_cookie, &e->by_cookie);
	if (inode_is(i, S_IFDIR)) {
		i->dir.self = NULL;
		dir->nlink--;
	} else {
		i->nlink--;
	}
	dir_touch(dir);
	fs_free(e);
	inode_put(i);
}

/* The first entry whose cookie is at least pos. */
static struct tree_node *entry_from(const struct inode *dir, uint64_t pos)
{
	struct tree_node *n = dir->dir.by_cookie.root, *found = NULL;

	while (n) {
		bool left = container_of(n, struct dirent, by_cookie)->cookie >= pos;

		if (left)
			found = n;
		n = left ? n->left : n->right;
	}
	return found;
}

/* The position of a number is what lies COOKIE_FIRST above it. */
static void list_numbers(struct inode *dir, dir_emit emit, void *arg, uint64_t pos)
{
	int n = (int)min(pos - COOKIE_FIRST, (uint64_t)INT32_MAX) - 1;
	char name[12];

	while ((n = dir->dir.numbered->next(n)) >= 0) {
		int len = ksnprintf(name, sizeof(name), "%d", n);

		if (!emit(arg, name, (size_t)len, dir->ino << 32 | (unsigned)n,
			  dir->dir.numbered->dtype, (uint64_t)n + 1 + COOKIE_FIRST))
			return;
	}
}

/* tree_lock held. */
static void list_entries(struct inode *dir, dir_emit emit, void *arg, uint64_t pos)
{
	if (pos < COOKIE_PARENT && !emit(arg, ".", 1, dir->ino, DT_DIR, COOKIE_PARENT))
		return;
	if (pos < COOKIE_FIRST && !emit(arg, "..", 2, dir->dir.parent->ino, DT_DIR, COOKIE_FIRST))
		return;
	if (dir->dir.numbered) {
		list_numbers(dir, emit, arg, pos);
		return;
	}
	for (struct tree_node *n = entry_from(dir, pos); n; n = tree_next(n)) {
		struct dirent *e = container_of(n, struct dirent, by_cookie);

		if (!emit(arg, e->name, e->len, e->inode->ino, e->inode->mode >> 12, e->cookie + 1))
			return;
	}
}

static int dir_readdir(struct file *f, dir_emit emit, void *arg, uint64_t pos)
{
	mutex_lock(&tree_lock);
	list_entries(f->inode, emit, arg, pos);
	mutex_unlock(&tree_lock);
	return 0;
}

static ssize_t dir_read(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return -EISDIR;
}

static off_t dir_seek(struct file *f, off_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	return f->pos = offset;
}

const struct file_ops dir_ops = {
	.read = dir_read,
	.seek = dir_seek,
	.readdir = dir_readdir,
};
