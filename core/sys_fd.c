// SPDX-License-Identifier: MIT
/* System calls on descriptors: close, dup, fcntl, pipe. The table is fs/file.c's; owns nothing. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/file.h>
#include <core/pipe.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define SETTABLE (O_APPEND | O_NONBLOCK)

long sys_close(int fd)
{
	return fd_close(fd);
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

/* One process cannot be in its own way: a lock is always had and never found. */
static long file_lock(unsigned cmd, unsigned long arg)
{
	short __user *type = (short __user *)arg; /* struct flock begins with l_type */
	short t;

	if (copy_from_user(&t, type, sizeof(t)))
		return -EFAULT;
	if (t != F_RDLCK && t != F_WRLCK && t != F_UNLCK)
		return -EINVAL;
	t = F_UNLCK;
	return cmd == F_GETLK ? copy_to_user(type, &t, sizeof(t)) : 0;
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
	case F_SETLK:
	case F_SETLKW:
		return file_lock(cmd, arg);
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
		return arg >= FD_MAX ? -EINVAL : duplicate(fd, (int)arg, cmd == F_DUPFD_CLOEXEC);
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
