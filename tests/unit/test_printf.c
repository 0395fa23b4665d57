// SPDX-License-Identifier: MIT
/* ksnprintf against the host's snprintf; kstrtou64. */
#include <abi/errno.h>
#include <core/string.h>

#include "test.h"

/* Formats both ways and compares text and length, at every buffer size that cuts. */
#define SAME(...)                                                       \
	do {                                                            \
		char mine[256], libc[256];                              \
		int n = ksnprintf(mine, sizeof(mine), __VA_ARGS__);     \
		CHECK_EQ(n, snprintf(libc, sizeof(libc), __VA_ARGS__)); \
		CHECK_STR(mine, libc);                                  \
		for (size_t cut = 1; cut < 12; cut++) {                 \
			memset(mine, '#', sizeof(mine));                \
			CHECK_EQ(ksnprintf(mine, cut, __VA_ARGS__), n); \
			CHECK(mine[cut] == '#');                        \
			CHECK(strlen(mine) == min(cut - 1, (size_t)n)); \
			CHECK(!memcmp(mine, libc, strlen(mine)));       \
		}                                                       \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

TEST(integers)
{
	static const long v[] = {0,	    1,	       -1,	   7,	      42,	-1000,
				 INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		SAME("%d|%i|%u|%x|%X|%o", (int)v[i], (int)v[i], (unsigned)v[i], (unsigned)v[i],
		     (unsigned)v[i], (unsigned)v[i]);
		SAME("%ld %lu %lx %#lX %#lo", v[i], v[i], v[i], v[i], v[i]);
		SAME("%lld %zu %jd %td", (long long)v[i], (size_t)v[i], (intmax_t)v[i], v[i]);
		SAME("%hd %hu %hhd %hhx", (short)v[i], (unsigned short)v[i], (signed char)v[i],
		     (unsigned char)v[i]);
		SAME("[%12ld] [%-12ld] [%012ld] [%+ld] [% ld]", v[i], v[i], v[i], v[i], v[i]);
		SAME("[%.5ld] [%12.5ld] [%-12.5ld] [%012.5ld]", v[i], v[i], v[i], v[i]);
		SAME("[%#018lx] [%-#18lx] [%#.3lx] [%#.0lx]", v[i], v[i], v[i], v[i]);
		SAME("[%.0ld] [%#.0lo] [%+.0ld]", v[i], v[i], v[i]);
	}
}

TEST(widths_from_arguments)
{
	SAME("[%*d] [%-*d] [%*d]", 6, 42, 6, 42, -6, 42);
	SAME("[%.*d] [%.*d] [%*.*s]", 4, 42, -1, 42, 8, 2, "hello");
}

TEST(text)
{
	const char *volatile null = NULL;

	SAME("");
	SAME("plain %% text");
	SAME("%s and %10s and %-10s|", "one", "two", "three");
	SAME("[%.2s] [%.0s] [%5.1s]", "hello", "hello", "hello");
	SAME("%c%c[%3c][%-3c]", 'a', 'b', 'c', 'd');
	SAME("%p", (void *)0x1234abcd);
	SAME("%s", null);
}

TEST(unterminated_text_within_precision)
{
	char s[3] = {'a', 'b', 'c'}, out[8];

	CHECK_EQ(ksnprintf(out, sizeof(out), "%.3s", s), 3);
	CHECK_STR(out, "abc");
}

TEST(unknown_conversions_are_shown)
{
	char out[32];

	ksnprintf(out, sizeof(out), "a %y b");
	CHECK_STR(out, "a %y b");
	ksnprintf(out, sizeof(out), "end %");
	CHECK_STR(out, "end %");
	ksnprintf(out, sizeof(out), "%-5");
	CHECK_STR(out, "%-5");
}

TEST(size_zero_writes_nothing)
{
	char c = 'x';

	CHECK_EQ(ksnprintf(&c, 0, "%d", 12345), 5);
	CHECK_EQ(c, 'x');
	CHECK_EQ(ksnprintf(NULL, 0, "%s", "abc"), 3);
}

TEST(absurd_width_is_bounded)
{
	char out[8];

	CHECK_EQ(ksnprintf(out, sizeof(out), "%99999999999999999999d", 1), 1 << 20);
}

TEST(numbers_from_text)
{
	uint64_t v = 77;

	CHECK(!kstrtou64("0", &v) && v == 0);
	CHECK(!kstrtou64("18446744073709551615", &v) && v == UINT64_MAX);
	CHECK(!kstrtou64("0xffffFFFFffffFFFF", &v) && v == UINT64_MAX);
	CHECK(!kstrtou64("0x1f", &v) && v == 31);
	CHECK(!kstrtou64("007", &v) && v == 7);
	v = 77;
	CHECK_EQ(kstrtou64("18446744073709551616", &v), -EINVAL);
	CHECK_EQ(kstrtou64("0x10000000000000000", &v), -EINVAL);
	CHECK_EQ(kstrtou64("", &v), -EINVAL);
	CHECK_EQ(kstrtou64("0x", &v), -EINVAL);
	CHECK_EQ(kstrtou64("12a", &v), -EINVAL);
	CHECK_EQ(kstrtou64("-1", &v), -EINVAL);
	CHECK_EQ(kstrtou64(" 1", &v), -EINVAL);
	CHECK_EQ(kstrtou64("1 ", &v), -EINVAL);
	CHECK_EQ(v, 77);
}
