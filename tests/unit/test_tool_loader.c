/* SPDX-License-Identifier: MIT */
/* What a loader says of libraries, and which loaders are run at all. */
#define _GNU_SOURCE
#include "test.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../tools/ringlet/loader.c"
#include "../../tools/ringlet/spawn.c"
#include "../../tools/ringlet/util.c"

static char dir[] = "/tmp/ringlet-test-XXXXXX";

/* The error of f in a process of its own, which must end with one; "" if it goes on. */
static const char *error_of(void (*f)(const char *), const char *arg)
{
	static char text[4096];
	int fds[2], status;
	ssize_t n, got = 0;
	pid_t pid;

	REQUIRE(!pipe(fds));
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		f(arg);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + got, sizeof(text) - 1 - (size_t)got)) > 0)
		got += n;
	text[got] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	CHECK_EQ(WEXITSTATUS(status), got ? 1 : 0);
	return text;
}

static void check(const char *loader)
{
	loader_check(loader, "app");
}

static void list(const char *loader)
{
	struct strings out = {0};

	loader_list(loader, "/file", true, &out);
}

/* A program in dir that says text; its path. */
static char *script(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name), *whole;

	whole = xasprintf("#!/bin/sh\n%s\n", text);
	file_write_all(path, whole, strlen(whole));
	chmod(path, 0755);
	free(whole);
	return path;
}

TEST(only_the_systems_own_loaders_run)
{
	char *other;

	REQUIRE(mkdtemp(dir));
	CHECK(strstr(error_of(check, "/bin/sh"), "is none that could be asked"));
	CHECK(strstr(error_of(check, "ld-linux.so"), "is none that could be asked"));
	CHECK(strstr(error_of(check, "/nowhere/ld-linux.so"), "does not have"));
	other = script("ld-linux-x.so", "echo never");
	if (!getuid())
		REQUIRE(!chown(other, 1, 1));
	CHECK(strstr(error_of(check, other), "it is not run"));
	if (!getuid()) {
		REQUIRE(!chown(other, 0, 0));
		CHECK_STR(error_of(check, other), "");
		chmod(other, 0777);
		CHECK(strstr(error_of(check, other), "it is not run"));
	}
	free(other);
}

TEST(lists_are_understood)
{
	char *path = script("ld", "cat <<'END'\n"
				  "\tlinux-vdso.so.1 (0x00007ffd)\n"
				  "\tlibm.so.6 => /lib/x/libm.so.6 (0x00007f00)\n"
				  "\tliba.so => /with space/and (paren)/liba.so (0x0)\n"
				  "\t/lib64/ld-linux.so.2 (0x00007f01)\n"
				  "\tstatically linked\n"
				  "END");
	struct strings out = {0};

	loader_list(path, "/file", true, &out);
	CHECK_EQ(out.n, 3);
	CHECK_STR(out.v[0], "/lib/x/libm.so.6");
	CHECK_STR(out.v[1], "/with space/and (paren)/liba.so");
	CHECK_STR(out.v[2], "/lib64/ld-linux.so.2");
	strings_free(&out);
	free(path);
}

TEST(what_is_missing_is_named)
{
	char *path = script("ld", "echo '\tlibz.so => not found'");
	struct strings out = {0};

	CHECK_STR(error_of(list, path), "ringlet: /file: needs the library libz.so, which this "
					"machine does not have\n");
	/* A plugin may lack what the program has. */
	quiet = true;
	loader_list(path, "/file", false, &out);
	CHECK_EQ(out.n, 0);
	free(path);
	path = script("ld", "echo broken; exit 3");
	CHECK(strstr(error_of(list, path), "its libraries cannot be found"));
	CHECK(strstr(error_of(list, path), "broken"));
	loader_list(path, "/file", false, &out);
	CHECK_EQ(out.n, 0);
	free(path);
}

/* Variables such as LD_LIBRARY_PATH are not there when the program is started, nor is the folder. */
TEST(the_callers_state_is_not_asked)
{
	char *path = script("ld", "echo \"x => /${RINGLET_TEST:-clean}$(pwd) (0x0)\"");
	struct strings out = {0};

	setenv("RINGLET_TEST", "dirty", 1);
	loader_list(path, "/file", true, &out);
	REQUIRE(out.n == 1);
	CHECK_STR(out.v[0], "/clean/");
	strings_free(&out);
	free(path);
}

TEST(folders_that_need_no_cache)
{
	CHECK(loader_knows("/lib/x86_64-linux-gnu/libc.so.6"));
	CHECK(loader_knows("/lib64/ld-linux-x86-64.so.2"));
	CHECK(!loader_knows("/usr/local/lib/liba.so"));
	CHECK(!loader_knows("/lib/x86_64-linux-gnu/deep/liba.so"));
	CHECK(!loader_knows("/liba.so"));
}

TEST(loader_cleanup)
{
	char *command = xasprintf("rm -r %s", dir);

	CHECK_EQ(system(command), 0);
	free(command);
}
