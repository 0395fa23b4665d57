/* SPDX-License-Identifier: MIT */
/*
 * The library's memory and string functions against plain loops: every length and alignment that
 * makes a difference, overlapping moves, and strings that end at the end of a page.
 *
 * guest:
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "tap.h"

#define MAX  300
#define AREA (MAX + 128)

static unsigned char before[AREA], area[AREA], wanted[AREA];

static void fill(void)
{
	for (int i = 0; i < AREA; i++)
		before[i] = (unsigned char)(i * 37 + i / 13 + 1);
}

static void copy_plainly(unsigned char *d, const unsigned char *s, size_t n)
{
	unsigned char copy[AREA];

	for (size_t i = 0; i < n; i++)
		copy[i] = s[i];
	for (size_t i = 0; i < n; i++)
		((volatile unsigned char *)d)[i] = copy[i];
}

/* All moves by -20 to 20 bytes within one area. */
static bool moves_are_right(void)
{
	for (size_t n = 0; n < MAX; n++)
		for (int by = -20; by <= 20; by++) {
			memcpy(area, before, AREA);
			memcpy(wanted, before, AREA);
			copy_plainly(wanted + 32 + by, wanted + 32, n);
			if (memmove(area + 32 + by, area + 32, n) != area + 32 + by)
				return false;
			for (int i = 0; i < AREA; i++)
				if (area[i] != wanted[i])
					return false;
		}
	return true;
}

static bool copies_are_right(void)
{
	for (size_t n = 0; n < MAX; n++)
		for (int at = 0; at < 17; at++) {
			for (int i = 0; i < AREA; i++)
				((volatile unsigned char *)area)[i] = 0;
			memcpy(area + at, before + (at * 5) % 16, n);
			for (int i = 0; i < AREA; i++)
				if (area[i] != (i >= at && i < at + (int)n
							? before[(at * 5) % 16 + i - at]
							: 0))
					return false;
		}
	return true;
}

static bool sets_are_right(void)
{
	for (size_t n = 0; n < MAX; n++)
		for (int at = 0; at < 17; at++) {
			memcpy(area, before, AREA);
			if (memset(area + at, 0x1a5, n) != area + at)
				return false;
			for (int i = 0; i < AREA; i++)
				if (area[i] != (i >= at && i < at + (int)n ? 0xa5 : before[i]))
					return false;
		}
	return true;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static bool compares_are_right(void)
{
	for (size_t n = 1; n < MAX; n++)
		for (size_t differs = 0; differs < n; differs++) {
			memcpy(area, before, AREA);
			area[differs + 3] ^= 0x80;
			if (sign(memcmp(area + 3, before + 3, n)) !=
			    sign(area[differs + 3] - before[differs + 3]))
				return false;
			if (memcmp(area + 3, before + 3, differs))
				return false;
		}
	return true;
}

/* Against the end of a page, so that a byte too far is a fault. */
static bool searches_are_right(char *page_end)
{
	volatile size_t endless = (size_t)-1;

	for (size_t n = 1; n < MAX; n++) {
		char *s = page_end - n;

		memset(page_end - AREA, 'z', AREA - n);
		memset(s, 'a', n - 1);
		s[n - 1] = '\0';
		if (strlen(s) != n - 1 || memchr(s, 'b', n) || memchr(s, 'z', n) ||
		    memchr(s, 'a', 0))
			return false;
		for (size_t at = 0; at + 1 < n; at++) {
			s[at] = 'b';
			if (memchr(s, 'b', n) != s + at || memchr(s, 'b', at) ||
			    memchr(s, 'b', endless) != s + at)
				return false;
			s[at] = 'a';
		}
	}
	return true;
}

static bool page_ends_are_right(char *end)
{
	for (size_t n = 0; n < MAX; n++) {
		memcpy(area, end - n, n);
		memset(end - n, 'x', n);
		memmove(end - n, end - n, n);
		if (memcmp(end - n, end - n, n))
			return false;
	}
	return true;
}

int main(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fill();
	ok(copies_are_right(), "memcpy");
	ok(moves_are_right(), "memmove");
	ok(sets_are_right(), "memset");
	ok(compares_are_right(), "memcmp");
	munmap(pages + 4096, 4096);
	ok(searches_are_right(pages + 4096), "memchr and strlen");
	ok(page_ends_are_right(pages + 4096), "nothing behind the end of a page is touched");
	return done();
}
