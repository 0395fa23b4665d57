/* SPDX-License-Identifier: MIT */
/*
 * Names and files (core/fs/): the image's archive, read-only and served in place, under a RAM file
 * system that takes writes, and devices. One tree of inodes, one lock (sleeping), never held over
 * an access to the app's memory: everything here takes and gives core memory. Thread context.
 */
#ifndef CORE_FS_H
#define CORE_FS_H

#include <core/compiler.h>
#include <core/file.h>

struct boot_info;
struct inode;
struct data_page;
struct abi_stat;

#define PATH_MAX 4096 /* with the NUL */

/*
 * Builds the tree from the archive at [data, data + size) in the direct map, which is page-aligned
 * and stays for ever. 0, or -EINVAL with *why set to one line that says what is wrong. Boot only.
 */
int fs_mount_archive(const void *data, size_t size, const char **why);
/* Path of the first regular executable file of the archive, or NULL. */
const char *fs_first_executable(void);
/* Bytes that files, names and directories may take: the RAM file system's size. */
void fs_set_limit(size_t bytes);
/* What they take now. */
size_t fs_used(void);

/* Opens path as sys_openat does, on the core's behalf. 0 or -errno; *out has one reference. */
int fs_open(const char *path, int flags, unsigned mode, struct file **out);

/*
 * The *at calls. base is the directory a relative path starts from (NULL: the working directory);
 * 0 or -errno as Linux's.
 */
int fs_openat(struct inode *base, const char *path, int flags, unsigned mode, struct file **out);
int fs_mkdir(struct inode *base, const char *path, unsigned mode);
int fs_unlink(struct inode *base, const char *path, bool directory);
/* flags: RENAME_*. */
int fs_rename(struct inode *from_base, const char *from, struct inode *to_base, const char *to,
	      unsigned flags);
int fs_symlink(const char *target, struct inode *base, const char *path);
/* mode: S_IFREG, S_IFIFO or S_IFSOCK and permissions. */
int fs_mknod(struct inode *base, const char *path, unsigned mode);
/* A second name for a file; follow: if it is a symbolic link, for what that leads to. */
int fs_link(struct inode *from_base, const char *from, struct inode *to_base, const char *to,
	    bool follow);
/* A name for a file that is open, if it has one or O_TMPFILE made it. */
int fs_link_inode(struct inode *i, struct inode *to_base, const char *to);
/* Bytes put in buf, without a NUL, at most size. */
ssize_t fs_readlink(struct inode *base, const char *path, char *buf, size_t size);
/* What is at path, with a reference: inode_put(). */
int fs_lookup(struct inode *base, const char *path, bool follow_last, struct inode **out);
void inode_put(struct inode *i);
/* One more reference. */
void inode_hold(struct inode *i);
/* Fills st (zeroed by the caller). */
void inode_stat(struct inode *i, struct abi_stat *st);
/* The descriptor that a followed link of /proc leads to where no inode is meant, or -1. */
int inode_descriptor(const struct inode *i);
/* S_IF* and permissions. */
uint32_t inode_mode(const struct inode *i);
/* When it was made: ns since 1970. */
int64_t inode_birth(const struct inode *i);
/*
 * Its permissions (07777), its owner (UINT32_MAX: as it is), its times (NULL: as they are; `now` both
 * are the present time, which anybody may set). 0, -EROFS, or -EPERM for who neither owns it nor is
 * user 0.
 */
int inode_chmod(struct inode *i, uint32_t mode);
int inode_chown(struct inode *i, uint32_t uid, uint32_t gid);
int inode_set_times(struct inode *i, const int64_t *atime, const int64_t *mtime, bool now);
/* Room for the bytes [from, to), with the file's size if they are behind it. 0 or -ENOSPC, -EPERM. */
int inode_allocate(struct inode *i, uint64_t from, uint64_t to, bool keep_size);
/* They become zeros, which take no room. */
int inode_clear(struct inode *i, uint64_t from, uint64_t to);
/* f is a regular file with bytes, open to more than its place. */
bool file_has_data(const struct file *f);
/*
 * Memory as a file without a name (memfd_create); seals: those it begins with. The file that is open
 * to read and write, with one reference, or NULL. Its name is only told.
 */
struct file *file_memory(const char *name, uint8_t seals);
/* The seals of f, if they are not for ever none; adds some. 0 or more, -EINVAL, -EBUSY, -EPERM. */
int file_seals(struct file *f);
int file_add_seals(struct file *f, uint32_t seals);
/* Whether the file may not be written to in a shared mapping. */
bool inode_write_sealed(const struct inode *i);
/* What the file system is, as statfs tells it. st is zeroed by the caller; i may be NULL. */
struct abi_statfs;
void inode_statfs(const struct inode *i, struct abi_statfs *st);
/* Sets the bits that new files and directories do not get: what they were. */
unsigned fs_umask(unsigned mask);
int fs_chdir(struct inode *dir);
/* The working directory: length with the NUL, -ERANGE, or -ENOENT if it was removed. */
ssize_t fs_getcwd(char *buf, size_t size);

/*
 * The file's bytes where they lie, if it is an archive file (page-aligned start; the bytes behind
 * the end up to the page's end are not the file's: copy the tail page). NULL if it is not in place.
 */
const void *file_in_place(struct file *f, size_t *size);
/* The inode of a file whose pages can be mapped and shared, or NULL. */
struct inode *file_shareable(struct file *f);
/* The RAM page that holds the byte at pos, made if there is none yet: 0, or -ENXIO behind the end or
 * without room. It is the file's, and goes at a shortening (vm_cut_begin) or with the inode. */
int inode_share(struct inode *i, uint64_t pos, phys_t *pa);
/* The same for data of any alignment: readable in place, not mappable. */
const void *file_contents(struct file *f, size_t *size);
/*
 * The contiguous bytes of a regular file at pos, at most max of them, for sending: their count, 0 at
 * the end; -EINVAL if f is no regular file or one of /proc. *page goes to file_span_end() when they are sent.
 */
ssize_t file_span(struct file *f, off_t pos, size_t max, const void **bytes,
		  struct data_page **page);
void file_span_end(struct data_page *page);

/*
 * Regular files for mappings (mapping.c); the memory-map lock is held. Pages are numbered from the
 * file's beginning.
 */
/* What f's mappings are of, without a reference; NULL: it cannot be mapped. */
struct inode *file_mappable(struct file *f);
/* f is /dev/zero, whose mappings are anonymous memory. */
bool file_is_zero(struct file *f);
/* A file for shared anonymous memory, with a reference; NULL without memory. */
struct inode *inode_anonymous(size_t size);
bool inode_is_anonymous(const struct inode *i);
/* A mapping comes and gets a reference, or goes. */
void inode_map(struct inode *i);
void inode_unmap(struct inode *i);
bool inode_is_mapped(const struct inode *i);
/*
 * Where the page is, in *mem: the file's own, or without make also the archive's, never written to,
 * or NULL where inode_page_read() gets it. 0, 1 if the page is new, -ENXIO behind the end, -ENOSPC.
 */
int inode_page(struct inode *i, uint64_t index, bool make, const void **mem);
void inode_page_read(struct inode *i, uint64_t index, void *to);
/* mem is the page of the file or of the archive, not a copy. */
bool inode_page_is(struct inode *i, uint64_t index, const void *mem);
/* Makes a hole of the pages [first, end), which no mapping has any more. 0 or -ENOSPC. */
int inode_punch(struct inode *i, uint64_t first, uint64_t end);

/* A path of i, or " (deleted)": its length, or -ERANGE. Walks the whole tree. */
ssize_t fs_file_name(const struct inode *i, char *buf, size_t size, uint64_t *ino);
/*
 * A path of the file whose bytes in the archive have that at p: its length without the NUL, with
 * *offset and *ino of the byte; -ENOENT, -ERANGE. Walks the whole tree.
 */
ssize_t fs_archive_name(const void *p, char *buf, size_t size, uint64_t *offset, uint64_t *ino);

/*
 * Registers a device at /dev/name: open makes a file with these operations (private: its own).
 * 0, -EEXIST or -ENOSPC. Boot only.
 */
int devfs_register(const char *name, unsigned mode, const struct file_ops *ops, void *private);

#endif
