// SPDX-License-Identifier: MIT
/*
 * What opens, makes and changes names: open, mkdir, mknod, symlink, link, unlink, rmdir, rename,
 * readlink. All of it runs under tree_lock. Called by the system calls through core/fs.h, and by the core's own openings.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/string.h>
#include "walk.h"

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static unsigned umask = 022; /* bits that new files and directories do not get */

/* May names be made in dir, or taken out? */
static int check_dir(const struct inode *dir)
{
	if (dir->read_only)
		return -EROFS;
	return dir->nlink ? 0 : -ENOENT;
}

/* For creating and removing: the last component must be a name, and its parent in use. */
static int check_parent(const struct walk *w, int dots)
{
	if (!w->len || is_dot(w->name, w->len) || is_dotdot(w->name, w->len))
		return dots;
	/* Where /proc is mounted. */
	if (w->found && w->found->read_only && !w->at->read_only)
		return -EBUSY;
	return check_dir(w->at);
}

/* Adds a new inode of this mode at the end of the walk; *out has a reference of the caller's. */
static int create(struct walk *w, uint32_t mode, struct inode **out)
{
	struct inode *i;
	int r = check_dir(w->at);

	if (r)
		return r;
	i = inode_new(mode);
	if (!i)
		return -ENOSPC;
	if (inode_is(i, S_IFDIR))
		dir_init(i, w->at);
	r = dir_add(w->at, w->name, w->len, i);
	if (r)
		inode_put(i);
	else
		*out = i;
	return r;
}

/* O_CREAT: the inode that is or comes to be there, with a reference. */
static int open_create(struct walk *w, struct inode *base, const char *path, int flags,
		       unsigned mode, struct inode **out)
{
	bool exclusive = flags & (O_EXCL | O_NOFOLLOW);
	int r = walk_path(w, base, path, WALK_PARENT);

	if (r)
		return r;
	/* A link at the end is followed, dangling or not: what it names is created. */
	for (unsigned n = 0; !exclusive && w->found && inode_is(w->found, S_IFLNK); n++) {
		bool magic = inode_is_magic(w->found);

		if (n == LINKS_MOST)
			return -ELOOP;
		r = magic ? walk_path(w, base, path, WALK_FOLLOW)
			  : walk_path(w, w->at, w->found->target, WALK_PARENT);
		if (r)
			return r;
		if (magic)
			break;
	}
	if (w->slash)
		return -EISDIR;
	if (w->found && (flags & O_EXCL))
		return -EEXIST;
	if (!w->found)
		return create(w, S_IFREG | (mode & 07777 & ~READ_ONCE(umask)), out);
	inode_get(w->found);
	*out = w->found;
	return 0;
}

static int open_find(struct inode *base, const char *path, int flags, unsigned mode,
		     struct inode **out)
{
	struct walk w;
	int r;

	walk_begin(&w);
	if (flags & O_CREAT) {
		r = open_create(&w, base, path, flags, mode, out);
	} else {
		r = walk_path(&w, base, path, flags & O_NOFOLLOW ? WALK_KEEP : WALK_FOLLOW);
		if (!r) {
			inode_get(w.found);
			*out = w.found;
		}
	}
	walk_end(&w);
	return r;
}

/* O_TMPFILE: a file in the directory at path that has no name; it may get one unless O_EXCL. */
static int open_nameless(struct inode *base, const char *path, int flags, unsigned mode,
			 struct file **out)
{
	struct inode *dir, *i;
	int r = fs_lookup(base, path, !(flags & O_NOFOLLOW), &dir);

	if (r)
		return r;
	r = !inode_is(dir, S_IFDIR) ? -ENOTDIR : dir->read_only ? -EOPNOTSUPP : 0;
	inode_put(dir);
	if (r)
		return r;
	i = inode_new(S_IFREG | (mode & 07777 & ~READ_ONCE(umask)));
	if (!i)
		return -ENOSPC;
	i->linkable = !(flags & O_EXCL);
	r = inode_open(i, flags & ~O_DIRECTORY, out);
	inode_put(i);
	return r;
}

int fs_openat(struct inode *base, const char *path, int flags, unsigned mode, struct file **out)
{
	struct inode *i;
	int r;

	/* What O_PATH goes with; the rest is ignored. */
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	else if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (flags & TMPFILE_BIT) {
		if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT) ||
		    (flags & O_ACCMODE) == O_RDONLY)
			return -EINVAL;
		return open_nameless(base, path, flags, mode, out);
	}
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	r = open_find(base, path, flags, mode, &i);
	if (r)
		return r;
	r = inode_open(i, flags, out);
	inode_put(i);
	return r;
}

int fs_open(const char *path, int flags, unsigned mode, struct file **out)
{
	return fs_openat(NULL, path, flags, mode, out);
}

unsigned fs_umask(unsigned mask)
{
	return __atomic_exchange_n(&umask, mask & 0777, __ATOMIC_RELAXED);
}

int fs_mkdir(struct inode *base, const char *path, unsigned mode)
{
	struct inode *i;
	struct walk w;
	int r;

	walk_begin(&w);
	r = walk_path(&w, base, path, WALK_PARENT);
	if (!r && w.found)
		r = -EEXIST;
	if (!r)
		r = create(&w, S_IFDIR | (mode & 01777 & ~READ_ONCE(umask)), &i);
	walk_end(&w);
	if (!r)
		inode_put(i);
	return r;
}

/* Makes what is not there yet: `made` with its target, or a new inode of this mode. */
static int make_node(struct inode *base, const char *path, uint32_t mode, struct inode *made)
{
	struct inode *i;
	struct walk w;
	int r;

	walk_begin(&w);
	r = walk_path(&w, base, path, WALK_PARENT);
	if (!r && w.found)
		r = -EEXIST;
	if (!r && w.slash)
		r = -ENOENT;
	if (!r && made)
		r = check_dir(w.at);
	if (!r)
		r = made ? dir_add(w.at, w.name, w.len, made) : create(&w, mode, &i);
	walk_end(&w);
	if (!r && !made)
		inode_put(i);
	return r;
}

int fs_mknod(struct inode *base, const char *path, unsigned mode)
{
	return make_node(base, path, mode & (S_IFMT | 07777) & ~READ_ONCE(umask), NULL);
}

int fs_symlink(const char *target, struct inode *base, const char *path)
{
	size_t n = strlen(target);
	struct inode *i;
	int r = -ENOSPC;

	if (!n)
		return -ENOENT;
	i = inode_new(S_IFLNK | 0777);
	if (!i)
		return r;
	i->size = n;
	i->target = fs_alloc(n + 1);
	if (i->target) {
		memcpy(i->target, target, n);
		r = make_node(base, path, 0, i);
	}
	inode_put(i);
	return r;
}

static int unlink_file(struct walk *w)
{
	int r = check_parent(w, -EISDIR);

	if (r)
		return r;
	if (!w->found)
		return -ENOENT;
	if (inode_is(w->found, S_IFDIR))
		return -EISDIR;
	if (w->slash)
		return -ENOTDIR;
	dir_remove(w->at, w->entry);
	return 0;
}

static int remove_dir(struct walk *w)
{
	int r = check_parent(w, !w->len ? -EBUSY : is_dot(w->name, w->len) ? -EINVAL : -ENOTEMPTY);

	if (r)
		return r;
	if (!w->found)
		return -ENOENT;
	if (!inode_is(w->found, S_IFDIR))
		return -ENOTDIR;
	if (!dir_empty(w->found))
		return -ENOTEMPTY;
	w->found->nlink = 0;
	dir_remove(w->at, w->entry);
	return 0;
}

int fs_unlink(struct inode *base, const char *path, bool directory)
{
	struct walk w;
	int r;

	walk_begin(&w);
	r = walk_path(&w, base, path, WALK_PARENT);
	if (!r)
		r = directory ? remove_dir(&w) : unlink_file(&w);
	walk_end(&w);
	return r;
}

/* Is dir the directory i or below it? */
static bool is_within(const struct inode *dir, const struct inode *i)
{
	for (; dir != i; dir = dir->dir.parent)
		if (dir == dir->dir.parent)
			return false;
	return true;
}

/* What RENAME_EXCHANGE asks beyond rename_check(). */
static int exchange_check(const struct walk *from, const struct walk *to)
{
	if (!to->found)
		return -ENOENT;
	/* Neither may end up below itself. */
	if (inode_is(to->found, S_IFDIR) && is_within(from->at, to->found))
		return -EINVAL;
	if (to->slash && !inode_is(to->found, S_IFDIR))
		return -ENOTDIR;
	return to->found == from->found;
}

/* May from take to's place? 1: they are one file, nothing is to be done. */
static int rename_check(const struct walk *from, const struct walk *to, unsigned flags)
{
	bool dir;
	int r = check_parent(from, -EBUSY);

	if (!r)
		r = check_parent(to, -EBUSY);
	if (r)
		return r;
	if (!from->found)
		return -ENOENT;
	dir = inode_is(from->found, S_IFDIR);
	if ((flags & RENAME_NOREPLACE) && to->found)
		return -EEXIST;
	if (!dir && (from->slash || (to->slash && !(flags & RENAME_EXCHANGE))))
		return -ENOTDIR;
	if (dir && is_within(to->at, from->found))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return exchange_check(from, to);
	if (!to->found)
		return 0;
	if (inode_is(to->found, S_IFDIR) && is_within(from->at, to->found))
		return -ENOTEMPTY;
	if (to->found == from->found)
		return 1;
	if (dir != inode_is(to->found, S_IFDIR))
		return dir ? -ENOTDIR : -EISDIR;
	return dir && !dir_empty(to->found) ? -ENOTEMPTY : 0;
}

/* Moves the name. What is replaced goes only when the new name is made: a full system loses none. */
static int rename_entry(struct walk *from, struct walk *to)
{
	struct inode *i = from->found;
	struct dirent *old = to->entry;
	int r = dir_add(to->at, to->name, to->len, i);

	if (r)
		return r;
	if (old) {
		if (inode_is(old->inode, S_IFDIR))
			old->inode->nlink = 0;
		dir_remove(to->at, old);
	}
	dir_remove(from->at, from->entry);
	if (!inode_is(i, S_IFDIR))
		return 0;
	i->dir.self = dir_find(to->at, to->name, to->len);
	if (to->at != from->at) {
		inode_get(to->at);
		i->dir.parent = to->at;
		inode_put(from->at);
	}
	return 0;
}

/* dir, a directory that got the name e, is below `to` now and not below `from` any more. */
static void move_dir(struct inode *dir, struct dirent *e, struct inode *from, struct inode *to)
{
	if (!inode_is(dir, S_IFDIR))
		return;
	dir->dir.self = e;
	if (to == from)
		return;
	from->nlink--;
	to->nlink++;
	inode_get(to);
	dir->dir.parent = to;
	inode_put(from);
}

/* Two names change places: what they name does, for that needs no memory. */
static void exchange_entries(struct walk *a, struct walk *b)
{
	struct inode *i = a->found, *j = b->found;

	a->entry->inode = j;
	b->entry->inode = i;
	dir_touch(a->at);
	dir_touch(b->at);
	move_dir(i, b->entry, a->at, b->at);
	move_dir(j, a->entry, b->at, a->at);
}

int fs_rename(struct inode *from_base, const char *from, struct inode *to_base, const char *to,
	      unsigned flags)
{
	struct walk a, b;
	int r;

	walk_begin(&a);
	b.held = NULL;
	r = walk_path(&a, from_base, from, WALK_PARENT);
	if (!r)
		r = walk_path(&b, to_base, to, WALK_PARENT);
	if (!r)
		r = rename_check(&a, &b, flags);
	if (!r && (flags & RENAME_EXCHANGE))
		exchange_entries(&a, &b);
	else if (!r)
		r = rename_entry(&a, &b);
	walk_release(&b);
	walk_end(&a);
	return min(r, 0);
}

/* May i have to's name too? */
static int link_check(const struct inode *i, const struct walk *to)
{
	int r;

	if (to->found)
		return -EEXIST;
	if (to->slash)
		return -ENOENT;
	r = check_parent(to, -EEXIST);
	if (r)
		return r;
	if (i->read_only)
		return -EXDEV;
	if (inode_is(i, S_IFDIR))
		return -EPERM;
	/* What was removed stays so. */
	return i->nlink || i->linkable ? 0 : -ENOENT;
}

static int add_link(struct inode *i, const struct walk *to)
{
	int r = link_check(i, to);

	if (!r)
		r = dir_add(to->at, to->name, to->len, i);
	if (!r)
		i->linkable = false; /* once */
	return r;
}

int fs_link(struct inode *from_base, const char *from, struct inode *to_base, const char *to,
	    bool follow)
{
	struct walk a, b;
	int r;

	walk_begin(&a);
	b.held = NULL;
	r = walk_path(&a, from_base, from, follow ? WALK_FOLLOW : WALK_KEEP);
	if (!r)
		r = walk_path(&b, to_base, to, WALK_PARENT);
	if (!r)
		r = add_link(a.found, &b);
	walk_release(&b);
	walk_end(&a);
	return r;
}

int fs_link_inode(struct inode *i, struct inode *to_base, const char *to)
{
	struct walk w;
	int r;

	walk_begin(&w);
	r = walk_path(&w, to_base, to, WALK_PARENT);
	if (!r)
		r = add_link(i, &w);
	walk_end(&w);
	return r;
}

ssize_t fs_readlink(struct inode *base, const char *path, char *buf, size_t size)
{
	ssize_t n = -EINVAL;
	struct walk w;
	int r, fd = -1;

	walk_begin(&w);
	w.found = base;
	r = *path || !base || !inode_is(base, S_IFLNK) ? walk_path(&w, base, path, WALK_KEEP) : 0;
	if (!r && inode_is_magic(w.found)) {
		fd = w.found->fd;
	} else if (!r && inode_is(w.found, S_IFLNK)) {
		n = (ssize_t)min(size, (size_t)w.found->size);
		memcpy(buf, w.found->target, (size_t)n);
	}
	walk_end(&w);
	if (fd >= 0)
		return file_link(fd, buf, size);
	return r ? r : n;
}
