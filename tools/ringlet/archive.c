/* SPDX-License-Identifier: MIT */
/*
 * What goes into the image: the app first, then the files and folders the user names, each with the
 * folders above it. The order is the order of the command line and, in a folder, of the names'
 * bytes, so the same input gives the same archive. Symbolic links are followed in what the user
 * names, and kept in a prepared tree and on the way to what the tool finds.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive.h"
#include "tool.h"

#define MAX_LINKS      40   /* on the way to a file, as on Linux */
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

/* ---- the list and its index ---- */

/* FNV-1a. */
static size_t slot_of(const struct archive *a, const char *guest)
{
	size_t h = 0xcbf29ce484222325u;

	for (; *guest; guest++)
		h = (h ^ (unsigned char)*guest) * 0x100000001b3u;
	return h & (a->slots - 1);
}

/* The slot that has guest, or the free one that would. */
static size_t *lookup(const struct archive *a, const char *guest)
{
	size_t i = slot_of(a, guest);

	while (a->table[i] && strcmp(a->entry[a->table[i] - 1].guest, guest))
		i = (i + 1) & (a->slots - 1);
	return &a->table[i];
}

static struct archive_entry *find(const struct archive *a, const char *guest)
{
	size_t i = a->slots ? *lookup(a, guest) : 0;

	return i ? &a->entry[i - 1] : NULL;
}

static void grow(struct archive *a)
{
	a->capacity = a->capacity ? a->capacity * 2 : 64;
	a->entry = xrealloc(a->entry, a->capacity * sizeof(*a->entry));
	a->slots = a->capacity * 2;
	a->table = xrealloc(a->table, a->slots * sizeof(*a->table));
	memset(a->table, 0, a->slots * sizeof(*a->table));
	for (size_t i = 0; i < a->count; i++)
		*lookup(a, a->entry[i].guest) = i + 1;
}

static void append(struct archive *a, struct archive_entry e)
{
	if (a->count == a->capacity)
		grow(a);
	e.guest = xstrdup(e.guest);
	e.host = e.host ? xstrdup(e.host) : NULL;
	e.link = e.link ? xstrdup(e.link) : NULL;
	a->entry[a->count++] = e;
	*lookup(a, e.guest) = a->count;
}

static bool is_folder(const struct archive_entry *e)
{
	return !e->host && !e->link;
}

static const char *origin(const struct archive_entry *e)
{
	return e->host ? e->host : e->link ? e->link : "a folder";
}

/* ---- links ---- */

/* Drops the last component of a path. */
static void go_up(struct buffer *path)
{
	char *slash = strrchr(path->data, '/');

	path->len = slash ? (size_t)(slash - path->data) : 0;
	path->data[path->len] = '\0';
}

/* Takes the first component off *rest into part; false if there is none. */
static bool next_part(const char **rest, struct buffer *part)
{
	const char *s = *rest + strspn(*rest, "/");
	size_t n = strcspn(s, "/");

	part->len = 0;
	buffer_add(part, s, n);
	*rest = s + n;
	return n;
}

/* A link leads elsewhere: *rest becomes its target and what was left; *path where that starts. */
static void follow(struct buffer *path, char **rest, const char **left, const char *target)
{
	char *whole = xasprintf("%s/%s", target, *left);

	if (*target == '/')
		path->data[path->len = 0] = '\0';
	else
		go_up(path);
	free(*rest);
	*rest = whole;
	*left = whole;
}

char *archive_resolve(const struct archive *a, const char *guest, bool last)
{
	char *rest = xstrdup(guest);
	struct buffer path = {0}, part = {0};
	const char *left = rest;
	unsigned links = 0;

	buffer_add(&path, "", 0);
	while (next_part(&left, &part)) {
		const struct archive_entry *e;

		if (!strcmp(part.data, "."))
			continue;
		if (!strcmp(part.data, "..")) {
			go_up(&path);
			continue;
		}
		buffer_addf(&path, "%s%s", path.len ? "/" : "", part.data);
		e = find(a, path.data);
		if (!e || !e->link || (!last && !left[strspn(left, "/")]))
			continue;
		if (++links > MAX_LINKS)
			die("/%s: too many symbolic links in the image", guest);
		follow(&path, &rest, &left, e->link);
	}
	buffer_free(&part);
	free(rest);
	return path.data;
}

struct archive_entry *archive_file(const struct archive *a, const char *guest)
{
	char *path = archive_resolve(a, guest, true);
	struct archive_entry *e = find(a, path);

	free(path);
	return e && e->host ? e : NULL;
}

/* ---- adding ---- */

static void add_folder(struct archive *a, const char *guest)
{
	const struct archive_entry *e;

	if (!*guest)
		return; /* the root is always there */
	e = find(a, guest);
	if (e && !is_folder(e))
		die("/%s is a file (from %s) and a folder at once", guest, origin(e));
	if (!e)
		append(a, (struct archive_entry){.guest = (char *)guest});
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

static uint32_t entry_date(const struct stat *st)
{
	return st->st_mtime > 0 && st->st_mtime <= UINT32_MAX ? (uint32_t)st->st_mtime : 0;
}

/* A file or link in a folder that is there or is made; e's strings are copied. */
static void put(struct archive *a, const struct archive_entry *e)
{
	struct archive_entry *old = find(a, e->guest);

	if (!*e->guest)
		die("%s: a file needs a name in the image", origin(e));
	if (old && (!old->found || is_folder(old)))
		die("/%s is in the image twice: %s and %s", e->guest, origin(old), origin(e));
	if (!old) {
		add_parents(a, e->guest);
		append(a, *e);
		return;
	}
	free(old->host);
	free(old->link);
	old->host = e->host ? xstrdup(e->host) : NULL;
	old->link = e->link ? xstrdup(e->link) : NULL;
	old->executable = e->executable;
	old->mtime = e->mtime;
}

static void add_file(struct archive *a, const char *guest, const char *host, const struct stat *st)
{
	put(a, &(struct archive_entry){.guest = (char *)guest,
				       .host = (char *)host,
				       .executable = st->st_mode & 0111,
				       .mtime = entry_date(st)});
}

static char *read_link(const char *host, const struct stat *st)
{
	size_t size = st->st_size > 0 ? (size_t)st->st_size + 1 : 4096;
	char *target = xrealloc(NULL, size);
	ssize_t n = readlink(host, target, size);

	if (n < 0 || (size_t)n == size)
		die("%s: %s", host, n < 0 ? strerror(errno) : "changed while it was read");
	target[n] = '\0';
	return target;
}

static void add_link(struct archive *a, const char *guest, const char *host, const struct stat *st)
{
	char *target = read_link(host, st);

	put(a, &(struct archive_entry){.guest = (char *)guest,
				       .link = target,
				       .found = true,
				       .mtime = entry_date(st)});
	free(target);
}

struct tree {
	struct archive *archive;
	bool links; /* are kept, not followed */
	unsigned left_out;
};

static void add_tree(struct tree *t, const char *guest, const char *host, unsigned depth);

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_children(struct tree *t, const char *guest, const char *host, unsigned depth)
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

			add_tree(t, g, h, depth + 1);
			free(h);
			free(g);
		}
		free(list[i]);
	}
	free(list);
}

static void add_tree(struct tree *t, const char *guest, const char *host, unsigned depth)
{
	struct archive *a = t->archive;
	struct stat st;
	char *path;

	if (depth > MAX_DEPTH)
		die("%s: folders are nested deeper than %d", host, MAX_DEPTH);
	if (strlen(guest) > MAX_GUEST_PATH)
		die("%s: the path in the image is longer than %d bytes", host, MAX_GUEST_PATH);
	if (t->links ? lstat(host, &st) : stat(host, &st))
		die("%s: %s", host, strerror(errno));
	path = archive_resolve(a, guest, S_ISDIR(st.st_mode));
	if (S_ISREG(st.st_mode)) {
		add_file(a, path, host, &st);
		find(a, path)->found = t->links;
	} else if (S_ISDIR(st.st_mode)) {
		add_parents(a, path);
		add_folder(a, path);
		add_children(t, path, host, depth);
	} else if (S_ISLNK(st.st_mode)) {
		add_link(a, path, host, &st);
	} else if (t->links) {
		t->left_out++;
	} else {
		die("%s: is neither a file nor a folder", host);
	}
	free(path);
}

void archive_add(struct archive *a, const char *spec)
{
	struct tree t = {.archive = a};
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
	add_tree(&t, guest, host, 0);
	free(host);
	free(guest);
}

void archive_add_rootfs(struct archive *a, const char *dir)
{
	struct tree t = {.archive = a, .links = true};
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		usage_error("--rootfs: %s is no folder", dir);
	add_children(&t, "", dir, 0);
	if (t.left_out)
		note("%s: %u devices, pipes or sockets are left out", dir, t.left_out);
}

void archive_add_file(struct archive *a, const char *guest, const char *host, bool executable)
{
	struct stat st;

	if (stat(host, &st))
		die("%s: %s", host, strerror(errno));
	if (executable)
		st.st_mode |= 0111;
	add_file(a, guest, host, &st);
}

/* One step on the way to a file of the host's; false: it is a link, and the way goes on elsewhere. */
static bool add_step(struct archive *a, const char *path, bool last)
{
	const struct archive_entry *e = find(a, path);
	char *host = xasprintf("/%s", path);
	struct stat st;

	if (lstat(host, &st))
		die("%s: %s", host, strerror(errno));
	/* Where the user has put a folder, the host's link is a folder too. */
	if (S_ISLNK(st.st_mode) && !(e && is_folder(e))) {
		if (!e)
			add_link(a, path, host, &st);
		free(host);
		return false;
	}
	if (last && stat(host, &st))
		die("%s: %s", host, strerror(errno));
	if (!last) {
		add_folder(a, path);
	} else if (!e) {
		add_file(a, path, host, &st);
		find(a, path)->found = true;
	}
	free(host);
	return true;
}

void archive_add_path(struct archive *a, const char *host)
{
	char *rest = xstrdup(host);
	struct buffer path = {0}, part = {0};
	const char *left = rest;
	unsigned links = 0;

	buffer_add(&path, "", 0);
	while (next_part(&left, &part)) {
		bool last = !left[strspn(left, "/")];

		if (!strcmp(part.data, "."))
			continue;
		if (!strcmp(part.data, "..")) {
			go_up(&path);
			continue;
		}
		buffer_addf(&path, "%s%s", path.len ? "/" : "", part.data);
		if (add_step(a, path.data, last))
			continue;
		if (++links > MAX_LINKS)
			die("%s: too many symbolic links", host);
		if (!find(a, path.data)->link) {
			/* The user's own file stands for what the link leads to. */
			break;
		}
		follow(&path, &rest, &left, find(a, path.data)->link);
	}
	buffer_free(&part);
	buffer_free(&path);
	free(rest);
}

void archive_free(struct archive *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->entry[i].guest);
		free(a->entry[i].host);
		free(a->entry[i].link);
	}
	free(a->entry);
	free(a->table);
	*a = (struct archive){0};
}
