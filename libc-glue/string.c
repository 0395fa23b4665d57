/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions every program spends its time in, with SSE2, which each x86-64
 * processor has; newlib's are made of REP MOVS and single words. start.c calls memcpy(), so the linker
 * finds these before newlib's. The empty assembly in the loops keeps the compiler from recognising
 * them as calls of the very function they are in.
 */
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

#define KEEP_LOOP(p) __asm__ volatile("" : "+r"(p))

static inline __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline void store(void *p, __m128i v)
{
	_mm_storeu_si128(p, v);
}

static inline uint64_t load8(const void *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store8(void *p, uint64_t v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline uint32_t load4(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store4(void *p, uint32_t v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

/* Up to 32 bytes: both ends, which overlap; all is loaded before any is stored. */
static inline void move_small(char *d, const char *s, size_t n)
{
	if (n >= 16) {
		__m128i a = load(s), b = load(s + n - 16);

		store(d, a);
		store(d + n - 16, b);
	} else if (n >= 8) {
		uint64_t a = load8(s), b = load8(s + n - 8);

		store8(d, a);
		store8(d + n - 8, b);
	} else if (n >= 4) {
		uint32_t a = load4(s), b = load4(s + n - 4);

		store4(d, a);
		store4(d + n - 4, b);
	} else if (n) {
		char a = s[0], b = s[n / 2], c = s[n - 1];

		d[0] = a;
		d[n / 2] = b;
		d[n - 1] = c;
	}
}

static inline void move_forwards(char *d, const char *s, size_t n)
{
	__m128i last = load(s + n - 16);
	char *end = d + n - 16;

	for (; n > 64; n -= 64, d += 64, s += 64) {
		__m128i a = load(s), b = load(s + 16), c = load(s + 32), e = load(s + 48);

		store(d, a);
		store(d + 16, b);
		store(d + 32, c);
		store(d + 48, e);
		KEEP_LOOP(d);
	}
	for (; n > 16; n -= 16, d += 16, s += 16) {
		store(d, load(s));
		KEEP_LOOP(d);
	}
	store(end, last);
}

static inline void move_backwards(char *d, const char *s, size_t n)
{
	__m128i first = load(s);

	for (; n > 16; n -= 16) {
		store(d + n - 16, load(s + n - 16));
		KEEP_LOOP(d);
	}
	store(d, first);
}

void *memcpy(void *restrict d, const void *restrict s, size_t n)
{
	if (n <= 32)
		move_small(d, s, n);
	else
		move_forwards(d, s, n);
	return d;
}

void *memmove(void *d, const void *s, size_t n)
{
	if (n <= 32)
		move_small(d, s, n);
	else if ((uintptr_t)d - (uintptr_t)s >= n)
		move_forwards(d, s, n);
	else
		move_backwards(d, s, n);
	return d;
}

void *memset(void *p, int c, size_t n)
{
	uint64_t word = 0x0101010101010101 * (unsigned char)c;
	__m128i v = _mm_set1_epi8((char)c);
	char *d = p, *end = d + n;

	if (n >= 16) {
		for (; n > 16; n -= 16, d += 16) {
			store(d, v);
			KEEP_LOOP(d);
		}
		store(end - 16, v);
	} else if (n >= 8) {
		store8(d, word);
		store8(end - 8, word);
	} else if (n >= 4) {
		store4(d, (uint32_t)word);
		store4(end - 4, (uint32_t)word);
	} else if (n) {
		d[0] = d[n / 2] = end[-1] = (char)c;
	}
	return p;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= 16; n -= 16, p += 16, q += 16) {
		int same = _mm_movemask_epi8(_mm_cmpeq_epi8(load(p), load(q)));

		if (same != 0xffff) {
			int i = __builtin_ctz(~(unsigned)same);

			return p[i] - q[i];
		}
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/*
 * One bit for each byte of the aligned 16 at p that is c. Aligned loads never touch a page that the
 * string does not touch, whatever lies before and after it.
 */
static inline unsigned matches(const char *p, __m128i c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128((const void *)p), c));
}

void *memchr(const void *s, int c, size_t n)
{
	__m128i wanted = _mm_set1_epi8((char)c);
	unsigned skip = (uintptr_t)s & 15, mask;
	const char *p = (const char *)s - skip;
	const char *found;

	if (!n)
		return NULL;
	mask = matches(p, wanted) >> skip << skip;
	/* Counted from p; a length to the end of memory does not wrap. */
	n = n + skip < n ? SIZE_MAX : n + skip;
	while (!mask) {
		if (n <= 16)
			return NULL;
		n -= 16;
		p += 16;
		mask = matches(p, wanted);
	}
	found = p + __builtin_ctz(mask);
	return (size_t)(found - p) < n ? (void *)found : NULL;
}

size_t strlen(const char *s)
{
	__m128i zero = _mm_setzero_si128();
	unsigned skip = (uintptr_t)s & 15;
	const char *p = s - skip;
	unsigned mask = matches(p, zero) >> skip << skip;

	while (!mask) {
		p += 16;
		mask = matches(p, zero);
	}
	return (size_t)(p - s) + (size_t)__builtin_ctz(mask);
}
