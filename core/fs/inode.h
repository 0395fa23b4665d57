/* SPDX-License-Identifier: MIT */
/*
 * The tree of inodes, private to core/fs/. tree_lock (a mutex, rank "file") guards names: directory
 * contents, parents, link counts, the working directory. inode->lock (spin, inside tree_lock) guards
 * a file's size, times and page table. Neither is held over an access to the app's memory.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include <abi/stat.h>
#include <core/fs.h>
#include <core/output.h>
#include <core/procfs.h>
#include <core/sched.h>
#include <core/tree.h>

#define NAME_MAX    255
#define FS_DEVICE   1 /* st_dev of everything in the tree */
#define PROC_DEVICE 4 /* but for /proc */

/*
 * A page of file data. Readers copy from it with a reference and without a lock, so it outlives a
 * truncation that takes it out of its file meanwhile.
 */
struct data_page {
	struct refcount refs;
	bool charged; /* to the account of the file system */
	uint8_t *mem;
};

/* Pages by index: a radix tree of 64-way nodes; of height 0, root is page 0 itself. */
struct page_table {
	void *root;
	unsigned height;
};

struct inode {
	struct refcount refs; /* each name, open file, child directory, and the working directory */
	uint32_t mode;	      /* S_IF*, fixed at creation, and permissions: lock */
	uint32_t uid, gid;    /* lock */
	uint32_t nlink;	      /* tree_lock */
	bool linkable;	      /* without a name, may get one: O_TMPFILE */
	bool read_only;	      /* of /proc: neither it nor, in a directory, its names change */
	bool locked;	      /* has or had a record lock of the app's (lock.c) */
	struct spinlock lock;
	uint64_t ino;
	uint64_t size;		     /* lock */
	int64_t atime, mtime, ctime; /* ns since 1970; lock */
	int64_t btime;		     /* of its making */
	union {
		struct {
			struct page_table pages; /* lock */
			const uint8_t *archive;	 /* data where no page is, never changed */
			uint64_t archive_size;	 /* how much of it still counts; lock */
			unsigned mappings;	 /* areas of the app's; memory-map lock */
			bool mapped;		 /* ever, shared */
			bool anonymous;		 /* shared memory: mapping.c */
			bool memfd;		 /* can be sealed */
			uint8_t seals;		 /* F_SEAL_*; lock */
			proc_show show;		 /* of /proc: its text is made, there is no data */
			int thread;		 /* that it tells of */
		} file;
		struct {
			struct tree by_name, by_cookie; /* of struct dirent; tree_lock */
			uint64_t next_cookie;
			struct inode *parent; /* one reference; the root's is itself, none */
			struct dirent *self;  /* its one name; NULL: removed, or the root */
			const struct numbered *numbered;
		} dir;
		struct {
			char *target; /* of a symbolic link, NUL-terminated; NULL: */
			int fd;	      /* it leads to what this descriptor has */
		};
		struct {
			const struct file_ops *ops;
			void *private;
			int dup_fd; /* >= 0: opening it duplicates this descriptor */
			uint32_t rdev;
		} device;
	};
};

/*
 * A directory of /proc whose names are the numbers of what there is: a name is made when it is looked
 * for and goes when it is looked for in vain. All under tree_lock.
 */
struct numbered {
	/* The first number above n, or -1. */
	int (*next)(int n);
	/* The inode of number n in dir, with one reference, or NULL. */
	struct inode *(*make)(struct inode *dir, int n);
	uint8_t dtype;
};

struct dirent {
	struct tree_node by_name, by_cookie;
	uint64_t cookie; /* order of creation: the position of a listing */
	struct inode *inode;
	size_t len;
	char name[];
};

extern struct mutex tree_lock;
extern struct inode fs_root;

/* ---- inode.c ---- */

/* Memory of the tree, bounded by fs_set_limit(); zeroed. NULL: the file system is full. */
void *fs_alloc(size_t size);
void fs_free(void *p);
/* Counts bytes that are allocated otherwise; false: full. */
bool fs_charge(size_t bytes);
void fs_uncharge(size_t bytes);

/* Makes the root and /dev, once; what adds to the tree at boot calls it first. */
void fs_init(void);
void devfs_init(void);		 /* devfs.c */
#define DEVFS_ZERO (1u << 8 | 5) /* the number of /dev/zero */

/* procfs.c: of a file with a show function. */
extern const struct file_ops proc_ops;
#define FS_PROC_INO 2 /* of /proc itself */

/* tty.c: private tells where writes go. */
extern const struct file_ops console_ops;
#define CONSOLE_STDOUT ((void *)OUTPUT_STDOUT)
#define CONSOLE_STDERR ((void *)OUTPUT_STDERR)

/* Lets other threads run in a long transfer; no lock held. */
static inline void fs_relax(void)
{
	if (unlikely(READ_ONCE(current_thread()->work) & WORK_RESCHED))
		sched_yield();
}

/* A new inode with one reference and no name, or NULL. */
struct inode *inode_new(uint32_t mode);
static inline void inode_get(struct inode *i)
{
	refcount_get(&i->refs);
}
/* A link of /proc to what a descriptor has. */
static inline bool inode_is_magic(const struct inode *i)
{
	return (i->mode & S_IFMT) == S_IFLNK && !i->target;
}
static inline bool inode_is(const struct inode *i, uint32_t type)
{
	return (i->mode & S_IFMT) == type;
}
/* proc_number.c: what the link of a descriptor says, at most size bytes; no lock held. */
ssize_t file_link(int fd, char *buf, size_t size);
/* Notes a change of contents; inode->lock held. */
void inode_touch(struct inode *i);
/* i is a regular file with bytes, not one of /proc whose text is made. */
static inline bool inode_has_data(const struct inode *i)
{
	return inode_is(i, S_IFREG) && !i->file.show;
}
/* Opens i (takes a reference of its own). Flags as for open; no O_CREAT logic. 0 or -errno. */
int inode_open(struct inode *i, int flags, struct file **out);

/* ---- dir.c; tree_lock held by the caller of all of them ---- */

extern const struct file_ops dir_ops;
void dir_init(struct inode *dir, struct inode *parent);
/* In a numbered directory the name may be made for it. */
struct dirent *dir_find(struct inode *dir, const char *name, size_t len);
/* Gives i (whose reference is not taken over) a name that is free. 0 or -ENOSPC. */
int dir_add(struct inode *dir, const char *name, size_t len, struct inode *i);
void dir_remove(struct inode *dir, struct dirent *e);
/* Its contents have changed. */
void dir_touch(struct inode *dir);
static inline bool dir_empty(const struct inode *dir)
{
	return !dir->dir.by_name.root;
}

/* ---- data.c: a regular file's bytes ---- */

/*
 * The contiguous bytes at pos, at most max, where they lie; 0 at the end of the file. *page, if set,
 * has a reference that data_page_put() drops when the bytes are no longer needed.
 */
size_t data_span(struct inode *i, uint64_t pos, size_t max, const void **bytes,
		 struct data_page **page);
void data_page_put(struct data_page *p);
/* Reads or writes as file_ops say. append: at the end of the file instead of *pos. */
ssize_t data_read(struct inode *i, struct uio *u, off_t *pos);
ssize_t data_write(struct inode *i, struct uio *u, off_t *pos, bool append);
/* 0, -ENOSPC, or -EPERM if a seal is against it. */
int data_resize(struct inode *i, uint64_t size);
/* The file ends at size or later; lock held. */
void data_grow(struct inode *i, uint64_t size);
static inline bool inode_sealed(const struct inode *i, uint8_t seals)
{
	return unlikely(READ_ONCE(i->file.seals) & seals);
}
/* Frees all pages; nobody uses the inode any more. */
void data_free(struct inode *i);

/* For mapping.c; lock held: a RAM page for index (-> NULL: full), what the page is without one. */
struct data_page *data_page_make(struct inode *i, uint64_t index);
void data_fill_base(const struct inode *i, uint64_t index, uint8_t *mem, size_t from, size_t to);

/* ---- pages.c: the radix tree; inode->lock held ---- */

struct data_page *pages_find(const struct page_table *t, uint64_t index);
/* index must be free; takes over the reference. 0 or -ENOSPC. */
int pages_insert(struct page_table *t, uint64_t index, struct data_page *p);
/* Takes out and puts the page at index, if there is one. */
void pages_clear(struct page_table *t, uint64_t index);
/* Takes out and puts all pages from index on. */
void pages_remove_from(struct page_table *t, uint64_t index);
size_t pages_count(const struct page_table *t);

#endif
