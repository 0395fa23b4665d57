// SPDX-License-Identifier: MIT
/* Files without a name, which only a system call makes: what they share. Owns nothing. */
#include <abi/stat.h>
#include <core/file.h>
#include <core/heap.h>

int anon_stat(struct file *f, struct abi_stat *st)
{
	(void)f;
	st->st_dev = 3;
	st->st_ino = 1;
	st->st_nlink = 1;
	st->st_mode = 0600;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

int anon_file(const struct file_ops *ops, void *private, int flags, struct file **out)
{
	struct file *f = file_new(ops, private, O_RDWR | ((uint32_t)flags & O_NONBLOCK));
	int fd;

	if (!f)
		return -ENOMEM;
	if (out)
		*out = f;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		kfree(f);
	return fd;
}
