// SPDX-License-Identifier: MIT
/*
 * Formatted text into a buffer, and reading a number. No floating point, no locale, no allocation;
 * any context. An unknown conversion is copied as it stands, so that a mistake is seen.
 */
#include <abi/errno.h>
#include <core/string.h>

struct out {
	char *buf;
	size_t size, length; /* length counts what did not fit as well */
};

#define FLAG_LEFT  1
#define FLAG_PLUS  2
#define FLAG_SPACE 4
#define FLAG_ALT   8
#define FLAG_ZERO  16

struct spec {
	unsigned flags;
	int width, precision; /* precision -1: none given */
	char length;	      /* 0, or 'H' (hh) h l (also ll z j t) */
	char conv;
};

static void put(struct out *o, char c)
{
	if (o->length + 1 < o->size)
		o->buf[o->length] = c;
	o->length++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_bytes(struct out *o, const char *s, size_t n)
{
	while (n--)
		put(o, *s++);
}

/* Text padded with blanks to the width. */
static void put_field(struct out *o, const struct spec *f, const char *s, size_t n)
{
	int fill = f->width > (int)n ? f->width - (int)n : 0;

	if (!(f->flags & FLAG_LEFT))
		pad(o, ' ', fill);
	put_bytes(o, s, n);
	if (f->flags & FLAG_LEFT)
		pad(o, ' ', fill);
}

#define DIGITS_MAX 24 /* 2^64 in octal has 22 */

/* Writes v's digits in front of end; their count. 0 has none. */
static int digits(char *end, uint64_t v, unsigned base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *p = end;

	for (; v; v /= base)
		*--p = set[v % base];
	return (int)(end - p);
}

static void put_number(struct out *o, const struct spec *f, uint64_t v, unsigned base,
		       const char *prefix)
{
	char text[DIGITS_MAX];
	int n = digits(text + DIGITS_MAX, v, base, f->conv == 'X');
	int zeros = f->precision < 0 ? n == 0 : max(f->precision - n, 0);
	int prefixed = (int)strlen(prefix), fill;

	if (base == 8 && (f->flags & FLAG_ALT) && zeros == 0)
		zeros = 1;
	fill = f->width - prefixed - zeros - n;
	if (f->flags & FLAG_ZERO && !(f->flags & FLAG_LEFT) && f->precision < 0 && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!(f->flags & FLAG_LEFT))
		pad(o, ' ', fill);
	put_bytes(o, prefix, (size_t)prefixed);
	pad(o, '0', zeros);
	put_bytes(o, text + DIGITS_MAX - n, (size_t)n);
	if (f->flags & FLAG_LEFT)
		pad(o, ' ', fill);
}

static int64_t cut_signed(int64_t v, char length)
{
	switch (length) {
	case 'H':
		return (signed char)v;
	case 'h':
		return (short)v;
	case 'l':
		return v;
	}
	return (int)v;
}

static uint64_t cut_unsigned(uint64_t v, char length)
{
	switch (length) {
	case 'H':
		return (unsigned char)v;
	case 'h':
		return (unsigned short)v;
	case 'l':
		return v;
	}
	return (unsigned)v;
}

static void put_signed(struct out *o, const struct spec *f, int64_t v)
{
	const char *sign = f->flags & FLAG_PLUS ? "+" : f->flags & FLAG_SPACE ? " " : "";

	v = cut_signed(v, f->length);
	put_number(o, f, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0 ? "-" : sign);
}

static void put_unsigned(struct out *o, const struct spec *f, uint64_t v)
{
	unsigned base = f->conv == 'u' ? 10 : f->conv == 'o' ? 8 : 16;
	const char *prefix = "";

	v = cut_unsigned(v, f->length);
	if (base == 16 && (f->flags & FLAG_ALT) && v)
		prefix = f->conv == 'X' ? "0X" : "0x";
	put_number(o, f, v, base, prefix);
}

static void put_string(struct out *o, const struct spec *f, const char *s)
{
	if (!s)
		s = "(null)";
	put_field(o, f, s, f->precision < 0 ? strlen(s) : strnlen(s, (size_t)f->precision));
}

/* Reads a decimal number or '*'; the position behind it. Held below 2^20: no one pads by more. */
static const char *parse_count(const char *p, int *out, int star, bool *was_star)
{
	int n = 0;

	*was_star = *p == '*';
	if (*was_star) {
		*out = max(min(star, 1 << 20), -(1 << 20));
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		n = min(n * 10 + (*p - '0'), 1 << 20);
	*out = n;
	return p;
}

static const char *parse_flags(const char *p, struct spec *f)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			f->flags |= FLAG_LEFT;
			break;
		case '+':
			f->flags |= FLAG_PLUS;
			break;
		case ' ':
			f->flags |= FLAG_SPACE;
			break;
		case '#':
			f->flags |= FLAG_ALT;
			break;
		case '0':
			f->flags |= FLAG_ZERO;
			break;
		default:
			return p;
		}
	}
}

static const char *parse_length(const char *p, struct spec *f)
{
	if (p[0] == 'h' && p[1] == 'h') {
		f->length = 'H';
		return p + 2;
	}
	if (p[0] == 'l' && p[1] == 'l') {
		f->length = 'l';
		return p + 2;
	}
	if (*p == 'h') {
		f->length = 'h';
		return p + 1;
	}
	if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't') {
		f->length = 'l';
		return p + 1;
	}
	return p;
}

/* va_list in a struct, because it is an array type and would decay. */
struct args {
	va_list ap;
};

/* Parses what follows '%'; the position of the conversion character. */
static const char *parse_spec(const char *p, struct spec *f, struct args *a)
{
	bool star;

	*f = (struct spec){.precision = -1};
	p = parse_flags(p, f);
	p = parse_count(p, &f->width, *p == '*' ? va_arg(a->ap, int) : 0, &star);
	if (f->width < 0) {
		f->flags |= FLAG_LEFT;
		f->width = -f->width;
	}
	if (*p == '.') {
		p++;
		p = parse_count(p, &f->precision, *p == '*' ? va_arg(a->ap, int) : 0, &star);
		if (f->precision < 0)
			f->precision = -1;
	}
	p = parse_length(p, f);
	f->conv = *p;
	return p;
}

/* False for an unknown conversion. */
static bool convert(struct out *o, struct spec *f, struct args *a)
{
	char c;

	switch (f->conv) {
	case 'd':
	case 'i':
		put_signed(o, f, f->length == 'l' ? va_arg(a->ap, long) : va_arg(a->ap, int));
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(o, f,
			     f->length == 'l' ? va_arg(a->ap, unsigned long)
					      : va_arg(a->ap, unsigned));
		return true;
	case 'p':
		put_number(o, f, (uintptr_t)va_arg(a->ap, void *), 16, "0x");
		return true;
	case 's':
		put_string(o, f, va_arg(a->ap, const char *));
		return true;
	case 'c':
		c = (char)va_arg(a->ap, int);
		put_field(o, f, &c, 1);
		return true;
	case '%':
		put(o, '%');
		return true;
	}
	return false;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {buf, size, 0};
	struct args a;
	struct spec f;

	va_copy(a.ap, ap);
	while (*fmt) {
		const char *start = fmt;

		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &f, &a);
		if (*fmt)
			fmt++;
		if (!convert(&o, &f, &a))
			put_bytes(&o, start, (size_t)(fmt - start));
	}
	va_end(a.ap);
	if (size)
		buf[min(o.length, size - 1)] = '\0';
	return (int)o.length;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int kstrtou64(const char *s, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned d = (unsigned)digit_value(*s);

		if (d >= base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return -EINVAL;
	}
	*out = v;
	return 0;
}
