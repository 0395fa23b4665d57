// SPDX-License-Identifier: MIT
/* The command line: words, quotes, overriding, and that quoting is undone by reading. */
#include <core/cmdline.h>
#include <core/string.h>

#include "fs_archive.h"
#include "test.h"

static struct cmdline c;

static const char *add(const char *s)
{
	const char *why = NULL;

	return cmdline_add(&c, s, &why) ? why : NULL;
}

TEST(cmdline_words)
{
	memset(&c, 0, sizeof(c));
	CHECK(!add("ip=dhcp\tquiet  env.A=\"x y\" -- -v \"two words\" a\\ b \"\" --"));
	CHECK_EQ(c.options, 3);
	CHECK_STR(cmdline_get(&c, "ip"), "dhcp");
	CHECK_STR(cmdline_get(&c, "quiet"), "");
	CHECK_STR(cmdline_get(&c, "env.A"), "x y");
	CHECK(!cmdline_get(&c, "i"));
	CHECK_EQ(c.args, 5);
	CHECK_STR(c.arg[0], "-v");
	CHECK_STR(c.arg[1], "two words");
	CHECK_STR(c.arg[2], "a b");
	CHECK_STR(c.arg[3], "");
	CHECK_STR(c.arg[4], "--");
}

TEST(cmdline_later_overrides)
{
	memset(&c, 0, sizeof(c));
	CHECK(!add("ip=dhcp a=1 -- x y"));
	CHECK(!add("ip=10.0.0.1"));
	CHECK_STR(cmdline_get(&c, "ip"), "10.0.0.1");
	CHECK_STR(cmdline_get(&c, "a"), "1");
	CHECK_EQ(c.args, 2);
	CHECK(!add("-- z"));
	CHECK_EQ(c.args, 1);
	CHECK_STR(c.arg[0], "z");
	CHECK(!add("--"));
	CHECK_EQ(c.args, 0);
	CHECK(!add(""));
}

TEST(cmdline_refusals)
{
	char *big = malloc(8192);

	memset(&c, 0, sizeof(c));
	CHECK(!add("a=1"));
	CHECK_STR(add("b=2 \"open"), "the command line has a double quote that is not closed");
	CHECK_STR(add("b=2 x\\"), "the command line ends with a lone backslash");
	memset(big, 'x', 8191);
	big[8191] = '\0';
	CHECK_STR(add(big), "the command line is longer than 4096 bytes");
	for (unsigned i = 0; i < 600; i++)
		big[i] = i % 2 ? ' ' : 'y';
	big[600] = '\0';
	CHECK_STR(add(big), "the command line has more than 256 words");
	CHECK_EQ(c.options, 1);
	CHECK_STR(cmdline_get(&c, "a"), "1");
	CHECK(!cmdline_get(&c, "b"));
	free(big);
}

TEST(cmdline_quote_roundtrip)
{
	static const char alphabet[] = "ab \t\n\"\\-=";
	uint64_t rng = 7;
	char word[12], quoted[40];

	for (unsigned i = 0; i < 20000; i++) {
		size_t n = test_random(&rng) % sizeof(word);
		int len;

		for (size_t k = 0; k < n; k++)
			word[k] = alphabet[test_random(&rng) % (sizeof(alphabet) - 1)];
		word[n] = '\0';
		len = cmdline_quote(quoted, sizeof(quoted), word);
		REQUIRE(len == (int)strlen(quoted));
		memset(&c, 0, sizeof(c));
		CHECK(!add("--"));
		memset(&c, 0, sizeof(c));
		{
			char line[48];

			snprintf(line, sizeof(line), "-- %s", quoted);
			CHECK(!add(line));
		}
		REQUIRE(c.args == 1);
		CHECK_STR(c.arg[0], word);
	}
	/* Exactly as much room as is needed, and one byte less. */
	CHECK_EQ(cmdline_quote(quoted, 6, "a b"), 5);
	CHECK_EQ(cmdline_quote(quoted, 5, "a b"), -1);
	CHECK_EQ(cmdline_quote(quoted, 1, ""), -1);
}

TEST(cmdline_mutations)
{
	uint64_t rng = 3;
	char line[64];

	for (unsigned i = 0; i < 100000; i++) {
		size_t n = test_random(&rng) % sizeof(line);

		for (size_t k = 0; k < n; k++)
			line[k] = (char)(test_random(&rng) % 3 ? " \"\\-="[test_random(&rng) % 5]
							       : (char)test_random(&rng));
		line[n ? n - 1 : 0] = '\0';
		if (i % 1000 == 0)
			memset(&c, 0, sizeof(c));
		add(line);
		cmdline_get(&c, "=");
		cmdline_get(&c, "");
	}
}
