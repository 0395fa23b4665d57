// SPDX-License-Identifier: MIT
/*
 * The directories of /proc whose names are numbers: the descriptors, what they have and in what state
 * it is, and the threads. A name is made when it is looked for (dir.c) and told from what there is.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/cputime.h>
#include <core/heap.h>
#include <core/string.h>

#include "procfs.h"
#include "walk.h"

/* ---- where a descriptor's link leads ---- */

/* The path of what has a place in the tree, its length without a NUL. */
static ssize_t inode_path(struct inode *i, char *buf, size_t size)
{
	uint64_t ino;
	ssize_t n;

	if (!inode_is(i, S_IFDIR))
		return fs_file_name(i, buf, size, &ino);
	mutex_lock(&tree_lock);
	n = walk_path_of(i, buf, size);
	mutex_unlock(&tree_lock);
	return n > 0 ? n - 1 : n == -ENOENT ? ksnprintf(buf, size, " (deleted)") : n;
}

/* What has none is told by its kind and number. */
static ssize_t file_kind(struct file *f, char *buf, size_t size)
{
	struct abi_stat st = {0};

	if (f->path)
		return ksnprintf(buf, size, "%s", f->path);
	if (f->ops->stat)
		(void)f->ops->stat(f, &st);
	if ((st.st_mode & S_IFMT) == S_IFIFO)
		return ksnprintf(buf, size, "pipe:[%lu]", st.st_ino);
	if ((st.st_mode & S_IFMT) == S_IFSOCK)
		return ksnprintf(buf, size, "socket:[%lu]", st.st_ino);
	return ksnprintf(buf, size, "anon_inode:[file]");
}

ssize_t file_link(int fd, char *buf, size_t size)
{
	struct file *f = fd_get(fd);
	char *name;
	ssize_t n = -ENOMEM;

	if (!f)
		return -ENOENT;
	name = kmalloc(PATH_MAX);
	if (name) {
		n = f->inode && !f->path ? inode_path(f->inode, name, PATH_MAX)
					 : file_kind(f, name, PATH_MAX);
		if (n > 0) {
			n = min(n, (ssize_t)size);
			memcpy(buf, name, (size_t)n);
		}
	}
	kfree(name);
	file_put(f);
	return n;
}

/* ---- descriptors ---- */

static struct inode *make_link(struct inode *dir, int n)
{
	struct inode *i = proc_inode(S_IFLNK | 0700);

	(void)dir;
	if (i)
		i->fd = n;
	return i;
}

static void show_fdinfo(struct proc_text *t)
{
	int fd = proc_thread(t);
	struct file *f = fd_get(fd);

	if (!f)
		return;
	proc_put(t, "pos:\t%lld\nflags:\t0%o\n", (long long)READ_ONCE(f->pos),
		 READ_ONCE(f->flags) | (fd_cloexec(fd) > 0 ? O_CLOEXEC : 0u));
	file_put(f);
}

static struct inode *make_info(struct inode *dir, int n)
{
	struct inode *i = proc_inode(S_IFREG | 0444);

	(void)dir;
	if (!i)
		return NULL;
	i->file.show = show_fdinfo;
	i->file.thread = n;
	return i;
}

/* ---- threads ---- */

static int next_thread(int n)
{
	int tid = cputime_next_thread(n);

	return tid ? tid : -1;
}

static struct inode *make_thread(struct inode *dir, int n)
{
	struct inode *i = proc_inode(S_IFDIR | 0555);

	if (!i)
		return NULL;
	dir_init(i, dir);
	for (const struct proc_file *f = proc_thread_files; f->path; f++) {
		struct inode *file = proc_inode(S_IFREG | 0444);

		if (!file)
			continue; /* what there is no room for is missing */
		file->file.show = f->show;
		file->file.thread = n;
		(void)dir_add(i, f->path, strlen(f->path), file);
		inode_put(file);
	}
	return i;
}

int proc_add_numbered(void)
{
	static const struct numbered links = {fd_next, make_link, DT_LNK},
				     infos = {fd_next, make_info, DT_REG},
				     threads = {next_thread, make_thread, DT_DIR};
	int r = procfs_add_numbered("1/fd", &links);

	if (!r)
		r = procfs_add_numbered("1/fdinfo", &infos);
	return r ? r : procfs_add_numbered("1/task", &threads);
}
