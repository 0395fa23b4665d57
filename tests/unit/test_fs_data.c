// SPDX-License-Identifier: MIT
/* Files' data against a model, over nothing and over the archive; positions, holes, limits. */
#include "fs_fixture.h"

#define MODEL (300 * 1024)

static uint8_t model[MODEL + 4096];

struct modelled {
	int fd;
	size_t size;
	uint64_t rng;
};

static void model_write(struct modelled *m, size_t at, size_t n)
{
	uint8_t *app = fake_user_alloc(n + 1), *host = fake_user_host(app);

	for (size_t i = 0; i < n; i++)
		host[i] = (uint8_t)test_random(&m->rng);
	if (test_random(&m->rng) % 8 == 0 && n > 1) {
		size_t good = test_random(&m->rng) % n;

		fake_user_fault = (uintptr_t)app + good;
		CHECK_EQ(sys_pwrite64(m->fd, app, n, (off_t)at), good ? (long)good : -EFAULT);
		fake_user_fault = 0;
		n = good;
	} else {
		CHECK_EQ(sys_pwrite64(m->fd, app, n, (off_t)at), n);
	}
	memcpy(model + at, host, n);
	if (n)
		m->size = max(m->size, at + n);
}

static void model_resize(struct modelled *m, size_t size)
{
	CHECK_EQ(sys_ftruncate(m->fd, (off_t)size), 0);
	if (size < m->size)
		memset(model + size, 0, m->size - size);
	m->size = size;
}

static void model_check(struct modelled *m, size_t at, size_t n)
{
	uint8_t *app = fake_user_alloc(n + 1);
	size_t want = at >= m->size ? 0 : min(n, m->size - at);

	CHECK_EQ(sys_pread64(m->fd, app, n, (off_t)at), want);
	if (memcmp(fake_user_host(app), model + at, want))
		test_abort(__FILE__, __LINE__, "data differ at %zu+%zu", at, want);
}

static void model_run(const char *path, size_t start, unsigned steps, uint64_t seed)
{
	struct modelled m = {.fd = open_path(path, O_RDWR | O_CREAT), .size = start, .rng = seed};

	REQUIRE(m.fd >= 0);
	for (unsigned i = 0; i < steps; i++) {
		size_t at = test_random(&m.rng) % (test_random(&m.rng) % 2 ? MODEL / 2 : 30000);
		size_t n = test_random(&m.rng) % (test_random(&m.rng) % 4 ? 300 : 150000);

		n = min(n, MODEL - at);
		switch (test_random(&m.rng) % 8) {
		case 0:
			model_resize(&m, at);
			break;
		case 1 ... 4:
			model_write(&m, at, n);
			break;
		default:
			model_check(&m, at, n);
		}
		fake_reset();
	}
	model_check(&m, 0, MODEL);
	sys_close(m.fd);
}

TEST(fs_data_against_a_model)
{
	size_t before = page_free_count();

	for (uint64_t seed = 1; seed <= 8; seed++) {
		memset(model, 0, sizeof(model));
		model_run("/tmp/data", 0, 400, seed);
		CHECK_EQ(sys_unlink(STR("/tmp/data")), 0);
	}
	CHECK_EQ(page_free_count(), before);
}

/* The same over an archive file, which itself never changes. */
TEST(fs_copy_up_against_a_model)
{
	size_t before = page_free_count();
	const uint8_t *archived;
	struct file *f;
	size_t n;

	REQUIRE(!fs_open("/usr/share/big", O_RDONLY, 0, &f));
	archived = file_in_place(f, &n);
	file_put(f);
	memset(model, 0, sizeof(model));
	memcpy(model, big, sizeof(big));
	model_run("/usr/share/big", sizeof(big), 600, 77);
	REQUIRE(!fs_open("/usr/share/big", O_RDONLY, 0, &f));
	CHECK(!file_in_place(f, &n));
	file_put(f);
	CHECK_MEM(archived, big, sizeof(big));
	CHECK_EQ(sys_unlink(STR("/usr/share/big")), 0);
	CHECK_EQ(page_free_count(), before);
}

TEST(fs_sparse)
{
	int fd = open_path("/tmp/sparse", O_RDWR | O_CREAT);
	size_t before = page_free_count();
	char *app = fake_user_alloc(8);

	CHECK_EQ(sys_pwrite64(fd, STR("end"), 3, 1l << 50), 3);
	CHECK(before - page_free_count() <= 1);
	CHECK_EQ(sys_pread64(fd, app, 8, (1l << 50) - 2), 5);
	CHECK_MEM(fake_user_host(app), "\0\0end", 5);
	CHECK_EQ(sys_pread64(fd, app, 8, 1l << 40), 8);
	CHECK_EQ(sys_pwrite64(fd, app, 8, INT64_MAX - 4), -EFBIG);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_END), (1l << 50) + 3);
	CHECK_EQ(sys_lseek(fd, 5, SEEK_DATA), 5);
	CHECK_EQ(sys_lseek(fd, 5, SEEK_HOLE), (1l << 50) + 3);
	CHECK_EQ(sys_lseek(fd, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(sys_lseek(fd, INT64_MAX, SEEK_END), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 0, 9), -EINVAL);
	sys_close(fd);
	CHECK_EQ(sys_truncate(STR("/tmp/sparse"), 0), 0);
	CHECK_EQ(page_free_count(), before);
	CHECK_EQ(sys_truncate(STR("/tmp/sparse"), -1), -EINVAL);
	CHECK_EQ(sys_truncate(STR("/tmp"), 0), -EISDIR);
	CHECK_EQ(sys_unlink(STR("/tmp/sparse")), 0);
}

TEST(fs_append_and_position)
{
	int a = open_path("/tmp/log", O_WRONLY | O_CREAT | O_APPEND), b;
	char *app = fake_user_alloc(32);
	char *long_text = malloc(6001);

	b = open_path("/tmp/log", O_RDWR);
	CHECK_EQ(sys_write(a, STR("one "), 4), 4);
	CHECK_EQ(sys_write(b, STR("ONE two "), 8), 8);
	CHECK_EQ(sys_lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(sys_write(a, STR("three"), 5), 5);
	CHECK_EQ(sys_lseek(a, 0, SEEK_CUR), 13);
	CHECK_EQ(sys_read(b, app, 32), 5);
	CHECK_EQ(sys_read(b, app, 32), 0);
	CHECK(file_is("/tmp/log", "ONE two three", 13));
	memset(long_text, 'l', 6000);
	long_text[6000] = '\0';
	CHECK_EQ(sys_write(a, STR(long_text), 6000), 6000);
	CHECK_EQ(sys_lseek(b, 0, SEEK_END), 6013);
	/* A fault half way: the position stands behind what was moved. */
	CHECK_EQ(sys_lseek(b, 0, SEEK_SET), 0);
	fake_user_fault = (uintptr_t)app + 4;
	CHECK_EQ(sys_read(b, app, 10), 4);
	CHECK_EQ(sys_lseek(b, 0, SEEK_CUR), 4);
	CHECK_EQ(sys_read(b, app + 4, 10), -EFAULT);
	CHECK_EQ(sys_lseek(b, 0, SEEK_CUR), 4);
	fake_user_fault = 0;
	CHECK_EQ(sys_read(a, app, 1), -EBADF);
	free(long_text);
	sys_close(a);
	sys_close(b);
	CHECK_EQ(sys_unlink(STR("/tmp/log")), 0);
}

TEST(fs_full)
{
	int fd = open_path("/tmp/fill", O_RDWR | O_CREAT);
	size_t before = page_free_count();
	uint8_t *app = fake_user_alloc(1 << 20);
	char name[32];
	long r, total = 0;
	int made = 0;

	fs_set_limit(2 << 20);
	while ((r = sys_write(fd, app, 1 << 20)) > 0)
		total += r;
	CHECK_EQ(r, -ENOSPC);
	CHECK(total > 1 << 20 && total < 2 << 20);
	CHECK_EQ(sys_pwrite64(fd, app, 1 << 19, 0), 1 << 19); /* no new page is needed */
	CHECK_EQ(sys_lseek(fd, 0, SEEK_END), total);
	for (; made < 100000; made++) {
		snprintf(name, sizeof(name), "/tmp/i%d", made);
		r = sys_open(STR(name), O_CREAT | O_EXCL, 0666);
		if (r < 0)
			break;
		sys_close((int)r);
		fake_reset();
	}
	CHECK_EQ(r, -ENOSPC);
	CHECK_EQ(sys_mkdir(STR("/tmp/full"), 0700), -ENOSPC);
	while (made--) {
		snprintf(name, sizeof(name), "/tmp/i%d", made);
		REQUIRE(!sys_unlink(STR(name)));
	}
	fs_set_limit(SIZE_MAX);
	sys_close(fd);
	CHECK_EQ(sys_unlink(STR("/tmp/fill")), 0);
	CHECK_EQ(page_free_count(), before);
}

/* Every allocation on the way fails once: an error, and nothing is lost. */
TEST(fs_no_memory)
{
	size_t before = 0;

	for (unsigned n = 1; n < 12; n++) {
		int fd;

		fake_kmalloc_fail = n;
		fd = open_path("/tmp/m", O_RDWR | O_CREAT);
		if (fd >= 0) {
			uint8_t *app = fake_user_alloc(10000);

			sys_write(fd, app, 10000);
			fake_kmalloc_fail = 0;
			sys_close(fd);
		}
		fake_kmalloc_fail = 0;
		sys_unlink(STR("/tmp/m"));
		if (n == 2)
			before = heap_in_use();
		if (n > 2)
			CHECK_EQ(heap_in_use(), before);
	}
}
