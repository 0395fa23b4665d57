// SPDX-License-Identifier: MIT
/*
 * The file system's names: mounting, path walks, directories, devices. Through the system calls
 * where they are the shortest way, so that their copies are under test too.
 */
#include "fs_fixture.h"

TEST(fs_archive_files)
{
	struct abi_stat st;

	CHECK_STR(fs_first_executable(), "/bin/app");
	CHECK(file_is("/README", "read me\n", 8));
	CHECK(file_is("usr/share/big", big, sizeof(big)));
	CHECK(file_is("lib/x", "x", 1));
	CHECK(file_is("usr/share/x", "x", 1));
	CHECK(file_is("hard1", "same", 4) && file_is("hard2", "same", 4));
	CHECK(file_is("twice", "new one", 7));
	CHECK_EQ(stat_path("hard1", &st), 0);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(st.st_mtime_sec, 1000000000);
	CHECK_EQ(stat_path("/usr", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0700);
	CHECK_EQ(st.st_nlink, 3);
	CHECK_EQ(stat_path("/dev/ignored", &st), -ENOENT);
}

TEST(fs_in_place)
{
	struct file *f;
	size_t n = 0;

	REQUIRE(!fs_open("/usr/share/big", O_RDONLY, 0, &f));
	CHECK_MEM(file_in_place(f, &n), big, sizeof(big));
	CHECK_EQ(n, sizeof(big));
	CHECK((uint8_t *)file_in_place(f, &n) > image);
	file_put(f);
}

TEST(fs_walk)
{
	static const struct {
		const char *path;
		int flags, r;
	} cases[] = {
		{"", O_RDONLY, -ENOENT},
		{"/", O_RDONLY, 0},
		{"//", O_RDONLY, 0},
		{"/..", O_RDONLY, 0},
		{"/../../README", O_RDONLY, 0},
		{".", O_RDONLY, 0},
		{"./", O_RDONLY, 0},
		{"usr/./share//../share/x", O_RDONLY, 0},
		{"README/", O_RDONLY, -ENOTDIR},
		{"README/.", O_RDONLY, -ENOTDIR},
		{"README/..", O_RDONLY, -ENOTDIR},
		{"README/x", O_RDONLY, -ENOTDIR},
		{"nothing", O_RDONLY, -ENOENT},
		{"nothing/x", O_RDONLY, -ENOENT},
		{"usr/share/", O_RDONLY, 0},
		{"lib", O_RDONLY, 0},
		{"lib/", O_RDONLY, 0},
		{"lib", O_RDONLY | O_NOFOLLOW, -ELOOP},
		{"lib/", O_RDONLY | O_NOFOLLOW, 0},
		{"lib/x", O_RDONLY | O_NOFOLLOW, 0},
		{"rootlink", O_RDONLY | O_DIRECTORY, 0},
		{"rootlink/README", O_RDONLY, 0},
		{"rootlink/usr/../rootlink/README", O_RDONLY, 0},
		{"up", O_RDONLY, 0},
		{"up/", O_RDONLY, -ENOTDIR},
		{"slash/x", O_RDONLY, 0},
		{"slash", O_RDONLY, 0},
		{"loop", O_RDONLY, -ELOOP},
		{"loop/x", O_RDONLY, -ELOOP},
		{"loop2", O_RDWR | O_CREAT, -ELOOP},
		{"chain39", O_RDONLY, 0},
		{"chain40", O_RDONLY, -ELOOP},
		{"dangling", O_RDONLY, -ENOENT},
		{"dangling", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
		{"dangling", O_RDWR | O_CREAT | O_NOFOLLOW, -ELOOP},
		{"README", O_RDONLY | O_DIRECTORY, -ENOTDIR},
		{"README", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
		{"usr", O_WRONLY, -EISDIR},
		{"usr", O_RDONLY | O_CREAT, -EISDIR},
		{"usr/", O_RDONLY | O_CREAT, -EISDIR},
		{"fresh/", O_RDWR | O_CREAT, -EISDIR},
		{"nothing/fresh", O_RDWR | O_CREAT, -ENOENT},
		{"README/fresh", O_RDWR | O_CREAT, -ENOTDIR},
		{"README", O_PATH, 0},
		{"README", O_PATH | O_DIRECTORY, -ENOTDIR},
		{"nothing", O_PATH | O_CREAT, -ENOENT},
		{"/tmp", O_RDWR | O_TMPFILE, 0},
		{"/tmp", O_RDONLY | O_TMPFILE, -EINVAL},
		{"README", O_RDWR | O_TMPFILE, -ENOTDIR},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = open_path(cases[i].path, cases[i].flags);

		if (r >= 0)
			sys_close(r);
		if (min(r, 0) != cases[i].r)
			test_fail(__FILE__, __LINE__, "open(\"%s\", %#o): %d, not %d",
				  cases[i].path, cases[i].flags, r, cases[i].r);
	}
}

TEST(fs_long_names)
{
	char name[PATH_MAX + 10];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	write_file(name, "ok");
	CHECK(file_is(name, "ok", 2));
	CHECK_EQ(sys_unlink(STR(name)), 0);
	name[255] = 'n';
	name[256] = '\0';
	CHECK_EQ(open_path(name, O_RDONLY), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(name); i += 2)
		memcpy(name + i, "./", 2);
	memcpy(name + PATH_MAX - 1 - 6, "README", 7);
	CHECK_EQ(open_path(name, O_RDONLY), -ENOENT); /* "./././.README" */
	name[PATH_MAX - 1 - 7] = '/';
	CHECK(file_is(name, "read me\n", 8));
	name[PATH_MAX - 1] = '/';
	name[PATH_MAX] = '\0';
	CHECK_EQ(open_path(name, O_RDONLY), -ENAMETOOLONG);
	CHECK_EQ(sys_open((char *)0xffff800000000000, 0, 0), -EFAULT);
	CHECK_EQ(sys_open(NULL, 0, 0), -EFAULT);
}

TEST(fs_create_through_dangling_link)
{
	write_file("dangling", "made");
	CHECK(file_is("/tmp/not-yet", "made", 4));
	CHECK_EQ(sys_unlink(STR("/tmp/not-yet")), 0);
}

TEST(fs_unlink_keeps_open_file)
{
	char *app = fake_user_alloc(8);
	size_t before = page_free_count();
	struct abi_stat *st = fake_user_alloc(sizeof(*st));
	int fd;

	write_file("/tmp/gone", "still");
	fd = open_path("/tmp/gone", O_RDWR);
	CHECK_EQ(sys_unlink(STR("/tmp/gone")), 0);
	CHECK_EQ(sys_unlink(STR("/tmp/gone")), -ENOENT);
	CHECK_EQ(sys_read(fd, app, 8), 5);
	CHECK_MEM(fake_user_host(app), "still", 5);
	CHECK_EQ(sys_fstat(fd, st), 0);
	CHECK_EQ(((struct abi_stat *)fake_user_host(st))->st_nlink, 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(page_free_count(), before);
}

TEST(fs_unlink_errors)
{
	CHECK_EQ(sys_unlink(STR("usr")), -EISDIR);
	CHECK_EQ(sys_unlink(STR("usr/.")), -EISDIR);
	CHECK_EQ(sys_unlink(STR("README/")), -ENOTDIR);
	CHECK_EQ(sys_rmdir(STR("README")), -ENOTDIR);
	CHECK_EQ(sys_rmdir(STR("usr")), -ENOTEMPTY);
	CHECK_EQ(sys_rmdir(STR("usr/.")), -EINVAL);
	CHECK_EQ(sys_rmdir(STR("usr/..")), -ENOTEMPTY);
	CHECK_EQ(sys_rmdir(STR("/")), -EBUSY);
	CHECK_EQ(sys_rmdir(STR("lib")), -ENOTDIR);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, STR("usr"), 1), -EINVAL);
}

TEST(fs_directories)
{
	struct abi_stat st;
	int fd;

	CHECK_EQ(sys_mkdir(STR("/tmp/d"), 0777), 0);
	CHECK_EQ(sys_mkdir(STR("/tmp/d"), 0777), -EEXIST);
	CHECK_EQ(sys_mkdir(STR("/tmp/d/."), 0777), -EEXIST);
	CHECK_EQ(sys_mkdir(STR("/"), 0777), -EEXIST);
	CHECK_EQ(sys_mkdir(STR("/tmp/d/e/"), 0777), 0);
	CHECK_EQ(stat_path("/tmp/d", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0755);
	CHECK_EQ(st.st_nlink, 3);
	CHECK_EQ(sys_chdir(STR("/tmp/d/e")), 0);
	write_file("f", "in e");
	CHECK(file_is("../e/f", "in e", 4));
	CHECK(file_is("/tmp/d/e/f", "in e", 4));
	CHECK_EQ(sys_unlink(STR("f")), 0);
	CHECK_EQ(sys_rmdir(STR("/tmp/d/e")), 0);
	/* The working directory is gone: nothing can be made in it, its parent is still found. */
	CHECK_EQ(open_path("f", O_RDWR | O_CREAT), -ENOENT);
	CHECK_EQ(sys_mkdir(STR("f"), 0777), -ENOENT);
	CHECK_EQ(sys_getcwd(fake_user_alloc(64), 64), -ENOENT);
	fd = open_path("..", O_RDONLY);
	CHECK(fd >= 0);
	sys_close(fd);
	CHECK_EQ(sys_chdir(STR("/README")), -ENOTDIR);
	CHECK_EQ(sys_chdir(STR("/")), 0);
	CHECK_EQ(sys_rmdir(STR("/tmp/d")), 0);
}

TEST(fs_getcwd)
{
	char *app = fake_user_alloc(32);

	CHECK_EQ(sys_getcwd(app, 32), 2);
	CHECK_STR((char *)fake_user_host(app), "/");
	CHECK_EQ(sys_chdir(STR("lib/../share")), 0);
	CHECK_EQ(sys_getcwd(app, 32), 11);
	CHECK_STR((char *)fake_user_host(app), "/usr/share");
	CHECK_EQ(sys_getcwd(app, 11), 11);
	CHECK_EQ(sys_getcwd(app, 10), -ERANGE);
	CHECK_EQ(sys_getcwd(app, 0), -ERANGE);
	CHECK_EQ(sys_getcwd((char *)8, 32), -EFAULT);
	CHECK_EQ(sys_chdir(STR("/")), 0);
	CHECK_EQ(sys_getcwd(app, 1), -ERANGE);
}

TEST(fs_at_calls)
{
	int dir = open_path("/usr", O_RDONLY | O_DIRECTORY), file = open_path("README", O_RDONLY);
	int fd = (int)sys_openat(dir, STR("share/x"), O_RDONLY, 0);

	CHECK(fd >= 0);
	sys_close(fd);
	CHECK_EQ(sys_openat(file, STR("x"), O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(sys_openat(999, STR("x"), O_RDONLY, 0), -EBADF);
	CHECK_EQ(sys_openat(999, STR(""), O_RDONLY, 0), -ENOENT);
	fd = (int)sys_openat(999, STR("/README"), O_RDONLY, 0);
	CHECK(fd >= 0);
	sys_close(fd);
	CHECK_EQ(sys_mkdirat(dir, STR("m"), 0700), 0);
	CHECK_EQ(sys_faccessat(dir, STR("m"), 7), 0);
	CHECK_EQ(sys_access(STR("README"), 1), -EACCES);
	CHECK_EQ(sys_access(STR("README"), 6), 0);
	CHECK_EQ(sys_access(STR("bin/app"), 1), 0);
	CHECK_EQ(sys_renameat(dir, STR("m"), AT_FDCWD, STR("/tmp/m")), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, STR("/tmp/m"), AT_REMOVEDIR), 0);
	sys_close(dir);
	sys_close(file);
}

TEST(fs_stat_calls)
{
	struct abi_stat *st = fake_user_alloc(sizeof(*st)), *host = fake_user_host(st);
	int fd = open_path("README", O_RDONLY);

	CHECK_EQ(sys_lstat(STR("lib"), st), 0);
	CHECK_EQ(host->st_mode, S_IFLNK | 0777);
	CHECK_EQ(host->st_size, 9);
	CHECK_EQ(sys_stat(STR("lib"), st), 0);
	CHECK_EQ(host->st_mode & S_IFMT, S_IFDIR);
	CHECK_EQ(sys_newfstatat(fd, STR(""), st, AT_EMPTY_PATH), 0);
	CHECK_EQ(host->st_size, 8);
	CHECK_EQ(sys_newfstatat(fd, STR(""), st, 0), -ENOENT);
	CHECK_EQ(sys_newfstatat(AT_FDCWD, STR(""), st, AT_EMPTY_PATH), 0);
	CHECK_EQ(sys_fstat(fd, (void *)8), -EFAULT);
	CHECK_EQ(sys_fstat(999, st), -EBADF);
	CHECK_EQ(sys_stat(STR("/dev/null"), st), 0);
	CHECK_EQ(host->st_mode, S_IFCHR | 0666);
	CHECK_EQ(host->st_rdev, 1 << 8 | 3);
	sys_close(fd);
}

TEST(fs_readlink)
{
	char *app = fake_user_alloc(32);

	CHECK_EQ(sys_readlink(STR("lib"), app, 32), 9);
	CHECK_MEM(fake_user_host(app), "usr/share", 9);
	CHECK_EQ(sys_readlink(STR("lib"), app, 3), 3);
	CHECK_EQ(sys_readlink(STR("README"), app, 32), -EINVAL);
	CHECK_EQ(sys_readlink(STR("nothing"), app, 32), -ENOENT);
	CHECK_EQ(sys_readlink(STR("lib"), app, 0), -EINVAL);
	CHECK_EQ(sys_readlink(STR("lib"), (char *)8, 32), -EFAULT);
}

TEST(fs_rename)
{
	CHECK_EQ(sys_mkdir(STR("/tmp/a"), 0777), 0);
	CHECK_EQ(sys_mkdir(STR("/tmp/a/b"), 0777), 0);
	CHECK_EQ(sys_mkdir(STR("/tmp/c"), 0777), 0);
	write_file("/tmp/f", "file");
	write_file("/tmp/g", "other");
	CHECK_EQ(sys_rename(STR("/tmp/none"), STR("/tmp/x")), -ENOENT);
	CHECK_EQ(sys_rename(STR("/tmp/a"), STR("/tmp/a/b/c")), -EINVAL);
	CHECK_EQ(sys_rename(STR("/tmp/a"), STR("/tmp/a")), 0);
	CHECK_EQ(sys_rename(STR("/tmp/f"), STR("/tmp/c")), -EISDIR);
	CHECK_EQ(sys_rename(STR("/tmp/c"), STR("/tmp/f")), -ENOTDIR);
	CHECK_EQ(sys_rename(STR("/tmp/c"), STR("/tmp/a")), -ENOTEMPTY);
	CHECK_EQ(sys_rename(STR("/tmp/f"), STR("/tmp/h/")), -ENOTDIR);
	CHECK_EQ(sys_rename(STR("/tmp/f/"), STR("/tmp/h")), -ENOTDIR);
	CHECK_EQ(sys_rename(STR("/tmp/."), STR("/tmp/h")), -EBUSY);
	CHECK_EQ(sys_rename(STR("/"), STR("/tmp/h")), -EBUSY);
	CHECK_EQ(sys_rename(STR("/tmp/f"), STR("/tmp/g")), 0);
	CHECK(file_is("/tmp/g", "file", 4));
	CHECK_EQ(open_path("/tmp/f", O_RDONLY), -ENOENT);
	CHECK_EQ(sys_rename(STR("/tmp/a/b"), STR("/tmp/c/")), 0); /* an empty one is replaced */
	CHECK_EQ(sys_rename(STR("/tmp/c"), STR("/tmp/a/d")), 0);
	CHECK_EQ(sys_chdir(STR("/tmp/a/d/..")), 0);
	CHECK_EQ(sys_rmdir(STR("d")), 0);
	CHECK_EQ(sys_chdir(STR("/")), 0);
	CHECK_EQ(sys_rmdir(STR("/tmp/a")), 0);
	CHECK_EQ(sys_unlink(STR("/tmp/g")), 0);
}

static unsigned list(int fd, size_t size, char names[][32], unsigned most)
{
	uint8_t *app = fake_user_alloc(size), *host;
	unsigned n = 0;
	long r;

	while ((r = sys_getdents64(fd, app, size)) > 0) {
		host = fake_user_host(app);
		for (long at = 0; at < r; at += ((struct abi_dirent64 *)(host + at))->d_reclen) {
			struct abi_dirent64 *e = (struct abi_dirent64 *)(host + at);

			CHECK_EQ(e->d_reclen % 8, 0);
			if (n < most)
				snprintf(names[n], 32, "%s", e->d_name);
			n++;
		}
	}
	CHECK_EQ(r, 0);
	return n;
}

TEST(fs_listing)
{
	static char names[64][32];
	int fd = open_path("/tmp", O_RDONLY), file = open_path("README", O_RDONLY);
	char name[32];

	CHECK_EQ(list(fd, 1024, names, 64), 2);
	CHECK_STR(names[0], ".");
	CHECK_STR(names[1], "..");
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "/tmp/n%d", i);
		write_file(name, "x");
	}
	CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(list(fd, 32, names, 64), 32);
	CHECK_STR(names[2], "n0");
	CHECK_STR(names[31], "n29");
	CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys_getdents64(fd, fake_user_alloc(8), 8), -EINVAL);
	CHECK_EQ(sys_getdents64(fd, (void *)8, 1024), -EFAULT);
	CHECK_EQ(sys_getdents64(file, fake_user_alloc(1024), 1024), -ENOTDIR);
	CHECK_EQ(sys_read(fd, fake_user_alloc(8), 8), -EISDIR);
	/* Removing while listing, as rm -r does, misses none. */
	CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(sys_getdents64(fd, fake_user_alloc(24), 24), 24);
	for (int i = 0; i < 30; i++) {
		struct abi_dirent64 *e = fake_user_alloc(24);

		CHECK_EQ(sys_getdents64(fd, e, 24), 24);
		e = fake_user_host(e);
		snprintf(name, sizeof(name), "/tmp/%s", e->d_name);
		CHECK_EQ(sys_unlink(STR(name)), 0);
	}
	CHECK_EQ(sys_getdents64(fd, fake_user_alloc(64), 64), 0);
	sys_close(fd);
	sys_close(file);
}

TEST(fs_devices)
{
	char *app = fake_user_alloc(64);
	int null = open_path("/dev/null", O_RDWR), zero = open_path("/dev/zero", O_RDONLY);
	int full = open_path("/dev/full", O_RDWR), random = open_path("/dev/urandom", O_RDWR);

	CHECK_EQ(sys_read(null, app, 64), 0);
	CHECK_EQ(sys_write(null, app, 64), 64);
	CHECK_EQ(sys_read(zero, app, 64), 64);
	CHECK_MEM(fake_user_host(app), (char[64]){0}, 64);
	CHECK_EQ(sys_pread64(zero, app, 64, 1000), 64);
	CHECK_EQ(sys_write(full, app, 1), -ENOSPC);
	CHECK_EQ(sys_write(full, app, 0), 0);
	CHECK_EQ(sys_read(random, app, 64), 64);
	CHECK_EQ(sys_write(random, app, 64), 64);
	CHECK_EQ(sys_write(zero, app, 1), -EBADF);
	CHECK_EQ(sys_open(STR("/dev/stdin"), O_RDONLY, 0), null + 0 == 0 ? 4 : -ENXIO);
	for (int fd = 0; fd < 8; fd++)
		sys_close(fd);
	CHECK_EQ(sys_open(STR("/dev/stdout"), O_WRONLY, 0), -ENXIO);
}

/* ---- mounting what is wrong ---- */

static const char *mount_one(const char *name, unsigned mode, const char *data)
{
	static struct test_archive a[16];
	static unsigned n;
	const char *why = NULL;

	archive_begin(&a[n], 4);
	archive_file(&a[n], name, mode, data, strlen(data));
	archive_end(&a[n]);
	if (!fs_mount_archive(a[n].data, a[n].size, &why))
		why = NULL;
	n++;
	return why;
}

TEST(fs_bad_archives)
{
	char name[400];
	const char *why;

	CHECK_STR(mount_one("a/../b", 0100644, ""), "holds a/../b, which climbs with \"..\"");
	CHECK_STR(mount_one("README/x", 0100644, ""),
		  "holds README/x, which is in a folder that is a file");
	CHECK_STR(mount_one("usr", 0100644, ""), "holds usr, which is a file and a folder");
	CHECK_STR(mount_one(".", 0100644, ""),
		  "holds ., which is a file in place of the root folder");
	CHECK_STR(mount_one("odd", 0130000, ""), "holds odd, which has an unknown type");
	CHECK_STR(mount_one("l", 0120777, ""), "holds l, which is a link to an absurd path");
	memset(name, 'n', 300);
	name[300] = '\0';
	CHECK(strstr(mount_one(name, 0100644, ""), "has a name that is too long") != NULL);
	CHECK(fs_mount_archive("junk, not an archive", 20, &why) == -EINVAL);
	CHECK_STR(why, "is no cpio archive of the newc format: no header at offset 0");
}

/* A file whose data is not at a page is served, but not in place. */
TEST(fs_unaligned_archive)
{
	struct file *f;
	size_t n;

	CHECK(!mount_one("unaligned", 0100644, "some data"));
	CHECK(file_is("unaligned", "some data", 9));
	REQUIRE(!fs_open("unaligned", O_RDONLY, 0, &f));
	CHECK(file_contents(f, &n) != NULL);
	CHECK_EQ(n, 9);
	file_put(f);
}
