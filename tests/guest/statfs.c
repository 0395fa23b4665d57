/* SPDX-License-Identifier: MIT */
/*
 * What the file system is and has (statfs), and the mask of permissions that new names do not get.
 *
 * guest:
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define TMPFS_MAGIC 0x01021994
#define PROC_MAGIC  0x9fa0

/* Linux's struct statfs. */
struct linux_statfs {
	unsigned long type, bsize, blocks, bfree, bavail, files, ffree;
	int fsid[2];
	unsigned long namelen, frsize, flags, spare[4];
};

static struct linux_statfs st;

static long ask(const char *path)
{
	memset(&st, 0xff, sizeof(st));
	return raw(SYS_statfs, (long)path, (long)&st, 0, 0, 0, 0);
}

static void sizes(void)
{
	static char bytes[1 << 20];
	int fd = open("/dev/shm/ringlet-statfs", O_CREAT | O_RDWR, 0600);
	unsigned long before;

	is(ask("/dev/shm"), 0, "statfs of /dev/shm");
	is(st.type, TMPFS_MAGIC, "files are in memory");
	ok(st.bsize == 4096 && st.namelen == 255, "pages, names");
	ok(st.bfree <= st.blocks && st.bfree, "%lu of %lu are free", st.bfree, st.blocks);
	before = st.bfree;
	memset(bytes, 1, sizeof(bytes));
	is(write(fd, bytes, sizeof(bytes)), sizeof(bytes), "a megabyte is written");
	is(raw(SYS_fstatfs, fd, (long)&st, 0, 0, 0, 0), 0, "fstatfs of it");
	ok(before - st.bfree >= 256 && before - st.bfree < 300, "is %lu pages", before - st.bfree);
	unlink("/dev/shm/ringlet-statfs");
	close(fd);
	is(ask("/proc/self"), 0, "statfs of /proc");
	is(st.type, PROC_MAGIC, "is known by its number");
	is(ask("/no/such"), -ENOENT, "nothing there");
	is(raw(SYS_fstatfs, 77, (long)&st, 0, 0, 0, 0), -EBADF, "no such descriptor");
	is(raw(SYS_statfs, (long)"/", 8, 0, 0, 0, 0), -EFAULT, "nowhere to put it");
}

static int mode_of(const char *path)
{
	struct stat s;

	return stat(path, &s) ? -1 : (int)s.st_mode & 07777;
}

static void mask(void)
{
	raw(SYS_umask, 0, 0, 0, 0, 0, 0);
	is(raw(SYS_umask, 01027, 0, 0, 0, 0, 0), 0, "the mask was 0");
	is(raw(SYS_umask, 027, 0, 0, 0, 0, 0), 027, "of it counts what is permissions");
	close(open("/tmp/ringlet-mask", O_CREAT | O_RDWR, 0777));
	is(mode_of("/tmp/ringlet-mask"), 0750, "a new file does not get them");
	mkdir("/tmp/ringlet-mask-dir", 0777);
	is(mode_of("/tmp/ringlet-mask-dir"), 0750, "nor a directory");
	unlink("/tmp/ringlet-mask");
	rmdir("/tmp/ringlet-mask-dir");
}

int main(void)
{
	is(raw(SYS_umask, 022, 0, 0, 0, 0, 0), 022, "the mask that a program starts with");
	sizes();
	mask();
	return done();
}
