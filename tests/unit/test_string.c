// SPDX-License-Identifier: MIT
/* core/string.c and arch/x86_64/string.S against the host's C library. */
#include "test.h"

#define memcmp	core_memcmp
#define memchr	core_memchr
#define strlen	core_strlen
#define strnlen core_strnlen
#define strcmp	core_strcmp
#define strncmp core_strncmp
#define strchr	core_strchr
#define strrchr core_strrchr
#define memcpy	core_memcpy
#define memmove core_memmove
#define memset	core_memset
#include "../../core/string.c"
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef memcpy
#undef memmove
#undef memset

#define SPAN 700

static unsigned char a[SPAN + 64], b[SPAN + 64];

static void scramble(void)
{
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (unsigned char)(i * 31 + (i >> 8) * 7 + 1);
}

/* Bytes before, in and behind the block are all compared. */
TEST(memcpy_all_sizes_and_alignments)
{
	for (size_t n = 0; n <= 300; n++)
		for (size_t d = 0; d < 9; d++)
			for (size_t s = 320; s < 329; s++) {
				scramble();
				REQUIRE(core_memcpy(a + d, a + s, n) == a + d);
				for (size_t i = 0; i < n; i++)
					b[d + i] = b[s + i];
				REQUIRE(!memcmp(a, b, sizeof(a)));
			}
}

TEST(memmove_all_overlaps)
{
	for (size_t n = 0; n <= 300; n = n < 140 ? n + 1 : n + 13)
		for (size_t d = 100; d < 250; d += d < 170 ? 1 : 7) {
			size_t s = 140;

			scramble();
			REQUIRE(core_memmove(a + d, a + s, n) == a + d);
			memmove(b + d, b + s, n);
			REQUIRE(!memcmp(a, b, sizeof(a)));
		}
}

TEST(memset_all_sizes)
{
	for (size_t n = 0; n <= 300; n++)
		for (size_t d = 0; d < 17; d++) {
			scramble();
			REQUIRE(core_memset(a + d, (int)(n + 0x80), n) == a + d);
			memset(b + d, (int)(n + 0x80), n);
			REQUIRE(!memcmp(a, b, sizeof(a)));
		}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(memcmp_finds_first_difference)
{
	for (size_t n = 0; n < 80; n++)
		for (size_t at = 0; at < n; at++) {
			scramble();
			REQUIRE(core_memcmp(a + 1, b + 1, n) == 0);
			a[1 + at] ^= 0x80;
			a[2 + at] ^= 0xff;
			REQUIRE(sign(core_memcmp(a + 1, b + 1, n)) ==
				sign(memcmp(a + 1, b + 1, n)));
		}
}

TEST(memchr_like_libc)
{
	static const char s[] = "abc\0def\xff";

	for (int c = -1; c < 256; c++)
		for (size_t n = 0; n <= sizeof(s); n++)
			CHECK(core_memchr(s, c, n) == memchr(s, c, n));
}

TEST(strings_like_libc)
{
	static const char *const s[] = {"",
					"a",
					"b",
					"ab",
					"abc",
					"abd",
					"aba",
					"\x80"
					"a",
					"\xff",
					"/a/b/",
					"abcdefgh"};

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		CHECK_EQ(core_strlen(s[i]), strlen(s[i]));
		for (size_t n = 0; n < 10; n++)
			CHECK_EQ(core_strnlen(s[i], n), strnlen(s[i], n));
		for (int c = 0; c < 256; c++) {
			CHECK(core_strchr(s[i], c) == strchr(s[i], c));
			CHECK(core_strrchr(s[i], c) == strrchr(s[i], c));
		}
		for (size_t k = 0; k < ARRAY_SIZE(s); k++) {
			CHECK_EQ(sign(core_strcmp(s[i], s[k])), sign(strcmp(s[i], s[k])));
			for (size_t n = 0; n < 10; n++)
				CHECK_EQ(sign(core_strncmp(s[i], s[k], n)),
					 sign(strncmp(s[i], s[k], n)));
		}
	}
}
