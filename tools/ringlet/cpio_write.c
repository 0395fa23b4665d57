/* SPDX-License-Identifier: MIT */
/*
 * Writes the cpio "newc" archive. A header is 110 characters, then the name, then the data, each
 * padded to 4. namesize may exceed the name: NULs after it push the data to the start of a page,
 * where the core maps it without a copy. Then everything is read back with the core's parser.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <core/cpio.h>
#include "archive.h"
#include "tool.h"

#define HEADER_SIZE 110
#define BLOCK_SIZE  512 /* archives end at a multiple of it */
#define SIZE_LIMIT  0xffffffffu

struct writer {
	int fd;
	const char *name;
	size_t offset;
	unsigned long mtime; /* of the entry to come */
	unsigned ino;
};

static void emit(struct writer *w, const void *data, size_t n)
{
	if (write_all(w->fd, data, n))
		die("%s: %s", w->name, strerror(errno));
	w->offset += n;
}

static void emit_zeros(struct writer *w, size_t n)
{
	static const char zeros[ARCHIVE_PAGE];

	for (; n > sizeof(zeros); n -= sizeof(zeros))
		emit(w, zeros, sizeof(zeros));
	emit(w, zeros, n);
}

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Header and name of an entry; align is what the data's offset must be a multiple of. */
static void emit_header(struct writer *w, const char *name, unsigned mode, unsigned nlink,
			size_t size, size_t align)
{
	size_t name_at = w->offset + HEADER_SIZE;
	size_t data_at = round_up(name_at + strlen(name) + 1, align);
	char header[HEADER_SIZE + 1];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08lx%08zx%08x%08x%08x%08x%08zx%08x", w->ino++, mode, 0,
		 0, nlink, w->mtime, size, 0, 0, 0, 0, data_at - name_at, 0);
	emit(w, header, HEADER_SIZE);
	emit(w, name, strlen(name));
	emit_zeros(w, data_at - w->offset);
}

static void emit_entry(struct writer *w, const struct archive_entry *e)
{
	struct buffer b;

	if (e->link) {
		emit_header(w, e->guest, S_IFLNK | 0777, 1, strlen(e->link), 4);
		emit(w, e->link, strlen(e->link));
		emit_zeros(w, round_up(w->offset, 4) - w->offset);
		return;
	}
	if (!e->host) {
		emit_header(w, e->guest, S_IFDIR | 0755, 2, 0, 4);
		return;
	}
	b = file_read_all(e->host);
	if (b.len > SIZE_LIMIT)
		die("%s: files above 4 GiB do not fit in an image", e->host);
	emit_header(w, e->guest, S_IFREG | (e->executable ? 0755 : 0644), 1, b.len,
		    b.len ? ARCHIVE_PAGE : 4);
	emit(w, b.data, b.len);
	emit_zeros(w, round_up(w->offset, 4) - w->offset);
	buffer_free(&b);
}

size_t archive_write(const struct archive *a, int fd, const char *name)
{
	struct writer w = {.fd = fd, .name = name, .ino = 1};
	void *map;

	for (size_t i = 0; i < a->count; i++) {
		w.mtime = source_date(a->host_dates ? a->entry[i].mtime : 0);
		emit_entry(&w, &a->entry[i]);
	}
	w.ino = 0;
	w.mtime = 0;
	emit_header(&w, "TRAILER!!!", 0, 1, 0, 4);
	emit_zeros(&w, round_up(w.offset, BLOCK_SIZE) - w.offset);
	map = mmap(NULL, w.offset, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: cannot be read back: %s", name, strerror(errno));
	archive_check(map, w.offset, name);
	munmap(map, w.offset);
	return w.offset;
}

void archive_check(const void *data, size_t size, const char *name)
{
	struct cpio_entry e;
	struct cpio c;
	const char *why;
	bool app = false;
	int r;

	cpio_begin(&c, data, size);
	while ((r = cpio_next(&c, &e, &why)) == 1)
		app |= (e.mode & S_IFMT) == S_IFREG && (e.mode & 0111);
	if (r < 0)
		die("%s: corrupt cpio archive: %s", name, why);
	if (!app)
		die("%s: holds no app (no executable file)", name);
}
