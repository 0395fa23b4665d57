/* SPDX-License-Identifier: MIT */
/*
 * The library beyond newlib's default build: regular expressions, patterns, sorted folders, walks
 * over trees, path names; and jumps, sorting and options of its own.
 *
 * guest: mem=64
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <libgen.h>
#include <regex.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tap.h"

#define DIR_PATH "/tmp/ringlet-posix"

static void check_regex(void)
{
	regmatch_t m[3];
	regex_t re;
	char text[64];

	is(regcomp(&re, "([a-z]+)=([0-9]{2,})", REG_EXTENDED), 0, "regcomp");
	ok(regexec(&re, "  size=1234;", 3, m, 0) == 0 && m[0].rm_so == 2 && m[0].rm_eo == 11 &&
		   m[2].rm_so == 7 && m[2].rm_eo == 11,
	   "regexec and what matched");
	is(regexec(&re, "size=1", 3, m, 0), REG_NOMATCH, "no match");
	regfree(&re);
	ok(regcomp(&re, "(", REG_EXTENDED) == REG_EPAREN &&
		   regerror(REG_EPAREN, &re, text, sizeof(text)) > 0,
	   "a bad expression: %s", text);
}

static void check_patterns(void)
{
	ok(fnmatch("*.[ch]", "main.c", 0) == 0 && fnmatch("*.[ch]", "main.o", 0) == FNM_NOMATCH,
	   "fnmatch");
	ok(fnmatch("*", "a/b", FNM_PATHNAME) == FNM_NOMATCH, "FNM_PATHNAME");
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	if (fd >= 0)
		close(fd);
}

static int walked, depth;

static int walk(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)path;
	(void)st;
	walked += type == FTW_F || type == FTW_D || type == FTW_DP;
	depth = f->level > depth ? f->level : depth;
	return 0;
}

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void check_trees(void)
{
	struct dirent **list;
	int n;

	mkdir("/tmp", 0777);
	mkdir(DIR_PATH, 0755);
	mkdir(DIR_PATH "/b", 0755);
	mkdir(DIR_PATH "/b/c", 0755);
	make_file(DIR_PATH "/z");
	make_file(DIR_PATH "/a");
	make_file(DIR_PATH "/b/c/deep");
	n = scandir(DIR_PATH, &list, not_hidden, alphasort);
	ok(n == 3 && !strcmp(list[0]->d_name, "a") && !strcmp(list[1]->d_name, "b") &&
		   !strcmp(list[2]->d_name, "z"),
	   "scandir sorts");
	while (n > 0)
		free(list[--n]);
	free(list);
	ok(nftw(DIR_PATH, walk, 8, FTW_PHYS) == 0 && walked == 6 && depth == 3, "nftw walks");
	ok(nftw(DIR_PATH, remove_it, 8, FTW_DEPTH | FTW_PHYS) == 0 && access(DIR_PATH, F_OK) < 0,
	   "and clears up: remove takes files and folders");
}

static void check_names(void)
{
	char a[] = "/usr/lib/x.so", b[] = "/usr/lib/x.so";

	ok(!strcmp(basename(a), "x.so") && !strcmp(dirname(b), "/usr/lib"), "basename and dirname");
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void check_sorting(void)
{
	int v[1000], bad = 0, key = 77;

	srand(1);
	for (int i = 0; i < 1000; i++)
		v[i] = i * 7919 % 1000;
	qsort(v, 1000, sizeof(v[0]), compare);
	for (int i = 0; i < 1000; i++)
		bad += v[i] != i;
	is(bad, 0, "qsort");
	ok(bsearch(&key, v, 1000, sizeof(v[0]), compare) == &v[77], "bsearch");
}

static void check_jumps(void)
{
	volatile int count = 0;
	jmp_buf env;
	int r = setjmp(env);

	count++;
	if (r < 3)
		longjmp(env, r + 1);
	ok(r == 3 && count == 4, "setjmp and longjmp");
}

static void check_options(void)
{
	char *argv[] = {"x", "-a", "-b", "value", "rest", NULL};
	int opt, seen = 0;

	while ((opt = getopt(5, argv, "ab:")) >= 0)
		seen += opt == 'a' || (opt == 'b' && !strcmp(optarg, "value"));
	ok(seen == 2 && optind == 4, "getopt");
}

static void check_environment(void)
{
	ok(setenv("RINGLET_X", "1", 1) == 0 && !strcmp(getenv("RINGLET_X"), "1"), "setenv");
	ok(unsetenv("RINGLET_X") == 0 && !getenv("RINGLET_X"), "unsetenv");
	ok(system(NULL) == 0 && system("true") == -1 && errno == ENOSYS, "there is no shell");
	is(sysconf(_SC_PAGESIZE), 4096, "sysconf");
	ok(sysconf(12345) == -1 && errno == EINVAL, "an unknown name");
}

int main(void)
{
	check_regex();
	check_patterns();
	check_trees();
	check_names();
	check_sorting();
	check_jumps();
	check_options();
	check_environment();
	return done();
}
