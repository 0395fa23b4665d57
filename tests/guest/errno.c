/* SPDX-License-Identifier: MIT */
/* Errors carry Linux's numbers, arrive in errno, and leave it alone on success. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static void fails(long result, int error, const char *text)
{
	int got = errno;

	ok(result == -1 && got == error, "%s: %s (%ld, errno %d)", text, strerror(error), result,
	   got);
	errno = 0;
}

int main(void)
{
	struct timespec bad = {0, 2000000000};
	char buf[16];
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	is(EAGAIN, 11, "EAGAIN");
	is(ENOSYS, 38, "ENOSYS");
	is(ENAMETOOLONG, 36, "ENAMETOOLONG");
	is(EADDRINUSE, 98, "EADDRINUSE");
	is(ECONNREFUSED, 111, "ECONNREFUSED");
	errno = 0;
	ok(getpid() > 0 && errno == 0, "success leaves errno alone");
	fails(read(-1, buf, 1), EBADF, "read of no descriptor");
	fails(read(4000, buf, 1), EBADF, "read of a closed one");
	fails(read(fd, buf, 1), EISDIR, "read of a folder");
	fails(write(fd, buf, 1), EBADF, "write of one opened to read");
	fails(close(-1), EBADF, "close");
	fails(open("/no/such", O_RDONLY), ENOENT, "open");
	fails(open("", O_RDONLY), ENOENT, "open of no name");
	fails(open("/", O_WRONLY), EISDIR, "open a folder to write");
	fails(open("/dev/null/x", O_RDONLY), ENOTDIR, "a file as folder");
	fails(mkdir("/", 0777), EEXIST, "mkdir of what is there");
	fails(rmdir("/none"), ENOENT, "rmdir");
	fails(lseek(fd, 0, 99), EINVAL, "lseek whence");
	fails(ioctl(fd, TCGETS, buf), ENOTTY, "ioctl of what is no terminal");
	fails((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL,
	      "mmap of nothing");
	fails(munmap((void *)1, 4096), EINVAL, "munmap of an odd address");
	fails(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT, "socket family");
	fails(listen(fd, 1), ENOTSOCK, "listen on a folder");
	fails(nanosleep(&bad, NULL), EINVAL, "nanosleep");
	fails(clock_gettime(99, &bad), EINVAL, "clock_gettime");
	fails(dup2(fd, -1), EBADF, "dup2");
	fails(fcntl(fd, 9999), EINVAL, "fcntl");
	ok(!strcmp(strerror(ENOENT), "No such file or directory"), "strerror");
	close(fd);
	return done();
}
