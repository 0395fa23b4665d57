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

static const struct archive_entry *entry(const struct archive *a, const char *guest)
{
	const struct archive_entry *e = find(a, guest);

	REQUIRE(e);
	return e;
}

static const char *in_dir(const char *name)
{
	static char path[4][256];
	static unsigned n;

	snprintf(path[n % 4], sizeof(path[0]), "%s/%s", dir, name);
	return path[n++ % 4];
}

/* usr/lib/real, usr/lib/short -> real, lib -> usr/lib, and what leads nowhere. */
static void make_tree(void)
{
	REQUIRE(!mkdir(in_dir("t"), 0755) && !mkdir(in_dir("t/usr"), 0755) &&
		!mkdir(in_dir("t/usr/lib"), 0755));
	host_file("t/usr/lib/real", 5);
	REQUIRE(!symlink("real", in_dir("t/usr/lib/short")) &&
		!symlink("usr/lib", in_dir("t/lib")) &&
		!symlink("/usr/../lib/short", in_dir("t/up")) &&
		!symlink("circle", in_dir("t/circle")) && !mkfifo(in_dir("t/pipe"), 0600));
}

TEST(a_tree_keeps_its_links)
{
	struct archive a = {0};
	struct cpio_entry e;
	struct buffer b;
	const char *why;
	bool link = false;
	struct cpio c;

	make_tree();
	chmod(in_dir("t/usr/lib/real"), 0755);
	quiet = true;
	archive_add_rootfs(&a, in_dir("t"));
	CHECK_STR(entry(&a, "lib")->link, "usr/lib");
	CHECK_STR(entry(&a, "usr/lib/short")->link, "real");
	CHECK(!find(&a, "pipe"));
	CHECK_STR(archive_file(&a, "up")->guest, "usr/lib/real");
	CHECK_STR(archive_file(&a, "lib/./short")->guest, "usr/lib/real");
	CHECK(!archive_file(&a, "lib"));
	CHECK(!archive_file(&a, "lib/none"));
	/* What the user names goes where the links lead, and in the place of what was found. */
	host_file("mine", 9);
	add(&a, in_dir("mine"), "/lib/mine");
	add(&a, in_dir("mine"), "/lib/real");
	CHECK(entry(&a, "usr/lib/mine")->host);
	CHECK_STR(entry(&a, "usr/lib/real")->host, in_dir("mine"));
	add(&a, in_dir("t/usr/lib/real"), "/bin/app");
	b = written(&a);
	cpio_begin(&c, b.data, b.len);
	while (cpio_next(&c, &e, &why) == 1)
		if (!strcmp(e.name, "lib")) {
			link = true;
			CHECK_EQ(e.mode, 0120777);
			CHECK_EQ(e.size, 7);
			CHECK_MEM(e.data, "usr/lib", 7);
		}
	CHECK(link);
	buffer_free(&b);
	archive_free(&a);
}

/* dir's own path in the image, of name. */
static char *guest_path(const char *name)
{
	return xasprintf("%s/t/%s", dir + 1, name);
}

TEST(a_path_brings_the_links_that_lead_there)
{
	char *lib = guest_path("lib"), *real = guest_path("usr/lib/real"),
	     *name = guest_path("lib/short"), *own;
	struct archive a = {0};
	size_t count;

	archive_add_path(&a, in_dir("t/lib/short"));
	CHECK_STR(entry(&a, lib)->link, "usr/lib");
	CHECK_STR(archive_file(&a, name)->guest, real);
	count = a.count;
	archive_add_path(&a, in_dir("t/usr/lib/real"));
	CHECK_EQ(a.count, count);
	archive_free(&a);
	/* A folder of the user's own in the place of a link holds the file itself. */
	own = xasprintf("%s/mine", lib);
	add(&a, in_dir("mine"), own);
	archive_add_path(&a, in_dir("t/lib/real"));
	free(real);
	real = guest_path("lib/real");
	CHECK(entry(&a, real)->host);
	archive_free(&a);
	free(own);
	free(lib);
	free(real);
	free(name);
}

TEST(many_names_are_found)
{
	struct archive a = {0};
	char name[32];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d%u/f%u", i % 7, i);
		add(&a, in_dir("mine"), name);
	}
	CHECK_EQ(a.count, 3007);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d%u/f%u", i % 7, i);
		CHECK(archive_file(&a, name));
	}
	archive_free(&a);
}

TEST(cleanup)
{
	char *command = xasprintf("rm -r %s", dir);

	CHECK_EQ(system(command), 0);
	free(command);
}
