/* SPDX-License-Identifier: MIT */
/*
 * The unit tests' harness: each tests/unit/test_NAME.c is one program of TEST()s, linked with
 * test_main.c and the portable core over the fake architecture (fake.h). Output is TAP, the exit
 * status 0 if all passed. Tests run in the order of the file; between two of them fake_reset() puts
 * clock, ports, app memory and injected failures back.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);
/* Marks the running test as failed; it goes on. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, and ends the running test. */
_Noreturn void test_abort(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Called once before the first test; the default is fake_boot(). A test program may define it. */
void test_setup(void);

#define TEST(name)                                                          \
	static void test_##name(void);                                      \
	static struct test test_entry_##name = {#name, test_##name, NULL};  \
	__attribute__((constructor)) static void test_register_##name(void) \
	{                                                                   \
		test_register(&test_entry_##name);                          \
	}                                                                   \
	static void test_##name(void)

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/* Like CHECK, but nothing after it makes sense if it fails. */
#define REQUIRE(cond)                                                \
	do {                                                         \
		if (!(cond))                                         \
			test_abort(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/* Integers or pointers. */
#define CHECK_EQ(a, b)                                                                            \
	do {                                                                                      \
		long long _va = (long long)(a), _vb = (long long)(b);                             \
		if (_va != _vb)                                                                   \
			test_fail(__FILE__, __LINE__, "%s == %s: %lld (%#llx), not %lld (%#llx)", \
				  #a, #b, _va, _va, _vb, _vb);                                    \
	} while (0)

#define CHECK_STR(a, b)                                                                       \
	do {                                                                                  \
		const char *_sa = (a), *_sb = (b);                                            \
		if (!_sa || !_sb || strcmp(_sa, _sb))                                         \
			test_fail(__FILE__, __LINE__, "%s == %s: \"%s\", not \"%s\"", #a, #b, \
				  _sa ? _sa : "(null)", _sb ? _sb : "(null)");                \
	} while (0)

#define CHECK_MEM(a, b, n)                                                         \
	do {                                                                       \
		if (memcmp((a), (b), (n)))                                         \
			test_fail(__FILE__, __LINE__, "%s and %s differ", #a, #b); \
	} while (0)

/* The statement must end in panic(), boot_fail(), process_exit() or the machine's end. */
#define CHECK_PANIC(stmt)                                                         \
	do {                                                                      \
		jmp_buf _env;                                                     \
		if (!setjmp(_env)) {                                              \
			fake_expect_end(&_env);                                   \
			stmt;                                                     \
			fake_expect_end(NULL);                                    \
			test_fail(__FILE__, __LINE__, "%s did not panic", #stmt); \
		}                                                                 \
	} while (0)

#endif
