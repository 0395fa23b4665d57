/* SPDX-License-Identifier: MIT */
/*
 * Test results as TAP on standard output, for the programs of tests/guest: ok() for each check,
 * return done() from main. The line of main's file that tests/system/test_guest.py reads says how
 * the program has to be run and to end.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static int tap_checks, tap_failures;

/* One check; the text, printf-like, says what holds. Returns whether it did. */
__attribute__((format(printf, 2, 3), unused)) static bool ok(bool holds, const char *text, ...)
{
	va_list ap;

	printf("%sok %d - ", holds ? "" : "not ", ++tap_checks);
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	putchar('\n');
	tap_failures += !holds;
	return holds;
}

/* ok() for two numbers that must be the same. */
__attribute__((format(printf, 3, 4), unused)) static bool is(long got, long wanted,
							     const char *text, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, text);
	vsnprintf(what, sizeof(what), text, ap);
	va_end(ap);
	return got == wanted ? ok(true, "%s", what)
			     : ok(false, "%s: got %ld (%#lx), wanted %ld", what, got,
				  (unsigned long)got, wanted);
}

__attribute__((unused)) static void skip(const char *text, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_checks, text, why);
}

/* The plan, and main's status. */
__attribute__((unused)) static int done(void)
{
	printf("1..%d\n", tap_checks);
	return tap_failures != 0;
}

/* These programs run on Linux too; a few checks hold on Ringlet only. */
__attribute__((unused)) static bool on_ringlet(void)
{
	struct utsname name;

	return uname(&name) == 0 && !strncmp(name.version, "Ringlet", 7);
}

/* A system call by its number, without the library: the result, or -errno. */
__attribute__((unused)) static long raw(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif
