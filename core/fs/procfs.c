// SPDX-License-Identifier: MIT
/*
 * /proc: a tree of inodes like any other, read-only, whose files have a function in place of bytes.
 * An open file keeps the text that its first read made; a read from the beginning makes a new one.
 * A text is counted, so that a reader copies from it without a lock while another replaces it, and
 * it is part of the RAM file system's account, so that open files cannot take the core's memory.
 *
 * Locks: tree_lock for names; inode->lock for which text an open file has and for its position.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/string.h>

#include "procfs.h"
#include "walk.h"

#define TEXT_FIRST 512 /* bytes with the header, doubled as often as needed */

struct snapshot {
	struct refcount refs;
	size_t size;
	char text[];
};

struct proc_text {
	struct snapshot *s;
	size_t used, room; /* room: with the header */
	size_t line;	   /* where the line begun last begins */
	bool failed;
	int thread;
};

static struct inode proc_root = {
	.refs = {1},
	.mode = S_IFDIR | 0555,
	.read_only = true,
};

/* ---- making a text ---- */

/* Room for n more bytes and a NUL; false: there is none, and the text is lost. */
static bool text_reserve(struct proc_text *t, size_t n)
{
	size_t room = t->room ? t->room : TEXT_FIRST;
	struct snapshot *s;

	if (t->failed)
		return false;
	while (room < sizeof(*s) + t->used + n + 1)
		room *= 2;
	if (room == t->room)
		return true;
	s = room <= PROC_TEXT_MOST ? krealloc(t->s, room) : NULL;
	if (!s) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->room = room;
	return true;
}

/* n bytes were added. */
static void text_added(struct proc_text *t, size_t n)
{
	for (size_t i = t->used; i < t->used + n; i++)
		if (t->s->text[i] == '\n')
			t->line = i + 1;
	t->used += n;
}

void proc_put_bytes(struct proc_text *t, const void *p, size_t n)
{
	if (n >= PROC_TEXT_MOST)
		t->failed = true;
	if (!text_reserve(t, n))
		return;
	memcpy(t->s->text + t->used, p, n);
	text_added(t, n);
}

void proc_put(struct proc_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (!text_reserve(t, (size_t)n))
		return;
	va_start(ap, fmt);
	kvsnprintf(t->s->text + t->used, (size_t)n + 1, fmt, ap);
	va_end(ap);
	text_added(t, (size_t)n);
}

void proc_pad(struct proc_text *t, size_t width)
{
	while (!t->failed && t->used - t->line < width)
		proc_put_bytes(t, " ", 1);
}

int proc_thread(const struct proc_text *t)
{
	return t->thread;
}

void proc_fail(struct proc_text *t)
{
	t->failed = true;
}

static void snapshot_put(struct snapshot *s)
{
	if (!s || !refcount_put(&s->refs))
		return;
	fs_uncharge(kmalloc_size(s));
	kfree(s);
}

/* The text as it is now, with one reference. 0 or -ENOMEM. */
static int snapshot_make(const struct inode *i, struct snapshot **out)
{
	struct proc_text t = {.thread = i->file.thread};

	if (text_reserve(&t, 0))
		i->file.show(&t);
	if (!t.failed && fs_charge(kmalloc_size(t.s))) {
		refcount_init(&t.s->refs);
		t.s->size = t.used;
		*out = t.s;
		return 0;
	}
	kfree(t.s);
	return -ENOMEM;
}

/* ---- an open file: private is its text, NULL before the first read ---- */

/*
 * The file's text with a reference, replaced by a new one where *pos is the beginning or there is
 * none; claims up to most bytes at *pos.
 */
static int claim(struct file *f, off_t *pos, size_t most, struct snapshot **out, off_t *start)
{
	struct snapshot *fresh = NULL, *s;
	struct inode *i = f->inode;
	size_t n = 0;
	int r;

	if (!READ_ONCE(*pos) || !READ_ONCE(f->private)) {
		r = snapshot_make(i, &fresh);
		if (r)
			return r;
	}
	spin_lock(&i->lock);
	if (fresh && (!*pos || !f->private)) {
		s = f->private;
		f->private = fresh;
		fresh = s;
	}
	s = f->private;
	refcount_get(&s->refs);
	*start = *pos;
	if ((uint64_t)*start < s->size)
		n = min(most, s->size - (size_t)*start);
	*pos = *start + (off_t)n;
	spin_unlock(&i->lock);
	snapshot_put(fresh);
	*out = s;
	return (int)n;
}

static ssize_t proc_read(struct file *f, struct uio *u, off_t *pos)
{
	size_t before = u->resid;
	struct snapshot *s;
	off_t start, done;
	int n = claim(f, pos, before, &s, &start), r;

	if (n < 0)
		return n;
	r = n ? uio_copy_to(u, s->text + start, (size_t)n) : 0;
	snapshot_put(s);
	if (!r)
		return n;
	/* The app's buffer ended early: the position goes back, if nobody moved it on. */
	done = (off_t)(before - u->resid);
	spin_lock(&f->inode->lock);
	if (*pos == start + n)
		*pos = start + done;
	spin_unlock(&f->inode->lock);
	return done ? done : r;
}

/* As Linux's: a text has no end before it is made. */
static off_t proc_seek(struct file *f, off_t offset, int whence)
{
	off_t r = -EINVAL;

	spin_lock(&f->inode->lock);
	if (whence == SEEK_SET)
		r = offset;
	else if (whence == SEEK_CUR && __builtin_add_overflow(f->pos, offset, &r))
		r = -EINVAL;
	if (r >= 0)
		f->pos = r;
	spin_unlock(&f->inode->lock);
	return r >= 0 ? r : -EINVAL;
}

static void proc_release(struct file *f)
{
	snapshot_put(f->private);
}

const struct file_ops proc_ops = {
	.read = proc_read,
	.seek = proc_seek,
	.release = proc_release,
};

/* ---- the tree ---- */

struct inode *proc_inode(uint32_t mode)
{
	struct inode *i = inode_new(mode);

	if (i)
		i->read_only = true;
	return i;
}

static size_t component(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '/')
		n++;
	return n;
}

/* The folder of path, made as far as it is not there; *path is its last component then. */
static struct inode *enter(const char **path)
{
	struct inode *dir = &proc_root;

	if (!dir->dir.parent) {
		dir_init(dir, &fs_root);
		dir->ino = FS_PROC_INO;
		dir->atime = dir->mtime = dir->ctime = (int64_t)time_realtime();
	}
	for (;;) {
		size_t n = component(*path);
		struct dirent *e = dir_find(dir, *path, n);
		struct inode *sub = e ? e->inode : NULL;

		if (!(*path)[n])
			return dir;
		if (!sub) {
			sub = proc_inode(S_IFDIR | 0555);
			if (!sub)
				return NULL;
			dir_init(sub, dir);
			if (dir_add(dir, *path, n, sub)) {
				inode_put(sub);
				return NULL;
			}
			inode_put(sub);
		}
		BUG_ON(!inode_is(sub, S_IFDIR));
		dir = sub;
		*path += n + 1;
	}
}

/* Gives i its name and drops the caller's reference. */
static int add(const char *path, struct inode *i)
{
	struct inode *dir;
	int r = -ENOSPC;

	mutex_lock(&tree_lock);
	dir = enter(&path);
	if (dir && dir_find(dir, path, strlen(path)))
		r = -EEXIST;
	else if (dir)
		r = dir_add(dir, path, strlen(path), i);
	mutex_unlock(&tree_lock);
	inode_put(i);
	return r;
}

int procfs_add(const char *path, proc_show show)
{
	struct inode *i = proc_inode(S_IFREG | 0444);

	if (!i)
		return -ENOSPC;
	i->file.show = show;
	return add(path, i);
}

int procfs_add_numbered(const char *path, const struct numbered *n)
{
	struct inode *i = proc_inode(S_IFDIR | 0555), *dir;
	int r = -ENOSPC;

	if (!i)
		return r;
	mutex_lock(&tree_lock);
	dir = enter(&path);
	if (dir) {
		dir_init(i, dir);
		i->dir.numbered = n;
		r = dir_add(dir, path, strlen(path), i);
	}
	mutex_unlock(&tree_lock);
	inode_put(i);
	return r;
}

int procfs_link(const char *path, const char *target)
{
	struct inode *i = proc_inode(S_IFLNK | 0777);

	if (!i)
		return -ENOSPC;
	i->size = strlen(target);
	i->target = fs_alloc(i->size + 1);
	if (!i->target) {
		inode_put(i);
		return -ENOSPC;
	}
	memcpy(i->target, target, i->size);
	return add(path, i);
}

static int add_table(const struct proc_file *f)
{
	int r = 0;

	for (; f->path && !r; f++)
		r = procfs_add(f->path, f->show);
	return r;
}

void procfs_mount(void)
{
	struct dirent *old;
	int r = add_table(proc_system_files);

	if (!r)
		r = add_table(proc_ringlet_files);
	if (!r)
		r = add_table(proc_self_files);
	for (const struct proc_file *f = proc_thread_files; f->path && !r; f++) {
		char path[16];

		ksnprintf(path, sizeof(path), "1/%s", f->path);
		r = procfs_add(path, f->show);
	}
	if (!r)
		r = add_table(proc_sys_files);
	if (!r)
		r = proc_add_numbered();
	if (!r)
		r = procfs_link("self", "1");
	if (!r)
		r = procfs_link("mounts", "self/mounts");
	mutex_lock(&tree_lock);
	old = dir_find(&fs_root, "proc", 4);
	/* As under any mount: what an image has there is hidden. */
	if (old)
		dir_remove(&fs_root, old);
	if (!r)
		r = dir_add(&fs_root, "proc", 4, &proc_root);
	mutex_unlock(&tree_lock);
	if (r)
		log_warn("/proc is not all there: no room in the RAM file system (option ramfs=)");
}
