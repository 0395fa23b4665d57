// SPDX-License-Identifier: MIT
/* The cpio reader: what it accepts, what it refuses and how it says so, and mutated archives. */
#include <core/cpio.h>
#include <core/string.h>

#include "fs_archive.h"
#include "test.h"

#define MUTATIONS 100000

static const char *parse(const void *p, size_t n, unsigned *entries)
{
	struct cpio_entry e;
	struct cpio c;
	const char *why = NULL;
	volatile uint8_t sink = 0;
	int r;

	*entries = 0;
	cpio_begin(&c, p, n);
	while ((r = cpio_next(&c, &e, &why)) == 1) {
		++*entries;
		CHECK_EQ(strlen(e.name), e.name_len);
		for (uint64_t i = 0; i < e.size; i++)
			sink += ((const uint8_t *)e.data)[i];
	}
	return r ? why : NULL;
}

static void small(struct test_archive *a)
{
	archive_begin(a, 4);
	archive_file(a, "bin/app", 0100755, "program", 7);
	archive_file(a, "etc", 040755, "", 0);
	archive_file(a, "etc/motd", 0100644, "welcome\n", 8);
	archive_file(a, "link", 0120777, "etc/motd", 8);
	archive_end(a);
}

TEST(cpio_entries)
{
	struct test_archive a;
	struct cpio_entry e;
	struct cpio c;
	const char *why;

	small(&a);
	cpio_begin(&c, a.data, a.size);
	CHECK_EQ(cpio_next(&c, &e, &why), 1);
	CHECK_STR(e.name, "bin/app");
	CHECK_EQ(e.mode, 0100755);
	CHECK_EQ(e.size, 7);
	CHECK_MEM(e.data, "program", 7);
	CHECK_EQ(cpio_next(&c, &e, &why), 1);
	CHECK_EQ(e.size, 0);
	CHECK_EQ(cpio_next(&c, &e, &why), 1);
	CHECK_EQ(cpio_next(&c, &e, &why), 1);
	CHECK_STR(e.name, "link");
	CHECK_EQ(cpio_next(&c, &e, &why), 0);
	archive_free(&a);
}

TEST(cpio_padded_name_aligns_data)
{
	struct test_archive a;
	struct cpio_entry e;
	struct cpio c;
	const char *why;

	archive_begin(&a, 4096);
	archive_file(&a, "f", 0100644, "x", 1);
	archive_end(&a);
	cpio_begin(&c, a.data, a.size);
	CHECK_EQ(cpio_next(&c, &e, &why), 1);
	CHECK_EQ((const uint8_t *)e.data - a.data, 4096);
	CHECK_EQ(e.name_len, 1);
	archive_free(&a);
}

/* Each way to be wrong has its own words. */
TEST(cpio_refusals)
{
	static const struct {
		size_t at;
		const char *bytes, *why;
	} bad[] = {
		{0, "\x1f\x8b", "is compressed and must not be: no cpio header at offset 0"},
		{0, "070702",
		 "is of cpio's crc format, not newc (cpio -H newc): wrong header at offset 0"},
		{0, "070707",
		 "is of cpio's odc format, not newc (cpio -H newc): wrong header at offset 0"},
		{0, "x", "is no cpio archive of the newc format: no header at offset 0"},
		{128, "x", "has no entry header at offset 128"},
		{6, "g", "has a header field that is no hexadecimal number at offset 0"},
		{94, "00000000", "has a name of absurd size at offset 0"},
		{94, "00100000", "has a name of absurd size at offset 0"},
		{94, "0000fff0", "is truncated in a name at offset 0"},
		{119, "y", "has a name without its end at offset 0"},
		{54, "ffffffff", "is truncated in a file's data at offset 0"},
	};
	struct test_archive a;
	unsigned n;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		small(&a);
		memcpy(a.data + bad[i].at, bad[i].bytes, strlen(bad[i].bytes));
		CHECK_STR(parse(a.data, a.size, &n), bad[i].why);
		archive_free(&a);
	}
}

/* Cut anywhere, an archive is refused. */
TEST(cpio_truncated)
{
	struct test_archive a;
	unsigned n;

	small(&a);
	for (size_t cut = 0; cut < a.trailer_end; cut++) {
		uint8_t *p = malloc(cut ? cut : 1);

		memcpy(p, a.data, cut);
		CHECK(parse(p, cut, &n) != NULL);
		free(p);
	}
	archive_free(&a);
}

TEST(cpio_mutations)
{
	static const char hex[] = "0123456789abcdefF";
	unsigned accepted = 0, n;
	struct test_archive a;
	uint64_t rng = 42;

	small(&a);
	for (unsigned i = 0; i < MUTATIONS; i++) {
		size_t size = test_random(&rng) % 4 ? a.size : test_random(&rng) % (a.size + 1);
		uint8_t *p = malloc(size ? size : 1);

		memcpy(p, a.data, size);
		for (unsigned m = 1 + test_random(&rng) % 4; m && size; m--)
			p[test_random(&rng) % size] = test_random(&rng) % 2
							      ? (uint8_t)hex[test_random(&rng) % 17]
							      : (uint8_t)test_random(&rng);
		accepted += !parse(p, size, &n);
		free(p);
	}
	/* Some change nothing that matters; most must be found out. */
	CHECK(accepted > 0 && accepted < MUTATIONS);
	archive_free(&a);
}
