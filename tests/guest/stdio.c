/* SPDX-License-Identifier: MIT */
/*
 * newlib's formatted input and output as it is built here: C99 and POSIX formats, streams, and what
 * of them is a file.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tap.h"

#define PATH "/tmp/ringlet-stdio"

__attribute__((format(printf, 2, 3))) static void prints(const char *wanted, const char *format,
							 ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ok(!strcmp(text, wanted) && n == (int)strlen(wanted), "%s: %s", format, text);
}

static void check_printf(void)
{
	const char *volatile longer = "longer";
	char small[5];

	prints("-42 42 2a 2A 052", "%d %u %x %X %#o", -42, 42, 42, 42, 42);
	prints("9223372036854775807 -1", "%lld %lld", (long long)INT64_MAX, -1LL);
	prints("18446744073709551615", "%" PRIu64, UINT64_MAX);
	prints("7 -7 ff", "%zu %jd %hhx", (size_t)7, (intmax_t)-7, 0xff);
	prints("3.250000 3.2 1e+100", "%f %.2g %g", 3.25, 3.25, 1e100);
	prints("0x1.8p+1", "%a", 3.0);
	prints("inf -inf nan", "%f %f %f", (double)INFINITY, -(double)INFINITY, (double)NAN);
	prints("1.7976931348623157e+308", "%.17g", DBL_MAX);
	prints("0.1000000000000000055511151231257827", "%.34f", 0.1);
	prints("1.25", "%.2Lf", 1.25L);
	prints("   ab|ab   |00042|+7", "%5s|%-5s|%05d|%+d", "ab", "ab", 42, 7);
	prints("abc %", "%.3s %%", "abcdef");
	is(snprintf(small, sizeof(small), "%s", longer), 6, "snprintf tells the whole length");
	ok(!strcmp(small, "long"), "and cuts off");
}

static void check_scanf(void)
{
	int a = 0, n = 0;
	double d = 0;
	long long l = 0;
	char word[8];

	is(sscanf("12 3.5e2 -9000000000 word", "%d %lf %lld %7s%n", &a, &d, &l, word, &n), 4,
	   "sscanf reads four");
	ok(a == 12 && d == 350.0 && l == -9000000000LL && !strcmp(word, "word") && n == 25,
	   "of the right value");
	is(sscanf("x", "%d", &a), 0, "nothing matches");
	is(sscanf("", "%d", &a), EOF, "the end");
	ok(strtod("0x1p-3", NULL) == 0.125 && strtod("1e400", NULL) == HUGE_VAL, "strtod");
	errno = 0;
	ok(strtol("99999999999999999999", NULL, 10) == LONG_MAX && errno == ERANGE, "strtol");
}

static void check_streams(void)
{
	char line[64];
	struct stat st;
	FILE *f;

	mkdir("/tmp", 0777);
	f = fopen(PATH, "w+");
	if (!ok(f != NULL, "fopen w+"))
		return;
	for (int i = 0; i < 1000; i++)
		fprintf(f, "line %03d\n", i);
	ok(fflush(f) == 0 && stat(PATH, &st) == 0 && st.st_size == 9000, "9000 bytes written");
	ok(fseek(f, 9 * 500, SEEK_SET) == 0 && fgets(line, sizeof(line), f), "seek and read");
	ok(!strcmp(line, "line 500\n") && ftell(f) == 9 * 501, "line 500");
	ok(ungetc('x', f) == 'x' && getc(f) == 'x' && getc(f) == 'l', "ungetc");
	ok(fseek(f, -9, SEEK_END) == 0 && fgets(line, sizeof(line), f) &&
		   !strcmp(line, "line 999\n"),
	   "from the end");
	ok(fgets(line, sizeof(line), f) == NULL && feof(f) && !ferror(f), "end of file");
	fclose(f);
	f = fopen(PATH, "a");
	ok(f && fputs("more", f) >= 0 && fclose(f) == 0, "append");
	ok(stat(PATH, &st) == 0 && st.st_size == 9004, "9004 bytes");
	ok(remove(PATH) == 0 && fopen(PATH, "r") == NULL && errno == ENOENT, "removed");
}

static void check_memstream(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ok(f && fprintf(f, "%d", 12345) == 5 && fclose(f) == 0, "open_memstream");
	ok(size == 5 && !strcmp(text, "12345"), "holds what was printed");
	free(text);
}

int main(void)
{
	check_printf();
	check_scanf();
	check_streams();
	check_memstream();
	is(fileno(stdout), 1, "stdout is descriptor 1");
	return done();
}
