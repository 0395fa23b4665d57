// SPDX-License-Identifier: MIT
/* System calls on descriptors: close, dup, fcntl, pipe. The table is fs/file.c's; owns nothing. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/file.h>
#include <core/fs.h>
#include <core/pipe.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "sys_lock.h"

#define SETTABLE (O_APPEND | O_NONBLOCK)

long sys_close(int fd)
{
	return fd_close(fd);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	/* There is nobody to share the table with: CLOSE_RANGE_UNSHARE holds already. */
	if (first > last || flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* The name is at most 249 bytes long, as on Linux. */
long sys_memfd_create(const char __user *uname, unsigned flags)
{
	char name[250];
	ssize_t n = strncpy_from_user(name, uname, sizeof(name));
	uint8_t seals = flags & MFD_NOEXEC_SEAL ? F_SEAL_EXEC : 0;
	struct file *f;
	long r;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) ||
	    (flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL))
		return -EINVAL;
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (!(flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)))
		seals = F_SEAL_SEAL;
	f = file_memory(name, seals);
	if (!f)
		return -ENOMEM;
	r = fd_install(f, 0, flags & MFD_CLOEXEC);
	if (r < 0)
		file_put(f);
	return r;
}

static long duplicate(int fd, int from, bool cloexec)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = fd_install(f, from, cloexec);
	if (r < 0)
		file_put(f);
	return r;
}

long sys_dup(int fd)
{
	return duplicate(fd, 0, false);
}

static long replace(int fd, int newfd, bool cloexec)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = fd_replace(f, newfd, cloexec);
	if (r < 0)
		file_put(f);
	return r;
}

long sys_dup2(int fd, int newfd)
{
	if (fd == newfd)
		return fd_cloexec(fd) < 0 ? -EBADF : fd;
	return replace(fd, newfd, false);
}

long sys_dup3(int fd, int newfd, int flags)
{
	if (fd == newfd || (flags & ~O_CLOEXEC))
		return -EINVAL;
	return replace(fd, newfd, flags & O_CLOEXEC);
}

static long file_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case F_GETFL:
		return READ_ONCE(f->flags) & (f->flags & O_PATH ? ~(uint32_t)O_ACCMODE : ~0u);
	case F_SETFL:
		file_set_flags(f, SETTABLE, (uint32_t)arg & SETTABLE);
		return 0;
	case F_GETLK:
	case F_OFD_GETLK:
		return f->flags & O_PATH ? -EBADF : record_test(f, cmd, arg);
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return f->flags & O_PATH ? -EBADF : record_set(f, cmd, arg);
	case F_GET_SEALS:
		return file_seals(f);
	case F_ADD_SEALS:
		return file_add_seals(f, (uint32_t)arg);
	}
	return -EINVAL;
}

long sys_fcntl(int fd, int cmd, unsigned long arg)
{
	struct file *f;
	long r;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return arg >= fd_limit() ? -EINVAL
					 : duplicate(fd, (int)arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	}
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = file_fcntl(f, (unsigned)cmd, arg);
	file_put(f);
	return r;
}

/* Gives both ends descriptors; takes over both references whatever happens. */
static int install_both(struct file *end[2], int fd[2], bool cloexec)
{
	fd[0] = fd_install(end[0], 0, cloexec);
	if (fd[0] < 0) {
		file_put(end[0]);
		file_put(end[1]);
		return fd[0];
	}
	fd[1] = fd_install(end[1], 0, cloexec);
	if (fd[1] >= 0)
		return 0;
	file_put(end[1]);
	fd_close(fd[0]);
	return fd[1];
}

long sys_pipe2(int __user *fds, int flags)
{
	struct file *end[2];
	int fd[2], r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = pipe_new((uint32_t)flags & O_NONBLOCK, &end[0], &end[1]);
	if (!r)
		r = install_both(end, fd, flags & O_CLOEXEC);
	if (r || !copy_to_user(fds, fd, sizeof(fd)))
		return r;
	fd_close(fd[0]);
	fd_close(fd[1]);
	return -EFAULT;
}

long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}
