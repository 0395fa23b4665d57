/* SPDX-License-Identifier: MIT */
/*
 * What goes into the image: the app first, then the files and folders the user names, each with the
 * folders above it. The order is the order of the command line and, in a folder, of the names'
 * bytes, so the same input gives the same archive.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <core/elf.h>
#include "archive.h"
#include "tool.h"

#define MAX_DEPTH      40   /* of folders: a loop of symbolic links ends here */
#define MAX_GUEST_PATH 1024 /* leaves room for padding below the 4096 bytes readers allow */

char *archive_normalize(const char *guest)
{
	char *copy = xstrdup(guest), *part, *save = NULL;
	struct buffer out = {0};

	buffer_add(&out, "", 0);
	for (part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, "."))
			continue;
		if (!strcmp(part, ".."))
			die("%s: \"..\" is not allowed in a path of the image", guest);
		buffer_addf(&out, "%s%s", out.len ? "/" : "", part);
	}
	if (out.len > MAX_GUEST_PATH)
		die("%s: the path is longer than %d bytes", guest, MAX_GUEST_PATH);
	free(copy);
	return out.data;
}

static struct archive_entry *find(const struct archive *a, const char *guest)
{
	for (size_t i = 0; i < a->count; i++)
		if (!strcmp(a->entry[i].guest, guest))
			return &a->entry[i];
	return NULL;
}

/* host and st are NULL for a folder that only its contents ask for. */
static void append(struct archive *a, const char *guest, const char *host, const struct stat *st)
{
	if (a->count == a->capacity) {
		a->capacity = a->capacity ? a->capacity * 2 : 64;
		a->entry = xrealloc(a->entry, a->capacity * sizeof(*a->entry));
	}
	a->entry[a->count++] = (struct archive_entry){
		.guest = xstrdup(guest),
		.host = host ? xstrdup(host) : NULL,
		.executable = st && (st->st_mode & 0111),
		.mtime = st && st->st_mtime > 0 && st->st_mtime <= UINT32_MAX ? st->st_mtime : 0,
	};
}

static void add_folder(struct archive *a, const char *guest)
{
	struct archive_entry *e;

	if (!*guest)
		return; /* the root is always there */
	e = find(a, guest);
	if (e && e->host)
		die("/%s is a file (from %s) and a folder at once", guest, e->host);
	if (!e)
		append(a, guest, NULL, NULL);
}

/* The folders above guest, outermost first. */
static void add_parents(struct archive *a, const char *guest)
{
	char *path = xstrdup(guest);

	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		add_folder(a, path);
		*slash = '/';
	}
	free(path);
}

static void add_file(struct archive *a, const char *guest, const char *host, const struct stat *st)
{
	struct archive_entry *e = find(a, guest);

	if (!*guest)
		die("%s: a file needs a name in the image", host);
	if (e)
		die("/%s is in the image twice: %s and %s", guest, e->host ? e->host : "a folder",
		    host);
	add_parents(a, guest);
	append(a, guest, host, st);
}

static void add_tree(struct archive *a, const char *guest, const char *host, unsigned depth);

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_children(struct archive *a, const char *guest, const char *host, unsigned depth)
{
	struct dirent **list;
	int n = scandir(host, &list, NULL, by_bytes);

	if (n < 0)
		die("%s: %s", host, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (strcmp(name, ".") && strcmp(name, "..")) {
			char *h = xasprintf("%s/%s", host, name);
			char *g = xasprintf("%s%s%s", guest, *guest ? "/" : "", name);

			add_tree(a, g, h, depth + 1);
			free(h);
			free(g);
		}
		free(list[i]);
	}
	free(list);
}

static void add_tree(struct archive *a, const char *guest, const char *host, unsigned depth)
{
	struct stat st;

	if (depth > MAX_DEPTH)
		die("%s: folders are nested deeper than %d", host, MAX_DEPTH);
	if (strlen(guest) > MAX_GUEST_PATH)
		die("%s: the path in the image is longer than %d bytes", host, MAX_GUEST_PATH);
	if (stat(host, &st))
		die("%s: %s", host, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		add_file(a, guest, host, &st);
	} else if (S_ISDIR(st.st_mode)) {
		add_parents(a, guest);
		add_folder(a, guest);
		add_children(a, guest, host, depth);
	} else {
		die("%s: is neither a file nor a folder", host);
	}
}

void archive_add(struct archive *a, const char *spec)
{
	const char *colon = strrchr(spec, ':');
	char *host = xstrdup(spec), *guest;
	size_t n;

	if (colon) {
		host[colon - spec] = '\0';
		guest = archive_normalize(colon + 1);
	} else {
		for (n = strlen(host); n > 1 && host[n - 1] == '/'; n--)
			host[n - 1] = '\0';
		guest = archive_normalize(base_name(host));
	}
	if (!*host)
		usage_error("\"%s\": the part before the colon, a file of this machine, is empty",
			    spec);
	add_tree(a, guest, host, 0);
	free(host);
	free(guest);
}

static void check_app(const char *host)
{
	struct buffer b = file_read_all(host);
	struct elf_image image;
	const char *why;

	if (elf_parse(b.data, b.len, &image, &why))
		die("%s: %s", host, why);
	buffer_free(&b);
}

char *archive_add_app(struct archive *a, const char *host)
{
	char *guest = xasprintf("bin/%s", base_name(host)), *path;
	struct stat st;

	check_app(host);
	if (stat(host, &st))
		die("%s: %s", host, strerror(errno));
	st.st_mode |= 0111; /* whatever the host thinks of it */
	add_file(a, guest, host, &st);
	path = xasprintf("/%s", guest);
	free(guest);
	return path;
}

void archive_free(struct archive *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->entry[i].guest);
		free(a->entry[i].host);
	}
	free(a->entry);
	*a = (struct archive){0};
}
