// SPDX-License-Identifier: MIT
/*
 * The cpio "newc" reader (core/cpio.h): a header of ASCII fields, the name, the data, each padded to
 * 4 bytes. Owns nothing but the text of the newest error; every field is distrusted. Called by
 * fs/archive.c at boot and by the host's tools.
 */
#include <core/cpio.h>
#include <core/string.h>

#define HEADER_SIZE  110
#define MAGIC_SIZE   6
#define FIELD_DIGITS 8
#define NAME_LIMIT   (64u << 10) /* with the NULs that push data to a page */

/* The fields behind the magic, in the archive's order. */
enum {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_FILESIZE,
	F_DEVMAJOR,
	F_DEVMINOR,
	F_RDEVMAJOR,
	F_RDEVMINOR,
	F_NAMESIZE,
	F_CHECK,
	FIELDS
};

static char why_text[160];

/* what " at offset N"; what is said of the archive: "is ...", "has ...". */
static int fail(const char **why, const char *what, size_t offset)
{
	static const char where[] = " at offset ";
	char digits[20], *end = why_text + sizeof(why_text) - sizeof(where) - sizeof(digits);
	char *p = why_text;
	unsigned n = 0;

	while (*what && p < end)
		*p++ = *what++;
	memcpy(p, where, sizeof(where) - 1);
	p += sizeof(where) - 1;
	do
		digits[n++] = (char)('0' + offset % 10);
	while (offset /= 10);
	while (n)
		*p++ = digits[--n];
	*p = '\0';
	*why = why_text;
	return -1;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_fields(const uint8_t *p, uint32_t field[FIELDS])
{
	for (unsigned f = 0; f < FIELDS; f++) {
		uint32_t v = 0;

		for (unsigned i = 0; i < FIELD_DIGITS; i++) {
			int d = hex_digit(*p++);

			if (d < 0)
				return -1;
			v = v << 4 | (uint32_t)d;
		}
		field[f] = v;
	}
	return 0;
}

/* What is wrong with a header that does not begin with newc's magic. */
static const char *wrong_magic(const uint8_t *p, size_t offset)
{
	static const uint8_t gzip[] = {0x1f, 0x8b};

	if (offset)
		return "has no entry header";
	if (!memcmp(p, gzip, sizeof(gzip)))
		return "is compressed and must not be: no cpio header";
	if (!memcmp(p, "070702", MAGIC_SIZE))
		return "is of cpio's crc format, not newc (cpio -H newc): wrong header";
	if (!memcmp(p, "070707", MAGIC_SIZE))
		return "is of cpio's odc format, not newc (cpio -H newc): wrong header";
	return "is no cpio archive of the newc format: no header";
}

void cpio_begin(struct cpio *c, const void *archive, size_t size)
{
	c->base = archive;
	c->size = size;
	c->offset = 0;
}

/* Name and data of the entry at c->offset; moves on. size is what is left from there. */
static int take_entry(struct cpio *c, struct cpio_entry *e, const uint32_t *field, const char **why)
{
	const uint8_t *p = c->base + c->offset;
	size_t left = c->size - c->offset, namesize = field[F_NAMESIZE];
	size_t data = (HEADER_SIZE + namesize + 3) & ~(size_t)3, next;

	if (!namesize || namesize > NAME_LIMIT)
		return fail(why, "has a name of absurd size", c->offset);
	if (HEADER_SIZE + namesize > left)
		return fail(why, "is truncated in a name", c->offset);
	if (p[HEADER_SIZE + namesize - 1])
		return fail(why, "has a name without its end", c->offset);
	e->name = (const char *)p + HEADER_SIZE;
	e->name_len = strlen(e->name);
	e->size = field[F_FILESIZE];
	if (e->size && (data > left || e->size > left - data))
		return fail(why, "is truncated in a file's data", c->offset);
	e->data = e->size ? p + data : p + HEADER_SIZE;
	/* The last entry's padding may be cut off. */
	next = data + ((e->size + 3) & ~(uint64_t)3);
	c->offset += next < left ? next : left;
	return 0;
}

int cpio_next(struct cpio *c, struct cpio_entry *e, const char **why)
{
	const uint8_t *p = c->base + c->offset;
	size_t left = c->size - c->offset;
	uint32_t field[FIELDS];

	if (!left)
		return fail(why, "ends without its trailer: is truncated", c->offset);
	if (left < MAGIC_SIZE || memcmp(p, "070701", MAGIC_SIZE))
		return fail(why,
			    left < MAGIC_SIZE ? "is truncated in a header"
					      : wrong_magic(p, c->offset),
			    c->offset);
	if (left < HEADER_SIZE)
		return fail(why, "is truncated in a header", c->offset);
	if (parse_fields(p + MAGIC_SIZE, field))
		return fail(why, "has a header field that is no hexadecimal number", c->offset);
	if (take_entry(c, e, field, why))
		return -1;
	e->ino = field[F_INO];
	e->mode = field[F_MODE];
	e->uid = field[F_UID];
	e->gid = field[F_GID];
	e->nlink = field[F_NLINK];
	e->mtime = field[F_MTIME];
	e->devmajor = field[F_DEVMAJOR];
	e->devminor = field[F_DEVMINOR];
	e->rdevmajor = field[F_RDEVMAJOR];
	e->rdevminor = field[F_RDEVMINOR];
	return strcmp(e->name, "TRAILER!!!") ? 1 : 0;
}
