// SPDX-License-Identifier: MIT
/*
 * Mounts the image's archive: each entry becomes an inode whose data stays where it is. Folders are
 * made for the paths that need them, a later entry replaces an earlier one of the same name, hard
 * links share an inode. Runs once at boot, under tree_lock.
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/cpio.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/string.h>
#include "walk.h"

#define LINK_BUCKETS 64

/* An inode of several names, while the archive is read. */
struct hard_link {
	struct hard_link *next;
	uint32_t ino, devmajor, devminor;
	struct inode *inode;
};

static struct hard_link *links[LINK_BUCKETS];
static char *first_executable;
static char why_text[192];

static int fail(const char **why, const struct cpio_entry *e, const char *what)
{
	ksnprintf(why_text, sizeof(why_text), "holds %.100s, which %s", e->name, what);
	*why = why_text;
	return -EINVAL;
}

static int no_memory(const char **why)
{
	*why = "has more names than the RAM file system has room for (option ramfs=)";
	return -EINVAL;
}

/* The next component of a path, without empty ones and "."; its length, 0 at the end. */
static size_t component(const char **s)
{
	for (;;) {
		size_t n = 0;

		while (**s == '/')
			(*s)++;
		while ((*s)[n] && (*s)[n] != '/')
			n++;
		if (n != 1 || **s != '.')
			return n;
		(*s)++;
	}
}

/* The directory name in dir, made if need be; links to directories are followed. NULL: why. */
static struct inode *enter(struct inode *dir, const char *name, size_t len,
			   const struct cpio_entry *e, const char **why)
{
	struct dirent *d = dir_find(dir, name, len);
	struct inode *i = d ? d->inode : NULL;
	struct walk w = {.held = NULL};

	if (i && inode_is(i, S_IFLNK))
		i = walk_path(&w, dir, i->target, WALK_FOLLOW) ? i : w.found;
	if (i && !inode_is(i, S_IFDIR)) {
		fail(why, e, "is in a folder that is a file");
		return NULL;
	}
	if (i)
		return i;
	i = inode_new(S_IFDIR | 0755);
	if (i)
		dir_init(i, dir);
	if (!i || dir_add(dir, name, len, i)) {
		no_memory(why);
		if (i)
			inode_put(i);
		return NULL;
	}
	inode_put(i); /* its name keeps it */
	return i;
}

/* Walks to the parent of e's name, leaving the last component in *name and *len (0: the root). */
static struct inode *enter_parent(const struct cpio_entry *e, const char **name, size_t *len,
				  const char **why)
{
	struct inode *dir = &fs_root;
	const char *s = e->name;

	*len = 0;
	if (e->name_len >= PATH_MAX) {
		fail(why, e, "has a path that is too long");
		return NULL;
	}
	for (;;) {
		size_t n = component(&s);

		if (n > NAME_MAX || (n == 2 && s[0] == '.' && s[1] == '.')) {
			fail(why, e, n == 2 ? "climbs with \"..\"" : "has a name that is too long");
			return NULL;
		}
		if (!n)
			return dir;
		if (*len)
			dir = enter(dir, *name, *len, e, why);
		if (!dir)
			return NULL;
		*name = s;
		*len = n;
		s += n;
	}
}

static struct hard_link **find_link(const struct cpio_entry *e)
{
	struct hard_link **l = &links[e->ino % LINK_BUCKETS];

	while (*l && ((*l)->ino != e->ino || (*l)->devmajor != e->devmajor ||
		      (*l)->devminor != e->devminor))
		l = &(*l)->next;
	return l;
}

/* The inode of a file with several names: the one there is, or a new one that is remembered. */
static struct inode *linked_inode(const struct cpio_entry *e)
{
	struct hard_link **l = find_link(e), *n;

	if (*l) {
		inode_get((*l)->inode);
		return (*l)->inode;
	}
	n = kmalloc(sizeof(*n));
	if (!n)
		return NULL;
	n->inode = inode_new(e->mode & (S_IFMT | 07777));
	if (!n->inode) {
		kfree(n);
		return NULL;
	}
	n->next = NULL;
	n->ino = e->ino;
	n->devmajor = e->devmajor;
	n->devminor = e->devminor;
	*l = n;
	inode_get(n->inode);
	return n->inode;
}

static void forget_links(void)
{
	for (unsigned b = 0; b < LINK_BUCKETS; b++)
		while (links[b]) {
			struct hard_link *l = links[b];

			links[b] = l->next;
			inode_put(l->inode);
			kfree(l);
		}
}

/* A new inode for e with one reference; NULL if memory is gone. */
static struct inode *make_inode(const struct cpio_entry *e)
{
	uint32_t mode = e->mode & (S_IFMT | 07777);
	bool regular = (mode & S_IFMT) == S_IFREG;
	struct inode *i = regular && e->nlink > 1 ? linked_inode(e) : inode_new(mode);

	if (!i)
		return NULL;
	i->atime = i->mtime = i->ctime = (int64_t)(e->mtime * NSEC_PER_SEC);
	if (regular && e->size) {
		i->file.archive = e->data;
		i->size = i->file.archive_size = e->size;
	}
	if (!inode_is(i, S_IFLNK))
		return i;
	i->target = fs_alloc(e->size + 1);
	if (!i->target) {
		inode_put(i);
		return NULL;
	}
	memcpy(i->target, e->data, e->size);
	i->size = strlen(i->target);
	return i;
}

static int check_entry(const struct cpio_entry *e, const char **why)
{
	switch (e->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return 0;
	case S_IFLNK:
		return e->size && e->size < PATH_MAX ? 0
						     : fail(why, e, "is a link to an absurd path");
	}
	return fail(why, e, "has an unknown type");
}

/* Notes the path of the image's first program. */
static int note_executable(const struct cpio_entry *e)
{
	const char *s = e->name;
	char *p;
	size_t n;

	if (first_executable || (e->mode & S_IFMT) != S_IFREG || !(e->mode & 0111))
		return 0;
	p = first_executable = kmalloc(e->name_len + 2);
	if (!p)
		return -ENOMEM;
	while ((n = component(&s))) {
		*p++ = '/';
		memcpy(p, s, n);
		p += n;
		s += n;
	}
	*p = '\0';
	return 0;
}

static int add_entry(const struct cpio_entry *e, const char **why)
{
	struct dirent *old;
	struct inode *dir, *i;
	const char *name = NULL;
	size_t len;
	int r;

	if (check_entry(e, why))
		return -EINVAL;
	dir = enter_parent(e, &name, &len, why);
	if (!dir)
		return -EINVAL;
	if ((e->mode & S_IFMT) == S_IFDIR) {
		i = len ? enter(dir, name, len, e, why) : dir;
		if (i)
			i->mode = S_IFDIR | (e->mode & 07777);
		return i ? 0 : -EINVAL;
	}
	if (!len)
		return fail(why, e, "is a file in place of the root folder");
	old = dir_find(dir, name, len);
	if (old && inode_is(old->inode, S_IFDIR))
		return fail(why, e, "is a file and a folder");
	i = make_inode(e);
	if (!i)
		return no_memory(why);
	if (old)
		dir_remove(dir, old);
	r = dir_add(dir, name, len, i);
	inode_put(i);
	return r || note_executable(e) ? no_memory(why) : 0;
}

static bool is_special(const struct cpio_entry *e)
{
	uint32_t type = e->mode & S_IFMT;

	return type == S_IFCHR || type == S_IFBLK || type == S_IFIFO || type == S_IFSOCK;
}

static int add_entries(struct cpio *c, const char **why)
{
	unsigned special = 0;
	struct cpio_entry e;
	int r;

	while ((r = cpio_next(c, &e, why)) == 1) {
		if (is_special(&e))
			special++;
		else if (add_entry(&e, why))
			return -EINVAL;
	}
	if (special)
		log_warn("archive: %u device nodes, pipes or sockets left out", special);
	return r ? -EINVAL : 0;
}

int fs_mount_archive(const void *data, size_t size, const char **why)
{
	struct cpio c;
	int r;

	fs_init();
	fs_set_limit(boot_option_size("ramfs", page_total() * PAGE_SIZE / 2));
	cpio_begin(&c, data, size);
	mutex_lock(&tree_lock);
	r = add_entries(&c, why);
	forget_links();
	mutex_unlock(&tree_lock);
	return r;
}

const char *fs_first_executable(void)
{
	return first_executable;
}

const void *file_contents(struct file *f, size_t *size)
{
	const struct inode *i = f->inode;

	if (!i || !inode_is(i, S_IFREG) || !i->file.archive || i->file.pages.root ||
	    i->file.archive_size != i->size)
		return NULL;
	*size = i->size;
	return i->file.archive;
}

const void *file_in_place(struct file *f, size_t *size)
{
	const void *p = file_contents(f, size);

	return IS_ALIGNED((uintptr_t)p, PAGE_SIZE) ? p : NULL;
}

ssize_t file_span(struct file *f, off_t pos, size_t max, const void **bytes,
		  struct data_page **page)
{
	*page = NULL;
	if (!file_has_data(f))
		return -EINVAL;
	return (ssize_t)data_span(f->inode, (uint64_t)pos, max, bytes, page);
}

void file_span_end(struct data_page *page)
{
	if (page)
		data_page_put(page);
}

/* ---- from bytes and files back to names, for /proc/self/maps ---- */

static bool is_inode(const struct inode *i, const void *p)
{
	return i == p;
}

static bool has_byte(const struct inode *i, const void *at)
{
	const uint8_t *p = at;

	return inode_is(i, S_IFREG) && i->file.archive && p >= i->file.archive &&
	       (size_t)(p - i->file.archive) < i->file.archive_size;
}

/* The first entry whose inode `is` what is looked for, and its folder; NULL. tree_lock held. */
static struct dirent *find_entry(bool (*is)(const struct inode *i, const void *p), const void *p,
				 struct inode **folder)
{
	struct inode *dir = &fs_root;
	struct tree_node *n = tree_first(&dir->dir.by_name);

	for (;;) {
		struct dirent *e;

		while (!n) {
			if (dir == &fs_root)
				return NULL;
			n = tree_next(&dir->dir.self->by_name);
			dir = dir->dir.parent;
		}
		e = container_of(n, struct dirent, by_name);
		if (is(e->inode, p)) {
			*folder = dir;
			return e;
		}
		n = tree_next(n);
		if (inode_is(e->inode, S_IFDIR)) {
			dir = e->inode;
			n = tree_first(&dir->dir.by_name);
		}
	}
}

/* The path of e in dir; its length, or -ERANGE. tree_lock held. */
static ssize_t entry_path(const struct inode *dir, const struct dirent *e, char *buf, size_t size)
{
	ssize_t n = walk_path_of(dir, buf, size);

	if (n < 0)
		return n;
	n -= buf[n - 2] == '/' ? 2 : 1;
	if ((size_t)n + 1 + e->len + 1 > size)
		return -ERANGE;
	buf[n++] = '/';
	memcpy(buf + n, e->name, e->len);
	buf[(size_t)n + e->len] = '\0';
	return n + (ssize_t)e->len;
}

ssize_t fs_archive_name(const void *p, char *buf, size_t size, uint64_t *offset, uint64_t *ino)
{
	struct inode *dir;
	ssize_t r = -ENOENT;
	struct dirent *e;

	mutex_lock(&tree_lock);
	e = find_entry(has_byte, p, &dir);
	if (e) {
		*offset = (uint64_t)((const uint8_t *)p - e->inode->file.archive);
		*ino = e->inode->ino;
		r = entry_path(dir, e, buf, size);
	}
	mutex_unlock(&tree_lock);
	return r;
}

ssize_t fs_file_name(const struct inode *i, char *buf, size_t size, uint64_t *ino)
{
	struct inode *dir;
	struct dirent *e;
	ssize_t r;

	mutex_lock(&tree_lock);
	e = find_entry(is_inode, i, &dir);
	*ino = i->ino;
	r = e ? entry_path(dir, e, buf, size) : ksnprintf(buf, size, " (deleted)");
	mutex_unlock(&tree_lock);
	return r;
}
