/* SPDX-License-Identifier: MIT */
/* Descriptors: open, read, write, seek, duplicate, control. Each is one system call. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/termios.h>
#include <sys/uio.h>
#include <unistd.h>
#include "cancel.h"

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)SYSCALL_CANCEL(SYS_open, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)SYSCALL_CANCEL(SYS_openat, dirfd, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd)
{
	return (int)SYSCALL_CANCEL(SYS_close, fd);
}

ssize_t read(int fd, void *buf, size_t n)
{
	return SYSCALL_CANCEL(SYS_read, fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return SYSCALL_CANCEL(SYS_write, fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t pos)
{
	return SYSCALL_CANCEL(SYS_pread64, fd, buf, n, pos);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t pos)
{
	return SYSCALL_CANCEL(SYS_pwrite64, fd, buf, n, pos);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return SYSCALL_CANCEL(SYS_readv, fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return SYSCALL_CANCEL(SYS_writev, fd, iov, count);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return SYSCALL(SYS_lseek, fd, offset, whence);
}

ssize_t sendfile(int out, int in, off_t *pos, size_t n)
{
	return SYSCALL(SYS_sendfile, out, in, pos, n);
}

int dup(int fd)
{
	return (int)SYSCALL(SYS_dup, fd);
}

int dup2(int fd, int newfd)
{
	return (int)SYSCALL(SYS_dup2, fd, newfd);
}

int dup3(int fd, int newfd, int flags)
{
	return (int)SYSCALL(SYS_dup3, fd, newfd, flags);
}

int pipe(int fds[2])
{
	return (int)SYSCALL(SYS_pipe, fds);
}

int pipe2(int fds[2], int flags)
{
	return (int)SYSCALL(SYS_pipe2, fds, flags);
}

int fcntl(int fd, int cmd, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, cmd);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	return (int)SYSCALL(SYS_fcntl, fd, cmd, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	return (int)SYSCALL(SYS_ioctl, fd, request, arg);
}

int fsync(int fd)
{
	return (int)SYSCALL_CANCEL(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int ftruncate(int fd, off_t length)
{
	return (int)SYSCALL(SYS_ftruncate, fd, length);
}

int truncate(const char *path, off_t length)
{
	return (int)SYSCALL(SYS_truncate, path, length);
}
