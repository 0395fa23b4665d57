/* SPDX-License-Identifier: MIT */
/* Lists of system calls as the tool takes, writes and learns them. */
#define _GNU_SOURCE
#include "test.h"
#include <unistd.h>
#include "../../tools/ringlet/allow.c"
#include "../../tools/ringlet/archive.c"
#include "../../tools/ringlet/cpio_write.c"
#include "../../tools/ringlet/temp.c"
#include "../../tools/ringlet/util.c"

static char file[] = "/tmp/ringlet-test-XXXXXX";

static void write_list(const char *text)
{
	static bool made;

	if (!made)
		REQUIRE(close(mkstemp(file)) == 0);
	made = true;
	file_write_all(file, text, strlen(text));
}

static void is_parsed(const char *spec, char separator, const char *want)
{
	char *got = allow_parse(spec, separator);

	CHECK_STR(got, want);
	free(got);
}

TEST(allow_list)
{
	is_parsed("write,read", ',', "read,write");
	is_parsed("write read  write", '\n', "read\nwrite\n");
	is_parsed("", ',', "");
}

TEST(allow_file)
{
	write_list("# what it does\nwrite\nclose # and ends\nread, exit\n");
	is_parsed(file, ',', "read,write,close,exit");
	write_list("");
	is_parsed(file, ',', "");
}

TEST(allow_learned)
{
	struct strings calls = {0};
	struct buffer b;

	write_list("close\n# mine\n");
	strings_add(&calls, "read");
	strings_add(&calls, "close");
	allow_learn(file, &calls);
	b = file_read_all(file);
	CHECK_STR(b.data, "read\nclose\n");
	buffer_free(&b);
	unlink(file);
	allow_learn(file, &calls);
	b = file_read_all(file);
	CHECK_STR(b.data, "read\nclose\n");
	buffer_free(&b);
	strings_free(&calls);
	unlink(file);
}
