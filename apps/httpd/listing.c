/* SPDX-License-Identifier: MIT */
/* Directory listings: sorted, folders first; names are escaped for HTML and for the link. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "httpd.h"
#include "listing.h"

struct item {
	char name[NAME_MAX + 1];
	bool folder;
	off_t size;
};

static void print_html(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			putc(*text, out);
		}
}

static void print_link(FILE *out, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		    strchr("-._~", c))
			putc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
}

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->folder != y->folder ? y->folder - x->folder : strcmp(x->name, y->name);
}

/* The folder's entries but hidden ones, to be freed; the number in *count. */
static struct item *read_items(const char *folder, size_t *count)
{
	struct item *items = NULL, *more;
	size_t n = 0, room = 0;
	char name[PATH_MAX];
	struct dirent *d;
	struct stat st;
	DIR *dir = opendir(folder);

	if (!dir)
		return NULL;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' ||
		    snprintf(name, sizeof(name), "%s%s", folder, d->d_name) >= (int)sizeof(name) ||
		    stat(name, &st) < 0)
			continue;
		if (n == room) {
			room = room ? room * 2 : 16;
			more = realloc(items, room * sizeof(*items));
			if (!more)
				break;
			items = more;
		}
		strcpy(items[n].name, d->d_name);
		items[n].folder = S_ISDIR(st.st_mode);
		items[n++].size = st.st_size;
	}
	closedir(dir);
	if (n)
		qsort(items, n, sizeof(*items), compare);
	*count = n;
	return items ? items : malloc(1);
}

static void print_page(FILE *out, const char *path, const struct item *items, size_t n)
{
	fputs("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
	      "content='width=device-width'><title>",
	      out);
	print_html(out, path);
	fputs("</title><style>:root{color-scheme:light dark}body{font:16px/1.6 "
	      "system-ui,sans-serif;"
	      "max-width:44rem;margin:2rem auto;padding:0 1rem}td:last-child{text-align:right;"
	      "padding-left:2rem}</style><h1>",
	      out);
	print_html(out, path);
	fputs("</h1><table>", out);
	if (strcmp(path, "/"))
		fputs("<tr><td><a href='../'>../</a><td>", out);
	for (size_t i = 0; i < n; i++) {
		const char *slash = items[i].folder ? "/" : "";

		fputs("<tr><td><a href='", out);
		print_link(out, items[i].name);
		fprintf(out, "%s'>", slash);
		print_html(out, items[i].name);
		fprintf(out, "%s</a><td>", slash);
		if (!items[i].folder)
			fprintf(out, "%lld", (long long)items[i].size);
	}
	fputs("</table></html>\n", out);
}

char *listing_make(const char *path, size_t *len)
{
	char folder[PATH_MAX], *page = NULL;
	struct item *items;
	size_t n;
	FILE *out;

	if (snprintf(folder, sizeof(folder), "%s%s", options.root, path) >= (int)sizeof(folder))
		return NULL;
	items = read_items(folder, &n);
	if (!items)
		return NULL;
	out = open_memstream(&page, len);
	if (out) {
		print_page(out, path, items, n);
		fclose(out);
	}
	free(items);
	return page;
}
