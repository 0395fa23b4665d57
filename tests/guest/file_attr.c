/* SPDX-License-Identifier: MIT */
/*
 * What a file has beside its bytes, and how it gets names: the calls by their numbers, so that the
 * core answers and no library. The same program passes on Linux, as root.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define P(p)	      ((long)(p))
#define HERE	      (-100L)
#define NOFOLLOW      0x100
#define FOLLOW	      0x400
#define EMPTY_PATH    0x1000
#define PLACE	      010000000 /* O_PATH */
#define NAMELESS      020200000 /* O_TMPFILE */
#define NOW	      0x3fffffff
#define OMIT	      0x3ffffffe
#define NOREPLACE     1
#define EXCHANGE      2
#define CALL3(n, ...) raw(n, __VA_ARGS__, 0, 0, 0)
#define CALL2(n, ...) raw(n, __VA_ARGS__, 0, 0, 0, 0)

struct statx_time {
	long sec;
	unsigned nsec;
	int pad;
};

struct statx_buf {
	unsigned mask, blksize;
	unsigned long attributes;
	unsigned nlink, uid, gid;
	unsigned short mode, pad;
	unsigned long ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	unsigned rdev_major, rdev_minor, dev_major, dev_minor;
	unsigned long more[14];
};

static struct stat st;

static struct stat *look(const char *path)
{
	memset(&st, 0, sizeof(st));
	lstat(path, &st);
	return &st;
}

static void make(const char *path, const char *text)
{
	long fd = CALL3(SYS_open, P(path), O_CREAT | O_WRONLY | O_TRUNC, 0644);

	if (!ok(fd >= 0 && write((int)fd, text, strlen(text)) == (long)strlen(text), "make %s",
		path))
		return;
	close((int)fd);
}

static void check_modes(void)
{
	long fd;

	make("f", "12345");
	is(CALL2(SYS_chmod, P("f"), 04755), 0, "chmod");
	is(look("f")->st_mode, S_IFREG | 04755, "is kept");
	is(CALL3(SYS_chown, P("f"), 7, 8), 0, "chown");
	ok(look("f")->st_uid == 7 && st.st_gid == 8, "owner and group");
	is(st.st_mode, S_IFREG | 0755, "and takes the set-user-id bit");
	is(CALL3(SYS_chown, P("f"), -1, 9), 0, "chown of the group alone");
	ok(look("f")->st_uid == 7 && st.st_gid == 9, "leaves the owner");
	fd = open("f", O_RDONLY);
	is(CALL2(SYS_fchmod, fd, 0600), 0, "fchmod");
	is(CALL3(SYS_fchown, fd, 0, 0), 0, "fchown");
	ok(look("f")->st_mode == (S_IFREG | 0600) && !st.st_uid, "by the open file");
	close((int)fd);
	is(CALL2(SYS_fchmod, fd, 0600), -EBADF, "fchmod of a closed one");
	is(CALL2(SYS_chmod, P("none"), 0600), -ENOENT, "chmod of none");
	is(CALL3(SYS_fchmodat, HERE, P("f"), 0640), 0, "fchmodat");
	is(CALL2(SYS_symlink, P("f"), P("s")), 0, "symlink");
	is(raw(SYS_fchownat, HERE, P("s"), 5, 5, NOFOLLOW, 0), 0, "fchownat of the link");
	ok(look("s")->st_uid == 5 && look("f")->st_uid == 0, "which alone has it");
	is(CALL3(SYS_lchown, P("s"), 6, 6), 0, "lchown");
	is(look("s")->st_uid, 6, "the same");
	is(raw(SYS_fchownat, HERE, P("f"), 0, 0, 1, 0), -EINVAL, "an unknown flag");
	is(raw(SYS_faccessat, HERE, P("f"), 1, 0, 0, 0), -EACCES, "nobody may execute it");
	is(CALL2(SYS_access, P("f"), 8), -EINVAL, "an unknown access");
	is(raw(SYS_faccessat2, HERE, P("s"), 0, NOFOLLOW, 0, 0), 0, "faccessat2 of a link");
	is(raw(SYS_faccessat2, HERE, P("f"), 4, 0x8000, 0, 0), -EINVAL, "with an unknown flag");
	fd = CALL2(SYS_creat, P("c"), 0604);
	ok(fd >= 0 && write((int)fd, "c", 1) == 1, "creat");
	is(look("c")->st_mode & 0777, 0604, "with its mode");
	close((int)fd);
	unlink("c");
}

static void check_times(void)
{
	struct timespec t[2] = {{1000, 11}, {2000, 22}}, bad[2] = {{1, 1000000000}, {1, 1}};
	struct timespec part[2] = {{0, OMIT}, {3000, 33}}, neg[2] = {{-5, 7}, {-6, 8}};
	struct timespec none[2] = {{0, OMIT}, {0, OMIT}};
	long usec[4] = {4000, 44, 5000, 55}, sec[2] = {6000, 7000};
	int fd = open("f", O_RDONLY);

	is(raw(SYS_utimensat, HERE, P("f"), P(t), 0, 0, 0), 0, "utimensat");
	ok(look("f")->st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 11 &&
		   st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 22,
	   "sets both times");
	ok(st.st_ctim.tv_sec > 100000, "and the time of the change is now");
	is(raw(SYS_utimensat, fd, 0, P(part), 0, 0, 0), 0, "of an open file, one of them");
	ok(look("f")->st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 3000, "leaves the other");
	is(raw(SYS_utimensat, HERE, P("f"), P(bad), 0, 0, 0), -EINVAL, "too many nanoseconds");
	is(raw(SYS_utimensat, HERE, P("none"), P(none), 0, 0, 0), 0,
	   "nothing to change: not looked for");
	is(raw(SYS_utimensat, HERE, P("none"), P(t), 0, 0, 0), -ENOENT, "no such file");
	is(raw(SYS_utimensat, HERE, 0, P(t), 0, 0, 0), -EFAULT, "no path and no file");
	is(raw(SYS_utimensat, HERE, P("f"), P(t), 1, 0, 0), -EINVAL, "an unknown flag");
	is(raw(SYS_utimensat, HERE, P("f"), P(neg), 0, 0, 0), 0, "times before 1970");
	ok(look("f")->st_atim.tv_sec == -5 && st.st_atim.tv_nsec == 7 && st.st_mtim.tv_sec == -6,
	   "are kept");
	is(raw(SYS_utimensat, HERE, P("s"), P(t), NOFOLLOW, 0, 0), 0, "of a link");
	ok(look("s")->st_mtim.tv_sec == 2000 && look("f")->st_mtim.tv_sec == -6, "alone");
	is(CALL2(SYS_utimes, P("f"), P(usec)), 0, "utimes");
	ok(look("f")->st_atim.tv_nsec == 44000 && st.st_mtim.tv_sec == 5000, "in microseconds");
	usec[1] = 1000000;
	is(CALL2(SYS_utimes, P("f"), P(usec)), -EINVAL, "too many of them");
	is(CALL2(SYS_utime, P("f"), P(sec)), 0, "utime");
	ok(look("f")->st_atim.tv_sec == 6000 && st.st_mtim.tv_sec == 7000, "in seconds");
	is(CALL3(SYS_futimesat, HERE, P("f"), 0), 0, "futimesat: now");
	ok(look("f")->st_mtim.tv_sec > 100000, "it is");
	close(fd);
}

static void check_statx(void)
{
	struct statx_buf x;

	memset(&x, 0xff, sizeof(x));
	is(raw(SYS_statx, HERE, P("f"), 0, 0xfff, P(&x), 0), 0, "statx");
	look("f");
	ok(x.size == 5 && x.mode == st.st_mode && x.ino == st.st_ino && x.nlink == 1,
	   "tells what stat does");
	ok((x.mask & 0x7ff) == 0x7ff && x.mtime.sec == st.st_mtim.tv_sec, "and times");
	is(raw(SYS_statx, HERE, P("s"), NOFOLLOW, 0xfff, P(&x), 0), 0, "of a link");
	is(x.mode & S_IFMT, S_IFLNK, "that is one");
	is(raw(SYS_statx, open("f", O_RDONLY), P(""), EMPTY_PATH, 0xfff, P(&x), 0), 0, "of a file");
	is(x.size, 5, "that is open");
	is(raw(SYS_statx, HERE, P("f"), 0x6000, 0xfff, P(&x), 0), -EINVAL, "flags that exclude");
	is(raw(SYS_statx, HERE, P("f"), 0, 0x80000000u, P(&x), 0), -EINVAL, "a mask of the future");
	is(raw(SYS_statx, HERE, P(""), 0, 0xfff, P(&x), 0), -ENOENT, "an empty path");
	is(raw(SYS_statx, HERE, P("f"), 0, 0xfff, 8, 0), -EFAULT, "nowhere to write");
}

static void check_nodes(void)
{
	char target[8];

	is(CALL3(SYS_mknod, P("n"), S_IFREG | 0640, 0), 0, "mknod of a file");
	is(look("n")->st_mode, S_IFREG | 0640, "it is one");
	is(CALL3(SYS_mknod, P("n"), S_IFREG | 0640, 0), -EEXIST, "again");
	is(raw(SYS_mknodat, HERE, P("p"), S_IFIFO | 0600, 0, 0, 0), 0, "mknodat of a fifo");
	is(look("p")->st_mode, S_IFIFO | 0600, "it is one");
	is(CALL3(SYS_mknod, P("k"), S_IFSOCK | 0600, 0), 0, "a socket");
	is(CALL2(SYS_open, P("k"), O_RDONLY), -ENXIO, "that cannot be opened");
	is(CALL3(SYS_mknod, P("d"), S_IFDIR | 0600, 0), -EPERM, "no folder");
	is(CALL3(SYS_mknod, P("d"), 0170000, 0), -EINVAL, "nor what is nothing");
	is(CALL3(SYS_mknod, P("n/"), S_IFREG, 0), -EEXIST, "a slash behind a file");
	is(CALL3(SYS_mknod, P("q/"), S_IFREG, 0), -ENOENT, "a slash behind nothing");
	is(CALL2(SYS_symlink, P(""), P("e")), -ENOENT, "a link to nothing");
	is(CALL2(SYS_symlink, P("f"), P("s")), -EEXIST, "a link that is there");
	is(CALL3(SYS_symlinkat, P("n"), HERE, P("s2")), 0, "symlinkat");
	ok(readlink("s2", target, 8) == 1 && *target == 'n', "leads there");
	is(CALL2(SYS_open, P("s2"), O_NOFOLLOW), -ELOOP, "O_NOFOLLOW");
	unlink("n");
	unlink("p");
	unlink("k");
	unlink("s2");
}

static void check_rename(void)
{
	make("a", "a");
	make("b", "bb");
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	is(raw(SYS_renameat2, HERE, P("a"), HERE, P("b"), NOREPLACE, 0), -EEXIST, "NOREPLACE");
	is(raw(SYS_renameat2, HERE, P("a"), HERE, P("z"), NOREPLACE, 0), 0, "where nothing is");
	is(raw(SYS_renameat2, HERE, P("z"), HERE, P("b"), EXCHANGE, 0), 0, "EXCHANGE");
	ok(look("z")->st_size == 2 && look("b")->st_size == 1, "they have changed places");
	is(raw(SYS_renameat2, HERE, P("z"), HERE, P("none"), EXCHANGE, 0), -ENOENT, "with none");
	is(raw(SYS_renameat2, HERE, P("z"), HERE, P("b"), EXCHANGE | NOREPLACE, 0), -EINVAL,
	   "both");
	is(raw(SYS_renameat2, HERE, P("z"), HERE, P("b"), 8, 0), -EINVAL, "an unknown flag");
	is(raw(SYS_renameat2, HERE, P("z"), HERE, P("d/e"), EXCHANGE, 0), 0, "a file and a folder");
	ok(S_ISDIR(look("z")->st_mode) && look("d/e")->st_size == 2, "have changed places");
	is(look("d")->st_nlink, 2, "the folder it was in has no folder more");
	ok(chdir("z") == 0 && chdir("..") == 0 && look("z/../b")->st_size == 1,
	   "'..' goes with it");
	is(raw(SYS_renameat2, HERE, P("d"), HERE, P("d/e"), EXCHANGE, 0), -EINVAL, "below itself");
	is(raw(SYS_renameat2, HERE, P("d/e"), HERE, P("d"), EXCHANGE, 0), -EINVAL, "and above");
	unlink("d/e");
	rmdir("d");
	rmdir("z");
	unlink("b");
}

static void check_place(void)
{
	long fd = CALL2(SYS_open, P("f"), PLACE),
	     dir = CALL2(SYS_open, P("."), PLACE | O_DIRECTORY);
	char buf[8];

	if (!ok(fd >= 0 && dir >= 0, "O_PATH"))
		return;
	is(CALL3(SYS_read, fd, P(buf), 1), -EBADF, "read");
	is(CALL3(SYS_write, fd, P(buf), 1), -EBADF, "write");
	is(raw(SYS_pread64, fd, P(buf), 1, 0, 0, 0), -EBADF, "pread");
	is(CALL3(SYS_lseek, fd, 0, 0), -EBADF, "lseek");
	is(CALL3(SYS_ioctl, fd, 0x5421, P(buf)), -EBADF, "ioctl");
	is(CALL2(SYS_fchmod, fd, 0600), -EBADF, "fchmod");
	is(CALL2(SYS_ftruncate, fd, 0), -EBADF, "ftruncate");
	is(CALL2(SYS_fsync, fd, 0), -EBADF, "fsync");
	is(raw(SYS_mmap, 0, 4096, 1, 2, fd, 0), -EBADF, "mmap");
	is(CALL3(SYS_getdents64, dir, P(buf), 8), -EBADF, "getdents64");
	is(CALL2(SYS_fstat, fd, P(&st)), 0, "but fstat");
	is(st.st_size, 5, "tells");
	is(CALL3(SYS_fcntl, fd, 3, 0) & (PLACE | 3), PLACE, "F_GETFL");
	is(raw(SYS_newfstatat, dir, P("f"), P(&st), 0, 0, 0), 0, "as a folder to start from");
	is(CALL2(SYS_fchdir, dir, 0), 0, "fchdir");
	is(CALL2(SYS_fchdir, fd, 0), -ENOTDIR, "to a file");
	is(CALL2(SYS_fchdir, 999, 0), -EBADF, "to nothing");
	is(raw(SYS_fchownat, fd, P(""), 0, 0, EMPTY_PATH, 0), 0, "fchownat of the place");
	close((int)fd);
	fd = CALL2(SYS_open, P("s"), PLACE | O_NOFOLLOW);
	is(raw(SYS_readlinkat, fd, P(""), P(buf), 8, 0, 0), 1, "readlinkat of a link that is open");
	close((int)fd);
	close((int)dir);
	is(raw(SYS_readlinkat, HERE, P(""), P(buf), 8, 0, 0), -ENOENT, "of an empty path");
}

static void check_nameless(void)
{
	long fd = CALL3(SYS_open, P("."), NAMELESS | O_RDWR, 0600);

	if (!ok(fd >= 0, "O_TMPFILE"))
		return;
	is(write((int)fd, "xyz", 3), 3, "takes bytes");
	is(fstat((int)fd, &st), 0, "fstat");
	ok(st.st_nlink == 0 && st.st_mode == (S_IFREG | 0600), "no name");
	is(raw(SYS_linkat, fd, P(""), HERE, P("named"), EMPTY_PATH, 0), 0, "linkat gives it one");
	ok(look("named")->st_size == 3 && st.st_nlink == 1, "there it is");
	is(raw(SYS_linkat, fd, P(""), HERE, P("named"), EMPTY_PATH, 0), -EEXIST, "not twice");
	close((int)fd);
	fd = open("named", O_RDONLY);
	unlink("named");
	is(raw(SYS_linkat, fd, P(""), HERE, P("named"), EMPTY_PATH, 0), -ENOENT,
	   "what lost its name gets none");
	close((int)fd);
	fd = CALL3(SYS_open, P("."), NAMELESS | O_EXCL | O_RDWR, 0600);
	is(raw(SYS_linkat, fd, P(""), HERE, P("named"), EMPTY_PATH, 0), -ENOENT, "nor with O_EXCL");
	close((int)fd);
	is(CALL3(SYS_open, P("."), NAMELESS | O_RDONLY, 0600), -EINVAL, "to read only");
	is(CALL3(SYS_open, P("f"), NAMELESS | O_RDWR, 0600), -ENOTDIR, "in a file");
}

static void check_owner(void)
{
	is(CALL2(SYS_setfsuid, 55, 0), 0, "setfsuid");
	is(CALL2(SYS_setfsuid, -1, 0), 55, "is kept");
	is(CALL2(SYS_setfsgid, 66, 0), 0, "setfsgid");
	CALL2(SYS_setfsgid, 66, 0);
	CALL2(SYS_setfsuid, 0, 0);
	make("o", "");
	is(look("o")->st_gid, 66, "a new file's group");
	CALL2(SYS_setfsgid, 0, 0);
	is(CALL2(SYS_chown, P("f"), 0), 0, "f is root's");
	is(CALL3(SYS_chown, P("o"), 77, 77), 0, "o is not");
	is(CALL2(SYS_chmod, P("/tmp/ringlet-attr"), 0777), 0, "all may go in");
	is(CALL3(SYS_setresuid, 77, 77, 77), 0, "become its owner");
	is(CALL2(SYS_chmod, P("o"), 0640), 0, "who may chmod");
	is(CALL2(SYS_chmod, P("f"), 0640), -EPERM, "but not what is another's");
	is(CALL3(SYS_chown, P("o"), 0, -1), -EPERM, "nor give it away");
	is(CALL3(SYS_chown, P("f"), 77, -1), -EPERM, "nor take");
}

int main(void)
{
	umask(0);
	mkdir("/tmp", 0777);
	if ((mkdir("/tmp/ringlet-attr", 0755) < 0 && errno != EEXIST) ||
	    chdir("/tmp/ringlet-attr")) {
		ok(false, "no folder to work in: %s", strerror(errno));
		return done();
	}
	check_modes();
	check_times();
	check_statx();
	check_nodes();
	check_rename();
	check_place();
	check_nameless();
	check_owner();
	unlink("f");
	unlink("s");
	unlink("o");
	rmdir("/tmp/ringlet-attr");
	return done();
}
