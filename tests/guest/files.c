/* SPDX-License-Identifier: MIT */
/*
 * Files: the program's own out of the archive, and a RAM file system that takes writes.
 *
 * guest: mem=64
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tap.h"

#define DIR_PATH "/tmp/ringlet-files"

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static char data[100000], back[100000];

static void check_archive(void)
{
	const char *self = (const char *)getauxval(AT_EXECFN);
	Elf64_Ehdr head;
	struct stat st;
	long sum = 0, n;
	int fd = open(self, O_RDONLY);

	if (!ok(fd >= 0, "open %s", self))
		return;
	ok(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 1000 && st.st_nlink >= 1,
	   "fstat: %ld bytes", (long)st.st_size);
	is(read(fd, &head, sizeof(head)), sizeof(head), "read its head");
	ok(!memcmp(&head, &__ehdr_start, sizeof(head)), "the same as in memory");
	while ((n = read(fd, back, 777)) > 0)
		sum += n;
	is(sum, st.st_size - (long)sizeof(head), "read to the end");
	is(lseek(fd, -1, SEEK_END), st.st_size - 1, "lseek from the end");
	is(read(fd, back, 10), 1, "the last byte");
	is(read(fd, back, 10), 0, "and no more");
	is(pread(fd, &head, 4, 0), 4, "pread");
	ok(!memcmp(&head, ELFMAG, 4), "of the start");
	is(lseek(fd, 0, SEEK_CUR), st.st_size, "leaves the position alone");
	close(fd);
}

static void check_writing(void)
{
	struct iovec iov[3] = {{"abc", 3}, {NULL, 0}, {"defg", 4}};
	struct stat st;
	int fd = open("f", O_CREAT | O_EXCL | O_RDWR, 0644);

	if (!ok(fd >= 0, "create"))
		return;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 4096);
	is(write(fd, data, sizeof(data)), sizeof(data), "write 100,000 bytes");
	is(pread(fd, back, sizeof(back), 0), sizeof(back), "read them back");
	ok(!memcmp(data, back, sizeof(data)), "the same");
	is(pwrite(fd, "xyz", 3, 4095), 3, "pwrite over a page's end");
	is(pread(fd, back, 5, 4094), 5, "pread there");
	ok(back[0] == data[4094] && !memcmp(back + 1, "xyz", 3) && back[4] == data[4098],
	   "in place");
	is(ftruncate(fd, 10), 0, "truncate");
	ok(fstat(fd, &st) == 0 && st.st_size == 10, "to 10 bytes");
	is(lseek(fd, 20, SEEK_SET), 20, "seek behind the end");
	is(writev(fd, iov, 3), 7, "writev");
	is(pread(fd, back, 100, 0), 27, "27 bytes");
	ok(!memcmp(back + 10, "\0\0\0\0\0\0\0\0\0\0abcdefg", 17), "with a hole of zeros");
	is(ftruncate(fd, 8192), 0, "longer again");
	is(pread(fd, back, 100, 8000), 100, "read in the new part");
	ok(back[0] == 0 && back[99] == 0, "zeros");
	close(fd);
	fd = open("f", O_WRONLY | O_APPEND);
	ok(fd >= 0 && write(fd, "end", 3) == 3 && lseek(fd, 0, SEEK_CUR) == 8195, "append");
	close(fd);
	ok(open("f", O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 && errno == EEXIST, "O_EXCL");
	fd = open("f", O_WRONLY | O_TRUNC);
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 0, "O_TRUNC");
	close(fd);
}

/* Counts the entries, "." and ".." apart; sets *found if name is among them. */
static int count_entries(const char *path, const char *name, bool *found)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	*found = false;
	if (!dir)
		return -1;
	errno = 0;
	while ((d = readdir(dir))) {
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			n++;
		if (!strcmp(d->d_name, name))
			*found = true;
	}
	n = errno ? -1 : n;
	closedir(dir);
	return n;
}

static void check_directories(void)
{
	char name[32];
	bool found;
	int fd;

	is(mkdir("d", 0755), 0, "mkdir");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/entry-%03d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		if (fd >= 0)
			close(fd);
	}
	is(count_entries("d", "entry-299", &found), 300, "300 entries");
	ok(found, "entry-299 is one");
	ok(rmdir("d") < 0 && errno == ENOTEMPTY, "rmdir of a full folder");
	ok(unlink("d") < 0 && (errno == EISDIR || errno == EPERM), "unlink of a folder");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/entry-%03d", i);
		unlink(name);
	}
	is(count_entries("d", "x", &found), 0, "none is left");
	is(rmdir("d"), 0, "rmdir");
}

static void check_names(void)
{
	char cwd[PATH_MAX], where[PATH_MAX];
	struct stat a, b;
	int fd;

	ok(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, DIR_PATH), "getcwd is %s", cwd);
	ok(getcwd(where, 3) == NULL && errno == ERANGE, "a short buffer is ERANGE");
	is(rename("f", "g"), 0, "rename");
	ok(access("f", F_OK) < 0 && errno == ENOENT && access("g", R_OK) == 0, "moved");
	ok(stat("./../ringlet-files//g", &a) == 0 && stat(DIR_PATH "/g", &b) == 0 &&
		   a.st_ino == b.st_ino,
	   "one file by two paths");
	fd = open("g", O_RDWR);
	ok(fd >= 0 && unlink("g") == 0 && write(fd, "still", 5) == 5 && pread(fd, cwd, 5, 0) == 5,
	   "an open file lives on without its name");
	close(fd);
	memset(where, 'n', 300);
	where[300] = '\0';
	ok(open(where, O_CREAT | O_WRONLY, 0600) < 0 && errno == ENAMETOOLONG, "a name of 300");
	fd = open(DIR_PATH, O_RDONLY | O_DIRECTORY);
	is(mkdirat(fd, "at", 0755), 0, "mkdirat");
	ok(fstatat(fd, "at", &a, 0) == 0 && S_ISDIR(a.st_mode), "fstatat");
	is(unlinkat(fd, "at", AT_REMOVEDIR), 0, "unlinkat");
	close(fd);
}

static void check_devices(void)
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);

	ok(null >= 0 && write(null, data, 1000) == 1000 && read(null, back, 10) == 0, "/dev/null");
	memset(back, 1, 100);
	ok(zero >= 0 && read(zero, back, 100) == 100 && back[0] == 0 && back[99] == 0, "/dev/zero");
	close(null);
	close(zero);
}

int main(void)
{
	mkdir("/tmp", 0777);
	if (mkdir(DIR_PATH, 0755) < 0 || chdir(DIR_PATH) < 0) {
		ok(false, "cannot make %s: %s", DIR_PATH, strerror(errno));
		return done();
	}
	check_archive();
	check_writing();
	check_directories();
	check_names();
	check_devices();
	ok(chdir("/") == 0 && rmdir(DIR_PATH) == 0, "cleaned up");
	return done();
}
