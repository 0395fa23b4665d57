// SPDX-License-Identifier: MIT
/* Positions in the app's buffers, faults in the middle of them, and strings from the app. */
#include <core/heap.h>
#include <core/uaccess.h>
#include <core/uio.h>

#include "test.h"

TEST(uio_one_segment)
{
	char *app = fake_user_alloc(100), core[100];
	struct uio u;

	memset(fake_user_host(app), 'a', 100);
	CHECK(!uio_init(&u, app, 100));
	CHECK(!uio_copy_from(&u, core, 40));
	CHECK_EQ(u.resid, 60);
	CHECK_EQ(core[39], 'a');
	CHECK(!uio_copy_to(&u, "hello", 5));
	CHECK(!uio_clear(&u, 3));
	uio_advance(&u, 2);
	CHECK(!uio_copy_to(&u, "x", 1));
	CHECK_MEM(fake_user_host(app + 39), "ahello\0\0\0aaxa", 13);
	CHECK_EQ(u.resid, 49);
}

TEST(uio_ranges)
{
	struct uio u;

	CHECK_EQ(uio_init(&u, (void *)ARCH_USER_END, 1), -EFAULT);
	CHECK_EQ(uio_init(&u, (void *)(ARCH_USER_END - 1), 2), -EFAULT);
	CHECK_EQ(uio_init(&u, (void *)(ARCH_USER_END - 1), 1), 0);
	CHECK_EQ(uio_init(&u, (void *)0xffff800000000000, 1), -EFAULT);
	CHECK_EQ(uio_init(&u, (void *)1, SIZE_MAX), -EFAULT);
	CHECK_EQ(uio_init(&u, NULL, 1ul << 40), 0);
	CHECK_EQ(u.resid, UIO_MAX_BYTES);
}

/* A fault leaves the position where the copy stopped. */
TEST(uio_fault)
{
	char *app = fake_user_alloc(4096), core[100];
	struct uio u;

	CHECK(!uio_init(&u, app, 4096));
	uio_advance(&u, 4000);
	fake_user_fault = (uintptr_t)app + 4050;
	CHECK_EQ(uio_copy_from(&u, core, 96), -EFAULT);
	CHECK_EQ(u.resid, 46);
	CHECK_EQ(uio_copy_to(&u, core, 1), -EFAULT);
	CHECK_EQ(u.resid, 46);
}

static struct iovec *vector(unsigned n, size_t len, char **base)
{
	struct iovec *v = calloc(n, sizeof(*v)), *app;

	*base = fake_user_alloc(n * (len + 3));
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iovec){*base + i * (len + 3), i % 3 == 2 ? 0 : len};
	app = fake_user_dup(v, n * sizeof(*v));
	free(v);
	return app;
}

TEST(uio_vectors)
{
	static const unsigned counts[] = {0, 1, 2, 8, 9, 100, 1024};
	struct iovec fast[UIO_FAST], *heap;

	for (unsigned c = 0; c < ARRAY_SIZE(counts); c++) {
		unsigned n = counts[c], used = n - n / 3;
		char *base, core[4096];
		struct iovec *app = vector(n, 2, &base);
		struct uio u;

		REQUIRE(!uio_import(&u, app, n, fast, &heap));
		CHECK_EQ(heap != NULL, n > UIO_FAST);
		CHECK_EQ(u.resid, used * 2);
		for (unsigned i = 0; i < sizeof(core); i++)
			core[i] = (char)i;
		if (used) { /* not at a border, then over many */
			CHECK(!uio_copy_to(&u, core, 1));
			CHECK(!uio_copy_to(&u, core + 1, used * 2 - 1));
		}
		CHECK_EQ(u.resid, 0);
		CHECK(!uio_clear(&u, 0));
		for (unsigned i = 0, at = 0; i < n; i++) {
			if (i % 3 == 2)
				continue;
			CHECK_MEM(fake_user_host(base + i * 5), core + at, 2);
			at += 2;
		}
		kfree(heap);
	}
}

TEST(uio_bad_vectors)
{
	struct iovec fast[UIO_FAST], *heap;
	struct iovec bad[9] = {{(void *)0x10000, 10}, {(void *)0x10000, SIZE_MAX}};
	struct uio u;

	CHECK_EQ(uio_import(&u, fake_user_dup(bad, sizeof(bad)), 2, fast, &heap), -EINVAL);
	bad[1] = (struct iovec){(void *)(ARCH_USER_END - 4), 5};
	CHECK_EQ(uio_import(&u, fake_user_dup(bad, sizeof(bad)), 9, fast, &heap), -EFAULT);
	CHECK(!heap);
	CHECK_EQ(uio_import(&u, (void *)0x10, 1, fast, &heap), -EFAULT);
	CHECK_EQ(uio_import(&u, fake_user_dup(bad, sizeof(bad)), 1025, fast, &heap), -EINVAL);
	bad[0].iov_len = bad[1].iov_len = 0x7fffffff;
	bad[1].iov_base = (void *)0x10000;
	CHECK_EQ(uio_import(&u, fake_user_dup(bad, sizeof(bad)), 2, fast, &heap), 0);
	CHECK_EQ(u.resid, UIO_MAX_BYTES);
	fake_kmalloc_fail = 1;
	CHECK_EQ(uio_import(&u, fake_user_dup(bad, sizeof(bad)), 9, fast, &heap), -ENOMEM);
	CHECK(!heap);
}

TEST(uio_of_the_core)
{
	char buf[16] = "0123456789", out[16];
	struct uio u;

	uio_init_kernel(&u, buf, 10);
	CHECK(!uio_copy_from(&u, out, 4));
	CHECK_MEM(out, "0123", 4);
	CHECK(!uio_copy_to(&u, "ab", 2));
	CHECK(!uio_clear(&u, 1));
	CHECK_MEM(buf, "0123ab\000789", 10);
	CHECK_EQ(u.resid, 3);
}

TEST(strings_from_the_app)
{
	char *s = fake_user_str("hello"), buf[16];
	char *end = fake_user_alloc(16);

	CHECK_EQ(strncpy_from_user(buf, s, sizeof(buf)), 5);
	CHECK_STR(buf, "hello");
	CHECK_EQ(strncpy_from_user(buf, s, 6), 5);
	CHECK_EQ(strncpy_from_user(buf, s, 5), -ENAMETOOLONG);
	CHECK_EQ(strncpy_from_user(buf, s, 0), -ENAMETOOLONG);
	memset(fake_user_host(end), 'x', 16);
	CHECK_EQ(strncpy_from_user(buf, end + 8, 16), -EFAULT);
	CHECK_EQ(strncpy_from_user(buf, end + 8, 8), -ENAMETOOLONG);
	CHECK_EQ(strncpy_from_user(buf, NULL, 8), -EFAULT);
	CHECK_EQ(strncpy_from_user(buf, (void *)ARCH_USER_END, 8), -EFAULT);
	CHECK_EQ(strncpy_from_user(buf, (void *)0xffffffff80000000, 8), -EFAULT);
}
