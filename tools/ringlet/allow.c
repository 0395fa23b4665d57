/* SPDX-License-Identifier: MIT */
/*
 * Lists of system calls an app may make: read from the command line or a file, checked against the
 * calls the core has, written in the order of their numbers; and lists learned from a run.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <core/syscall_info.h>
#include <core/syscall_set.h>
#include "allow.h"
#include "archive.h"
#include "tool.h"

#define GUEST_PATH "etc/ringlet/allow"

static bool parse(struct syscall_set *s, const char *text, size_t n, struct syscall_names *bad)
{
	*s = (struct syscall_set){{0}};
	return !syscall_set_parse(s, text, n, bad);
}

/* The set of a file's names; dies naming the one that is no call. */
static struct syscall_set read_file(const char *path)
{
	struct buffer b = file_read_all(path);
	struct syscall_names bad;
	struct syscall_set s;

	if (!parse(&s, b.data ? b.data : "", b.len, &bad))
		die("%s: %.*s is no system call of the core", path, (int)bad.len, bad.name);
	buffer_free(&b);
	return s;
}

/* Names, each followed by separator but for the last if it is a comma. */
static char *names(const struct syscall_set *s, char separator)
{
	struct buffer b = {0};

	buffer_add(&b, "", 0);
	for (long i = 0; i < SYSCALL_COUNT; i++) {
		if (!syscall_set_has(s, i))
			continue;
		if (separator == ',' && b.len)
			buffer_add(&b, ",", 1);
		buffer_addf(&b, "%s", syscall_infos[i].name);
		if (separator != ',')
			buffer_add(&b, &separator, 1);
	}
	return b.data;
}

char *allow_parse(const char *spec, char separator)
{
	struct syscall_names bad;
	struct syscall_set s;

	if (!parse(&s, spec, strlen(spec), &bad)) {
		if (access(spec, F_OK))
			usage_error(
				"--allow: \"%.*s\" is no system call of the core, and there is no "
				"file %s",
				(int)bad.len, bad.name, spec);
		s = read_file(spec);
	}
	return names(&s, separator);
}

void allow_add(struct archive *a, const char *spec)
{
	char *list = allow_parse(spec, '\n'), *path = temp_path("allow"), *word;

	/* The core takes a list that is there and empty for one that was lost. */
	if (!*list)
		usage_error("--allow: the list is empty");
	file_write_all(path, list, strlen(list));
	word = xasprintf("%s:/%s", path, GUEST_PATH);
	archive_add(a, word);
	free(word);
	free(path);
	free(list);
}

void allow_check(const struct archive *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->entry[i].host && !strcmp(a->entry[i].guest, GUEST_PATH))
			(void)read_file(a->entry[i].host);
}

void allow_learn(const char *path, const struct strings *calls)
{
	struct syscall_set s = {{0}};
	char *list;

	if (!access(path, F_OK))
		s = read_file(path);
	for (size_t i = 0; i < calls->n; i++) {
		int number = syscall_number(calls->v[i], strlen(calls->v[i]));

		if (number < 0)
			die("the core made the system call %s, which this tool does not know: they "
			    "are not of one version",
			    calls->v[i]);
		syscall_set_add(&s, (unsigned)number);
	}
	list = names(&s, '\n');
	file_write_all(path, list, strlen(list));
	free(list);
}
