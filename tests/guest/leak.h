/* SPDX-License-Identifier: MIT */
/*
 * Looks for what of the core has reached the app: bytes of the pattern that a core for tests keeps in
 * memory nobody has written (tests/core/poison.c), and addresses of the core's half. Needs
 * core=testing and tap.h's raw().
 */
#ifndef LEAK_H
#define LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "tap.h"

#define TEST_PATTERN	  1005
#define TEST_POISON_STACK 1006

#define LEAK_MASK     0x0f0f0f0f0f0f0f0fUL /* over the pattern while the program keeps it */
#define LEAK_RUN      4			   /* bytes of the pattern that are no accident */
#define LEAK_ALLOWED  16		   /* core addresses that the program itself gives */
#define EVERY_BYTE(b) (0x0101010101010101UL * (uint8_t)(b))

struct leak {
	size_t offset;
	const char *what; /* NULL: none */
	uint64_t word;	  /* the eight bytes there, as far as the buffer goes */
};

static uint64_t leak_masked;
static uint64_t leak_allowed[LEAK_ALLOWED];
static unsigned leak_allowed_count;

/*
 * Where the core has what an app must not see; the sizes are those of a machine under test. Those of
 * the ESPFIX stacks count as a register or an aligned word only: a piece of -1 looks like one.
 */
static const struct {
	uint64_t start, size;
	const char *what;
	bool aligned;
} leak_ranges[] = {
	{0xffff800000000000, 1UL << 32, "an address of the direct map", false},
	{0xffffc00000000000, 1UL << 32, "an address of the core's stacks", false},
	{0xffffd00000000000, 1UL << 32, "an address of device memory", false},
	{0xffffff0000000000, 1UL << 36, "an address of the ESPFIX stacks", true},
	{0xffffffff80000000, 1UL << 20, "an address of the core's image", false},
};

/* Asks the core for its pattern; false without a core that has one. */
__attribute__((unused)) static bool leak_begin(void)
{
	long r = raw(TEST_PATTERN, (long)LEAK_MASK, 0, 0, 0, 0, 0);

	leak_masked = (uint64_t)r;
	return r != -38 /* ENOSYS */;
}

/* What nobody wrote on the core's stack is the pattern for the next call. */
__attribute__((unused)) static void leak_poison_stack(void)
{
	raw(TEST_POISON_STACK, 0, 0, 0, 0, 0, 0);
}

/* A core address that the program uses itself is no leak. */
__attribute__((unused)) static uint64_t leak_allow(uint64_t address)
{
	if (leak_allowed_count < LEAK_ALLOWED)
		leak_allowed[leak_allowed_count++] = address;
	return address;
}

/*
 * What kind of a core address v is; NULL if none, or one that is allowed: the low bits of one that
 * the program has passed may come back as others, where two values overlap in its buffers.
 */
static const char *leak_address(uint64_t v, bool aligned)
{
	if (v >> 48 != 0xffff)
		return NULL;
	for (unsigned i = 0; i < leak_allowed_count; i++)
		if ((leak_allowed[i] ^ v) >> 16 == 0)
			return NULL;
	for (size_t i = 0; i < sizeof(leak_ranges) / sizeof(leak_ranges[0]); i++)
		if (v - leak_ranges[i].start < leak_ranges[i].size &&
		    (aligned || !leak_ranges[i].aligned))
			return leak_ranges[i].what;
	return NULL;
}

static uint8_t leak_byte(unsigned i)
{
	return (uint8_t)((leak_masked ^ LEAK_MASK) >> 8 * (i & 7));
}

/* The bytes from p on, at most n, that follow the pattern from its byte i on. */
static size_t leak_follow(const uint8_t *p, size_t n, unsigned i)
{
	size_t run = 0;

	while (run < n && p[run] == leak_byte(i + (unsigned)run))
		run++;
	return run;
}

/* Bytes of the pattern round position at, whose byte is the pattern's byte i. */
static size_t leak_run(const uint8_t *p, size_t n, size_t at, unsigned i)
{
	size_t before = 0;

	while (before < at && p[at - before - 1] == leak_byte(i - 1 - (unsigned)before))
		before++;
	return before + leak_follow(p + at, n - at, i);
}

static uint64_t leak_word(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n < 8 ? n : 8);
	return v;
}

/* A leak with its anchor in p[at]: a byte of the pattern, or the high byte of an address. */
static struct leak leak_at(const uint8_t *p, size_t n, size_t at, size_t run)
{
	struct leak l = {.offset = at, .word = leak_word(p + at, n - at)};

	if ((p[at] == leak_byte(0) && leak_run(p, n, at, 0) >= run) ||
	    (p[at] == leak_byte(4) && leak_run(p, n, at, 4) >= run))
		l.what = "memory that nobody wrote";
	/* With one more 0xff after it, it is the beginning of a small negative number. */
	if (p[at] == 0xff && at >= 7 && !l.what && !(at + 1 < n && p[at + 1] == 0xff)) {
		l.offset = at - 7;
		l.word = leak_word(p + at - 7, 8);
		/* Elsewhere it is pieces of what the program passed, one over another. */
		if (l.offset % 8 == 0)
			l.what = leak_address(l.word, l.word % 8 == 0);
	}
	return l;
}

static inline uint64_t leak_has_zero(uint64_t v)
{
	return (v - EVERY_BYTE(1)) & ~v & EVERY_BYTE(0x80);
}

/*
 * The first leak in [p, p + n), at any alignment: run bytes of the pattern (LEAK_RUN; 8 where the
 * contents are random), or an address. Of any four bytes of the pattern one is its byte 0 or 4.
 */
__attribute__((unused)) static struct leak leak_search(const void *buf, size_t n, size_t run)
{
	const uint64_t first = EVERY_BYTE(leak_byte(0)), fifth = EVERY_BYTE(leak_byte(4));
	const uint8_t *p = buf;
	struct leak l = {0};

	for (size_t at = 0; at < n; at++) {
		while (at % 8 == 0 && at + 8 <= n) {
			uint64_t v = leak_word(p + at, 8);

			if (leak_has_zero(v ^ first) | leak_has_zero(v ^ fifth) | leak_has_zero(~v))
				break;
			at += 8;
		}
		if (at >= n)
			break;
		l = leak_at(p, n, at, run);
		if (l.what)
			return l;
	}
	return (struct leak){0};
}

#endif
