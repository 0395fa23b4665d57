/* SPDX-License-Identifier: MIT */
/*
 * Asks the host's dynamic loader which libraries a file needs: "LOADER --list FILE", which both
 * glibc's and musl's understand, maps the file and runs nothing of it. The file is not trusted, and
 * it is the file that names the loader: so only a loader of the system's own is run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "program.h"
#include "tool.h"

#define LIST_SECONDS 10 /* of processor time: a file can be made to keep a loader busy */

static bool begins_with(const char *s, const char *begin)
{
	return !strncmp(s, begin, strlen(begin));
}

void loader_check(const char *loader, const char *file)
{
	const char *name = base_name(loader);
	struct stat st;

	if (*loader != '/' || (!begins_with(name, "ld-linux") && !begins_with(name, "ld-musl-")))
		die("%s: asks for the interpreter %s, which is none that could be asked for its "
		    "libraries: give a prepared tree by --rootfs",
		    file, loader);
	if (stat(loader, &st))
		die("%s: needs the interpreter %s, which this machine does not have: give a "
		    "prepared tree by --rootfs",
		    file, loader);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
		die("%s: asks for the interpreter %s, which others than this machine's superuser "
		    "can change: it is not run. Give a prepared tree by --rootfs",
		    file, loader);
}

bool loader_knows(const char *library)
{
	static const char *const folders[] = {"/lib",
					      "/lib64",
					      "/usr/lib",
					      "/usr/lib64",
					      "/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu"};
	size_t n = (size_t)(base_name(library) - library) - 1;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strlen(folders[i]) == n && !strncmp(folders[i], library, n))
			return true;
	return false;
}

/* One line of the list: "NAME => PATH (ADDRESS)", "PATH (ADDRESS)", "NAME => not found". */
static void take_line(char *line, const char *file, bool program, struct strings *out)
{
	char *name = line + strspn(line, " \t"), *arrow = strstr(name, " => ");
	char *path = arrow ? arrow + 4 : name, *end = strstr(path, " (0x");

	if (arrow && begins_with(path, "not found")) {
		*arrow = '\0';
		if (program)
			die("%s: needs the library %s, which this machine does not have", file,
			    name);
		note("%s: needs the library %s, which this machine does not have", file, name);
	}
	if (*path != '/' || !end)
		return;
	*end = '\0';
	strings_add(out, path);
}

void loader_list(const char *loader, const char *file, bool program, struct strings *out)
{
	char *argv[] = {(char *)loader, (char *)"--list", (char *)file, NULL}, *save = NULL;
	struct buffer b = {0};
	int status = spawn_read(argv, LIST_SECONDS, &b);

	if (status && program)
		die("%s: its libraries cannot be found: %.*s", file,
		    b.data ? (int)strcspn(b.data, "\n") : 0, b.data ? b.data : "");
	for (char *line = b.data ? strtok_r(b.data, "\n", &save) : NULL; line && !status;
	     line = strtok_r(NULL, "\n", &save))
		take_line(line, file, program, out);
	buffer_free(&b);
}
