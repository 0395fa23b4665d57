/* SPDX-License-Identifier: MIT */
/* Directory streams over getdents64; a stream belongs to one thread at a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "syscall.h"

struct __dirstream {
	int fd;
	off_t position;	  /* d_off of the last entry given out */
	size_t used, end; /* of buf, in bytes */
	char buf[2048] __attribute__((aligned(8)));
};

DIR *fdopendir(int fd)
{
	struct stat st;
	DIR *dir;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	dir = malloc(sizeof(*dir));
	if (!dir)
		return NULL;
	dir->fd = fd;
	dir->position = 0;
	dir->used = dir->end = 0;
	return dir;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

struct dirent *readdir(DIR *dir)
{
	struct dirent *entry;
	long n;

	if (dir->used >= dir->end) {
		n = SYSCALL(SYS_getdents64, dir->fd, dir->buf, sizeof(dir->buf));
		if (n <= 0)
			return NULL;
		dir->used = 0;
		dir->end = (size_t)n;
	}
	entry = (void *)(dir->buf + dir->used);
	dir->used += entry->d_reclen;
	dir->position = entry->d_off;
	return entry;
}

/* POSIX: the number of an error, 0 otherwise; *result is NULL at the end. */
int readdir_r(DIR *restrict dir, struct dirent *restrict entry, struct dirent **restrict result)
{
	int saved = errno;
	struct dirent *next;
	int error;

	errno = 0;
	next = readdir(dir);
	error = next ? 0 : errno;
	errno = saved;
	if (next)
		__builtin_memcpy(entry, next, next->d_reclen);
	*result = next ? entry : NULL;
	return error;
}

void seekdir(DIR *dir, long position)
{
	lseek(dir->fd, position, SEEK_SET);
	dir->position = position;
	dir->used = dir->end = 0;
}

void rewinddir(DIR *dir)
{
	seekdir(dir, 0);
}

long telldir(DIR *dir)
{
	return dir->position;
}

int dirfd(DIR *dir)
{
	return dir->fd;
}

int closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir);
	return close(fd);
}
