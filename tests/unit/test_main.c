// SPDX-License-Identifier: MIT
/* main() of every unit test: runs the registered tests and prints TAP. */
#include "test.h"

#include <stdarg.h>

static struct test *tests;
static struct test **tests_end = &tests;
static bool failed;
static jmp_buf test_end;

void test_register(struct test *t)
{
	*tests_end = t;
	tests_end = &t->next;
}

static void report(const char *file, int line, const char *fmt, va_list ap)
{
	failed = true;
	printf("# %s:%d: ", file, line);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(file, line, fmt, ap);
	va_end(ap);
}

void test_abort(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(file, line, fmt, ap);
	va_end(ap);
	longjmp(test_end, 1);
}

__attribute__((weak)) void test_setup(void)
{
	fake_boot();
}

static bool run(const struct test *t)
{
	failed = false;
	fake_reset();
	if (!setjmp(test_end))
		t->run();
	return !failed;
}

int main(int argc, char **argv)
{
	unsigned count = 0, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	test_setup();
	for (const struct test *t = tests; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name))
			continue;
		bool ok = run(t);

		count++;
		bad += !ok;
		printf("%sok %u - %s\n", ok ? "" : "not ", count, t->name);
	}
	printf("1..%u\n", count);
	fake_reset();
	return bad || !count;
}
