/* SPDX-License-Identifier: MIT */
/*
 * A program's way into the image. A static one becomes /bin/NAME. A dynamic one keeps its path, as
 * it may look for libraries and files relative to it, and brings its libraries, at their paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <core/elf.h>
#include "archive.h"
#include "program.h"
#include "tool.h"

#define LOADER_CACHE "/etc/ld.so.cache"

/* Checks a program as the core will; the interpreter it asks for, or NULL. The caller frees it. */
static char *check_program(const char *host, const char *name)
{
	struct buffer b = file_read_all(host);
	struct elf_image image;
	char *interp = NULL;
	const char *why;

	if (elf_parse(b.data, b.len, &image, &why))
		die("%s: %s", name, why);
	if (image.exec_stack)
		die("%s: wants an executable stack, which is refused: link it with "
		    "-z noexecstack",
		    name);
	if (image.interp)
		interp = xstrdup(image.interp);
	buffer_free(&b);
	return interp;
}

/* The path with the links of its folders resolved, and not its own: that name tells what it is. */
static char *own_path(const char *file)
{
	char *folder = xstrdup(file), *slash = strrchr(folder, '/'), *real, *path;

	if (slash)
		*slash = '\0';
	real = realpath(!slash ? "." : *folder ? folder : "/", NULL);
	if (!real)
		die("%s: %s", file, strerror(errno));
	path = xasprintf("%s/%s", strcmp(real, "/") ? real : "", base_name(file));
	free(real);
	free(folder);
	return path;
}

/* glibc loads this one by itself when a thread is cancelled or ends, and aborts without it. */
static void add_unwinder(struct archive *a, const char *library)
{
	size_t folder = (size_t)(base_name(library) - library);
	char *path;

	if (strcmp(library + folder, "libc.so.6"))
		return;
	path = xasprintf("%.*slibgcc_s.so.1", (int)folder, library);
	if (!access(path, R_OK))
		archive_add_path(a, path);
	free(path);
}

/* The libraries of a host file, those that are not there yet. */
static void add_libraries(struct archive *a, const char *loader, const char *file, bool program)
{
	struct strings list = {0};
	bool all_known = true;

	loader_list(loader, file, program, &list);
	for (size_t i = 0; i < list.n; i++) {
		archive_add_path(a, list.v[i]);
		add_unwinder(a, list.v[i]);
		all_known &= loader_knows(list.v[i]);
	}
	/* Others were found by the cache, or by the file's own path, to which it does no harm. */
	if (!all_known && !access(LOADER_CACHE, R_OK))
		archive_add_path(a, LOADER_CACHE);
	strings_free(&list);
}

/* Whether a file is a shared object for this machine. It is a hint: the loader looks closer. */
static bool is_library(const char *host)
{
	static const unsigned char magic[6] = {0x7f, 'E', 'L', 'F', 2, 1};
	int fd = open(host, O_RDONLY | O_CLOEXEC);
	unsigned char head[20];
	bool is = fd >= 0 && pread(fd, head, sizeof(head), 0) == sizeof(head) &&
		  !memcmp(head, magic, sizeof(magic)) && head[16] == 3 && head[18] == 62;

	if (fd >= 0)
		close(fd);
	return is;
}

/* Plugins are loaded by a program while it runs, and have libraries of their own. */
static void add_plugins(struct archive *a, const char *loader, size_t from)
{
	size_t end = a->count;

	for (size_t i = from; i < end; i++)
		if (a->entry[i].host && !a->entry[i].found && is_library(a->entry[i].host)) {
			char *host = own_path(a->entry[i].host);

			add_libraries(a, loader, host, false);
			free(host);
		}
}

static char *pack_rootfs(struct archive *a, const char *file, const char *dir,
			 const struct strings *files)
{
	struct archive_entry *e;
	char *interp, *path, *guest;

	archive_add_rootfs(a, dir);
	for (size_t i = 0; i < files->n; i++)
		archive_add(a, files->v[i]);
	e = archive_file(a, file);
	if (!e)
		die("%s: no such file in %s, or a folder", file, dir);
	interp = check_program(e->host, file);
	if (interp && !archive_file(a, interp))
		die("%s: needs the interpreter %s, which is not in %s", file, interp, dir);
	free(interp);
	/* The core must find that it is a program, whatever the host thinks of it. */
	e->executable = true;
	guest = archive_normalize(file);
	path = xasprintf("/%s", guest);
	free(guest);
	return path;
}

char *program_pack(struct archive *a, const char *file, const char *rootfs,
		   const struct strings *files)
{
	char *interp, *path, *guest;
	size_t from;

	if (rootfs)
		return pack_rootfs(a, file, rootfs, files);
	interp = check_program(file, file);
	if (interp) {
		loader_check(interp, file);
		path = own_path(file);
		archive_add_path(a, path);
		archive_file(a, path)->executable = true;
		add_libraries(a, interp, path, true);
	} else {
		guest = xasprintf("bin/%s", base_name(file));
		archive_add_file(a, guest, file, true);
		path = xasprintf("/%s", guest);
		free(guest);
	}
	from = a->count;
	for (size_t i = 0; i < files->n; i++)
		archive_add(a, files->v[i]);
	if (interp)
		add_plugins(a, interp, from);
	free(interp);
	return path;
}
