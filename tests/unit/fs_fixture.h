/* SPDX-License-Identifier: MIT */
/* A mounted archive and short ways to its files, for the test programs of the file system. */
#ifndef FS_FIXTURE_H
#define FS_FIXTURE_H

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <core/boot.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/syscall.h>

#include "fs_archive.h"
#include "test.h"

#define STR(s) fake_user_str(s)

static uint8_t *image;
static uint8_t big[20000];

static inline void mount(void)
{
	struct test_archive a;
	const char *why = "";
	struct file *f;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 256);
	archive_begin(&a, 4096);
	archive_file(&a, "README", 0100644, "read me\n", 8);
	archive_file(&a, "./bin/app", 0100755, "\177ELF", 4);
	archive_file(&a, "/usr/share/big", 0100644, big, sizeof(big));
	archive_file(&a, "usr", 040700, "", 0);
	archive_file(&a, "lib", 0120777, "usr/share", 9);
	archive_file(&a, "lib/x", 0100644, "x", 1);
	archive_file(&a, "rootlink", 0120777, "/", 1);
	archive_file(&a, "up", 0120777, "usr/../README", 13);
	archive_file(&a, "slash", 0120777, "usr/share/", 10);
	archive_file(&a, "loop", 0120777, "loop2", 5);
	archive_file(&a, "loop2", 0120777, "./loop", 6);
	archive_file(&a, "dangling", 0120777, "/tmp/not-yet", 12);
	archive_entry(&a, "hard1", 0100644, "", 0, 77, 2);
	archive_entry(&a, "hard2", 0100644, "same", 4, 77, 2);
	archive_file(&a, "twice", 0100644, "old", 3);
	archive_file(&a, "twice", 0100644, "new one", 7);
	archive_file(&a, "dev/ignored", 020644, "", 0);
	for (int i = 0; i < 41; i++) {
		char name[32], target[32];

		snprintf(name, sizeof(name), "chain%d", i);
		snprintf(target, sizeof(target), i ? "chain%d" : "README", i - 1);
		archive_file(&a, name, 0120777, target, strlen(target));
	}
	archive_end(&a);
	image = fake_ram(a.size);
	memcpy(image, a.data, a.size);
	if (fs_mount_archive(image, a.size, &why)) {
		printf("# mount: %s\n", why);
		exit(2);
	}
	archive_free(&a);
	/* The descriptor table's first page is there before a test counts pages. */
	if (fs_open("/README", 0, 0, &f) || fd_close(fd_install(f, 0, false)))
		exit(2);
}

void test_setup(void)
{
	fake_boot();
	mount();
}

static inline int open_path(const char *path, int flags)
{
	return (int)sys_open(STR(path), flags, 0666);
}

static inline long stat_path(const char *path, struct abi_stat *st)
{
	struct abi_stat *app = fake_user_alloc(sizeof(*st));
	long r = sys_stat(STR(path), app);

	if (!r)
		*st = *(struct abi_stat *)fake_user_host(app);
	return r;
}

static inline bool file_is(const char *path, const void *data, size_t n)
{
	uint8_t *app = fake_user_alloc(n + 16);
	int fd = open_path(path, O_RDONLY);
	bool same;

	if (fd < 0)
		return false;
	same = sys_read(fd, app, n + 16) == (long)n && !memcmp(fake_user_host(app), data, n);
	sys_close(fd);
	return same;
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open_path(path, O_WRONLY | O_CREAT | O_TRUNC);

	REQUIRE(fd >= 0);
	CHECK_EQ(sys_write(fd, STR(text), strlen(text)), strlen(text));
	CHECK_EQ(sys_close(fd), 0);
}

#endif
