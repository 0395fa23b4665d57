/* SPDX-License-Identifier: MIT */
/* "bytes=first-last", "bytes=first-", "bytes=-suffix". */
#include <string.h>
#include "range.h"

#define OFFSET_MAX INT64_MAX

/* Takes digits off the text: their value, held at OFFSET_MAX; -1 if there are none. */
static off_t take_number(struct slice *s)
{
	off_t value = -1;

	for (; s->len && *s->text >= '0' && *s->text <= '9'; s->text++, s->len--) {
		if (value < 0)
			value = 0;
		value = value > (OFFSET_MAX - 9) / 10 ? OFFSET_MAX : value * 10 + (*s->text - '0');
	}
	return value;
}

int range_parse(struct slice range, off_t size, off_t *first, off_t *length)
{
	off_t from, to;

	if (range.len < 6 || memcmp(range.text, "bytes=", 6))
		return 0;
	range.text += 6;
	range.len -= 6;
	from = take_number(&range);
	if (!range.len || *range.text != '-')
		return 0;
	range.text++;
	range.len--;
	to = take_number(&range);
	if (range.len || (from < 0 && to < 0) || (from >= 0 && to >= 0 && to < from))
		return 0;
	if (from < 0) {
		if (to == 0 || size == 0)
			return -1;
		*length = to < size ? to : size;
		*first = size - *length;
		return 1;
	}
	if (from >= size)
		return -1;
	if (to < 0 || to >= size)
		to = size - 1;
	*first = from;
	*length = to - from + 1;
	return 1;
}
