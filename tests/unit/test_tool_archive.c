/* SPDX-License-Identifier: MIT */
/* What the tool writes, the core's parser reads: names, modes, pages, and the same bytes twice. */
#define _GNU_SOURCE
#include "test.h"
#include <sys/time.h>
#include "../../tools/ringlet/archive.c"
#include "../../tools/ringlet/cpio_write.c"
#include "../../tools/ringlet/util.c"

static char dir[] = "/tmp/ringlet-test-XXXXXX";

/* A file of n bytes in dir, its bytes told by its size; the path is in a static buffer. */
static const char *host_file(const char *name, size_t n)
{
	static char path[256];
	char *data = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		data[i] = (char)(i * 7 + n);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file_write_all(path, data, n);
	free(data);
	return path;
}

static void add(struct archive *a, const char *host, const char *guest)
{
	char *spec = xasprintf("%s:%s", host, guest);

	archive_add(a, spec);
	free(spec);
}

static struct buffer written(const struct archive *a)
{
	char *path = xasprintf("%s/archive", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct buffer b;

	archive_write(a, fd, path);
	close(fd);
	b = file_read_all(path);
	unlink(path);
	free(path);
	return b;
}

static void check_data(const struct buffer *b, const struct cpio_entry *e, size_t n)
{
	const uint8_t *p = e->data;

	CHECK_EQ(e->size, n);
	CHECK(!n || ((const char *)p - b->data) % ARCHIVE_PAGE == 0);
	for (size_t i = 0; i < e->size && i < n; i++)
		if (p[i] != (uint8_t)(i * 7 + n)) {
			CHECK_EQ(p[i], (uint8_t)(i * 7 + n));
			break;
		}
}

TEST(every_size_round_trips_page_aligned)
{
	static const size_t sizes[] = {0, 1, 3, 4, 511, 4095, 4096, 4097, 100000};
	struct archive a = {0};
	struct cpio_entry e;
	struct buffer b;
	const char *why;
	struct cpio c;

	REQUIRE(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *name = xasprintf("f%zu", sizes[i]);
		const char *path = host_file(name, sizes[i]);

		chmod(path, i % 2 ? 0700 : 0600);
		add(&a, path, name);
		unlink(path);
		host_file(name, sizes[i]); /* only its mode was of interest before */
		free(name);
	}
	b = written(&a);
	CHECK_EQ(b.len % BLOCK_SIZE, 0);
	cpio_begin(&c, b.data, b.len);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		REQUIRE(cpio_next(&c, &e, &why) == 1);
		CHECK_EQ(strtoul(e.name + 1, NULL, 10), sizes[i]);
		CHECK_EQ(e.mode, i % 2 ? 0100755 : 0100644);
		CHECK_EQ(e.mtime, 0);
		CHECK_EQ(e.uid, 0);
		check_data(&b, &e, sizes[i]);
	}
	CHECK_EQ(cpio_next(&c, &e, &why), 0);
	buffer_free(&b);
	archive_free(&a);
}

TEST(twice_the_same_bytes)
{
	struct archive a = {0};
	struct buffer one, two;
	const char *path = host_file("app", 9000);

	chmod(path, 0755);
	add(&a, path, "/bin/app");
	host_file("data", 17);
	add(&a, dir, "/tree");
	one = written(&a);
	utimes(path, (struct timeval[2]){{1000, 0}, {2000, 0}});
	two = written(&a);
	CHECK_EQ(one.len, two.len);
	CHECK_MEM(one.data, two.data, one.len < two.len ? one.len : two.len);
	buffer_free(&one);
	buffer_free(&two);
	archive_free(&a);
}

TEST(parents_come_first_and_once)
{
	static const char *const expected[] = {"a", "a/b", "a/b/one", "a/c", "a/c/two"};
	struct archive a = {0};
	const char *path = host_file("x", 5);

	chmod(path, 0755);
	add(&a, path, "//a/./b/one");
	add(&a, path, "a/c//two");
	CHECK_EQ(a.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < a.count; i++)
		CHECK_STR(a.entry[i].guest, expected[i]);
	archive_free(&a);
}

TEST(cleanup)
{
	char *command = xasprintf("rm -r %s", dir);

	CHECK_EQ(system(command), 0);
	free(command);
}
