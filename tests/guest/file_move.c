/* SPDX-License-Identifier: MIT */
/*
 * Bytes moved at positions, between files and out of them, and memory as a file. The calls by their
 * numbers; the same program passes on Linux.
 *
 * guest: mem=64
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tap.h"

#define P(p)			     ((long)(p))
#define CALL(n, ...)		     CALL_(n, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CALL_(n, a, b, c, d, e, ...) raw(n, a, b, c, d, e, 0)
#define KEEP_SIZE		     1
#define PUNCH			     2
#define ZERO			     16
#define PAGE			     4096

static char buf[8 * PAGE], back[8 * PAGE];

static int fresh(const char *path)
{
	return open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
}

static long size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_size;
}

static bool all(const char *p, char c, size_t n)
{
	while (n && p[n - 1] == c)
		n--;
	return !n;
}

static void check_vectors(void)
{
	struct iovec v[2] = {{"abc", 3}, {"defg", 4}}, r[2] = {{back, 2}, {back + 2, 5}};
	int fd = fresh("v"), pipes[2];

	is(CALL(SYS_pwritev, fd, P(v), 2, 10), 7, "pwritev");
	is(lseek(fd, 0, SEEK_CUR), 0, "leaves the position");
	is(CALL(SYS_preadv, fd, P(r), 2, 10), 7, "preadv");
	ok(!memcmp(back, "abcdefg", 7), "the same");
	is(CALL(SYS_preadv, fd, P(r), 2, -1), -EINVAL, "a position before the beginning");
	is(CALL(SYS_preadv, fd, P(r), 1025, 0), -EINVAL, "too many pieces");
	is(CALL(SYS_preadv, fd, 8, 1, 0), -EFAULT, "nowhere");
	is(CALL(SYS_pwritev2, fd, P(v), 2, -1, 0), 7, "pwritev2 at the position");
	is(lseek(fd, 0, SEEK_CUR), 7, "moves it");
	is(raw(SYS_pwritev2, fd, P(v), 2, -1, 0, 4), 7, "with RWF_SYNC");
	is(raw(SYS_preadv2, fd, P(r), 2, 0, 0, 0), 7, "preadv2");
	is(raw(SYS_preadv2, fd, P(r), 2, 0, 0, 0x4000), -EOPNOTSUPP, "an unknown flag");
	is(raw(SYS_preadv2, fd, P(r), 2, -2, 0, 0), -EINVAL, "a bad position");
	is(CALL(SYS_preadv, 99, P(r), 1, 0), -EBADF, "no such file");
	ok(pipe(pipes) == 0, "a pipe");
	is(CALL(SYS_preadv, pipes[0], P(r), 1, 0), -ESPIPE, "has no positions");
	is(CALL(SYS_fadvise64, pipes[0], 0, 0, 0), -ESPIPE, "and takes no advice");
	is(CALL(SYS_sync_file_range, pipes[0], 0, 0, 0), -ESPIPE, "nor is there a range of it");
	is(CALL(SYS_readahead, pipes[0], 0, 1), -EINVAL, "to read ahead");
	is(CALL(SYS_fdatasync, pipes[0]), -EINVAL, "or to write back");
	is(CALL(SYS_fallocate, pipes[1], 0, 0, 1), -ESPIPE, "or to make room in");
	is(CALL(SYS_fdatasync, fd), 0, "fdatasync");
	is(CALL(SYS_sync, 0), 0, "sync");
	is(CALL(SYS_syncfs, fd), 0, "syncfs");
	is(CALL(SYS_syncfs, 99), -EBADF, "of nothing");
	is(CALL(SYS_fadvise64, fd, 0, 0, 4), 0, "fadvise64");
	is(CALL(SYS_fadvise64, fd, 0, 0, 6), -EINVAL, "unknown advice");
	is(CALL(SYS_fadvise64, fd, 0, -1, 0), -EINVAL, "a length below 0");
	is(CALL(SYS_readahead, fd, 0, 100), 0, "readahead");
	is(CALL(SYS_sync_file_range, fd, 0, 0, 7), 0, "sync_file_range");
	is(CALL(SYS_sync_file_range, fd, 0, 0, 8), -EINVAL, "an unknown flag");
	is(CALL(SYS_sync_file_range, fd, -1, 0, 0), -EINVAL, "a range before the beginning");
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	fd = open("v", O_WRONLY);
	is(CALL(SYS_readahead, fd, 0, 1), -EBADF, "readahead of what is only written");
	close(fd);
	unlink("v");
}

static void check_copy(void)
{
	int a = fresh("a"), b = fresh("b"), dir = open(".", O_RDONLY), rd, ap;
	long from = 100, to = PAGE - 50;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 256);
	ok(write(a, buf, sizeof(buf)) == sizeof(buf), "a file");
	is(raw(SYS_copy_file_range, a, P(&from), b, P(&to), 20000, 0), 20000, "copy_file_range");
	ok(from == 20100 && to == PAGE - 50 + 20000, "moves both positions");
	ok(pread(b, back, 20000, PAGE - 50) == 20000 && !memcmp(back, buf + 100, 20000),
	   "the bytes");
	ok(pread(b, back, PAGE - 50, 0) == PAGE - 50 && all(back, 0, PAGE - 50), "zeros before");
	lseek(a, sizeof(buf) - 10, SEEK_SET);
	lseek(b, 0, SEEK_SET);
	is(raw(SYS_copy_file_range, a, 0, b, 0, 100, 0), 10, "up to the end");
	ok(lseek(b, 0, SEEK_CUR) == 10 && lseek(a, 0, SEEK_CUR) == sizeof(buf),
	   "positions of theirs");
	is(raw(SYS_copy_file_range, a, 0, b, 0, 100, 0), 0, "nothing behind it");
	is(raw(SYS_copy_file_range, a, 0, b, 0, 100, 1), -EINVAL, "flags");
	from = 0;
	to = 10;
	is(raw(SYS_copy_file_range, a, P(&from), a, P(&to), 100, 0), -EINVAL, "onto itself");
	to = 200;
	is(raw(SYS_copy_file_range, a, P(&from), a, P(&to), 100, 0), 100, "beside itself");
	from = -1;
	is(raw(SYS_copy_file_range, a, P(&from), b, P(&to), 100, 0) < 0, 1, "before the beginning");
	is(raw(SYS_copy_file_range, dir, 0, b, 0, 100, 0), -EISDIR, "a folder");
	rd = open("a", O_RDONLY);
	is(raw(SYS_copy_file_range, a, 0, rd, 0, 100, 0), -EBADF, "to what is only read");
	ap = open("b", O_WRONLY | O_APPEND);
	is(raw(SYS_copy_file_range, a, 0, ap, 0, 100, 0), -EBADF, "to the end only");
	is(raw(SYS_copy_file_range, 99, 0, b, 0, 100, 0), -EBADF, "from nothing");
	close(rd);
	close(ap);
	close(dir);
	close(a);
	close(b);
	unlink("a");
	unlink("b");
}

static void check_room(void)
{
	int fd = fresh("r"), rd;
	char *map, *own;

	memset(buf, 'x', sizeof(buf));
	is(CALL(SYS_fallocate, fd, 0, 100, 5000), 0, "fallocate");
	is(size_of(fd), 5100, "makes it longer");
	ok(pread(fd, back, sizeof(back), 0) == 5100 && all(back, 0, 5100), "with zeros");
	is(CALL(SYS_fallocate, fd, KEEP_SIZE, 0, 20000), 0, "KEEP_SIZE");
	is(size_of(fd), 5100, "does not");
	ok(pwrite(fd, buf, 6 * PAGE, 0) == 6 * PAGE, "written over");
	is(CALL(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 100, 3 * PAGE), 0, "a hole");
	ok(pread(fd, back, 6 * PAGE, 0) == 6 * PAGE && all(back, 'x', 100) &&
		   all(back + 100, 0, 3 * PAGE) && all(back + 100 + 3 * PAGE, 'x', 3 * PAGE - 100),
	   "of exactly that");
	is(CALL(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 10, 20), 0, "a small one");
	ok(pread(fd, back, 100, 0) == 100 && all(back, 'x', 10) && all(back + 10, 0, 20) &&
		   all(back + 30, 'x', 70),
	   "exact too");
	map = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	own = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	own[5 * PAGE] = 'o';
	ok(map[4 * PAGE] == 'x' && map[5 * PAGE] == 'x', "mapped");
	is(CALL(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 4 * PAGE, 100 * PAGE), 0,
	   "a hole up to the end");
	is(size_of(fd), 6 * PAGE, "does not shorten it");
	ok(!map[4 * PAGE] && !map[5 * PAGE], "a mapping sees it");
	ok(own[5 * PAGE] == 'o' && !own[4 * PAGE], "a private one but for what it has copied");
	map[5 * PAGE] = 'm';
	ok(pread(fd, back, 1, 5 * PAGE) == 1 && *back == 'm', "and writes to it again");
	munmap(map, 6 * PAGE);
	munmap(own, 6 * PAGE);
	is(CALL(SYS_fallocate, fd, PUNCH, 0, 1), -EOPNOTSUPP, "a hole that changes the length");
	is(CALL(SYS_fallocate, fd, 0x100, 0, 1), -EOPNOTSUPP, "an unknown mode");
	is(CALL(SYS_fallocate, fd, 0, 0, 0), -EINVAL, "nothing");
	is(CALL(SYS_fallocate, fd, 0, -1, 1), -EINVAL, "before the beginning");
	is(CALL(SYS_fallocate, fd, 0, 0x7fffffffffffffffl, 1), -EFBIG, "beyond any end");
	is(CALL(SYS_fallocate, fd, 0, 0, 1l << 50) < 0, 1, "more than there is");
	is(size_of(fd), 6 * PAGE, "leaves it as it was");
	rd = open("r", O_RDONLY);
	is(CALL(SYS_fallocate, rd, 0, 0, 1), -EBADF, "of what is only read");
	close(rd);
	close(fd);
	unlink("r");
}

/* The old record: the name begins right behind the length, the type is the last byte. */
static void check_old_dents(void)
{
	long n, found = 0, dots = 0, types = 0;
	int dir;

	mkdir("dir", 0755);
	close(fresh("dir/abcdefg"));
	close(fresh("dir/x"));
	dir = open("dir", O_RDONLY);
	n = CALL(SYS_getdents, dir, P(back), sizeof(back));
	for (long at = 0; at < n;) {
		unsigned short len = *(unsigned short *)(back + at + 16);
		const char *name = back + at + 18;

		found += !strcmp(name, "abcdefg") || !strcmp(name, "x");
		dots += *name == '.';
		types += back[at + len - 1] == (*name == '.' ? DT_DIR : DT_REG);
		at += len;
	}
	ok(found == 2 && dots == 2 && types == 4, "getdents: %ld names, %ld dots, %ld types", found,
	   dots, types);
	is(CALL(SYS_getdents, dir, P(back), sizeof(back)), 0, "no more");
	close(dir);
	unlink("dir/abcdefg");
	unlink("dir/x");
	rmdir("dir");
}

static void check_close_range(void)
{
	for (int fd = 20; fd < 30; fd++)
		dup2(1, fd);
	dup2(1, 200);
	is(CALL(SYS_close_range, 22, 24, 4), 0, "close_range: FD_CLOEXEC");
	ok(fcntl(22, F_GETFD) == 1 && fcntl(24, F_GETFD) == 1 && fcntl(25, F_GETFD) == 0, "three");
	is(CALL(SYS_close_range, 21, 28, 0), 0, "closing");
	ok(fcntl(20, F_GETFD) == 0 && fcntl(21, F_GETFD) < 0 && fcntl(28, F_GETFD) < 0 &&
		   fcntl(29, F_GETFD) == 0,
	   "exactly those");
	is(CALL(SYS_close_range, 21, 27, 0), 0, "again");
	is(fcntl(29, F_GETFD), 0, "and nothing behind");
	is(CALL(SYS_close_range, 10, ~0u, 0), 0, "up to the last");
	ok(fcntl(29, F_GETFD) < 0 && fcntl(200, F_GETFD) < 0, "they are gone");
	is(CALL(SYS_close_range, 5, 4, 0), -EINVAL, "backwards");
	is(CALL(SYS_close_range, 5, 6, 8), -EINVAL, "an unknown flag");
}

static void check_memory(void)
{
	long fd = CALL(SYS_memfd_create, P("box"), 3), plain = CALL(SYS_memfd_create, P("p"), 0);
	char *map;

	if (!ok(fd >= 0 && plain >= 0, "memfd_create"))
		return;
	is(fcntl((int)fd, F_GETFD), 1, "close on exec");
	is(write((int)fd, "12345", 5), 5, "takes bytes");
	is(CALL(SYS_fcntl, fd, 1034, 0), 0, "no seal");
	is(CALL(SYS_fcntl, plain, 1034, 0), 1, "without MFD_ALLOW_SEALING for ever");
	is(CALL(SYS_fcntl, plain, 1033, 2), -EPERM, "so none can be added");
	is(CALL(SYS_fcntl, 1, 1034, 0), -EINVAL, "another file has none");
	is(CALL(SYS_fcntl, fd, 1033, 2), 0, "F_SEAL_SHRINK");
	is(CALL(SYS_ftruncate, fd, 4), -EPERM, "stays long");
	is(CALL(SYS_ftruncate, fd, 8000), 0, "gets longer");
	is(CALL(SYS_fcntl, fd, 1033, 4), 0, "F_SEAL_GROW");
	is(CALL(SYS_ftruncate, fd, 8001), -EPERM, "no more");
	is(CALL(SYS_pwrite64, fd, P("x"), 1, 7999), 1, "written inside");
	is(CALL(SYS_pwrite64, fd, P("x"), 1, 8000), -EPERM, "not behind");
	is(CALL(SYS_fallocate, fd, 0, 0, 9000), -EPERM, "fallocate");
	map = mmap(NULL, 8000, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	is(CALL(SYS_fcntl, fd, 1033, 8), -EBUSY, "F_SEAL_WRITE while it is mapped");
	munmap(map, 8000);
	is(CALL(SYS_fcntl, fd, 1033, 8), 0, "F_SEAL_WRITE");
	is(CALL(SYS_pwrite64, fd, P("x"), 1, 0), -EPERM, "not written");
	is(CALL(SYS_pwrite64, fd, P(buf), 5000, 0), -EPERM, "nor much");
	is(CALL(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 0, 4096), -EPERM, "nor a hole made");
	is(raw(SYS_mmap, 0, 8000, 3, MAP_SHARED, fd, 0), -EPERM, "nor mapped so");
	map = mmap(NULL, 8000, PROT_READ, MAP_SHARED, (int)fd, 0);
	ok(map != MAP_FAILED && !memcmp(map, "12345", 5), "but read");
	is(CALL(SYS_mprotect, P(map), 4096, 3), -EACCES, "and no more than that");
	munmap(map, 8000);
	map = mmap(NULL, 8000, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
	ok(map != MAP_FAILED && (*map = 'z') == 'z' && pread((int)fd, back, 1, 0) == 1 &&
		   *back == '1',
	   "or copied");
	munmap(map, 8000);
	is(CALL(SYS_fcntl, fd, 1033, 1), 0, "F_SEAL_SEAL");
	is(CALL(SYS_fcntl, fd, 1033, 2), -EPERM, "ends it");
	is(CALL(SYS_fcntl, fd, 1034, 0), 15, "all four");
	is(raw(SYS_linkat, fd, P(""), -100, P("/tmp/ringlet-move/box"), 0x1000, 0) < 0, 1,
	   "no name");
	memset(back, 'n', 300);
	back[249] = 0;
	close((int)CALL(SYS_memfd_create, P(back), 0));
	back[249] = 'n';
	back[250] = 0;
	is(CALL(SYS_memfd_create, P(back), 0), -EINVAL, "too long a name");
	is(CALL(SYS_memfd_create, P("x"), 0x100), -EINVAL, "an unknown flag");
	is(CALL(SYS_memfd_create, 8, 0), -EFAULT, "no name");
	close((int)fd);
	close((int)plain);
}

int main(void)
{
	mkdir("/tmp", 0777);
	if ((mkdir("/tmp/ringlet-move", 0755) < 0 && errno != EEXIST) ||
	    chdir("/tmp/ringlet-move")) {
		ok(false, "no folder to work in: %s", strerror(errno));
		return done();
	}
	check_vectors();
	check_copy();
	check_room();
	check_old_dents();
	check_close_range();
	check_memory();
	rmdir("/tmp/ringlet-move");
	return done();
}
