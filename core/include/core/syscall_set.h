/* SPDX-License-Identifier: MIT */
/*
 * Sets of system calls, and their names in text: what the filter and the tracer take
 * (core/syscall_set.c). Portable, without allocation: shared with the host's tools.
 */
#ifndef CORE_SYSCALL_SET_H
#define CORE_SYSCALL_SET_H

#include <generated/syscall_numbers.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct syscall_set {
	uint64_t word[(SYSCALL_COUNT + 63) / 64];
};

/* False for a number outside the table, whatever it is: the app chooses it. */
static inline bool syscall_set_has(const struct syscall_set *s, long number)
{
	return (unsigned long)number < SYSCALL_COUNT && s->word[number / 64] >> number % 64 & 1;
}

static inline void syscall_set_add(struct syscall_set *s, unsigned number)
{
	s->word[number / 64] |= 1ull << number % 64;
}

/* A set as text is names, split by blanks, line ends and commas; '#' begins a comment in a line. */
struct syscall_names {
	const char *at, *end; /* what is left of the text */
	const char *name;     /* the name found, which is not terminated */
	size_t len;
};

/* The next name of the text at n->at; false at its end. */
bool syscall_names_next(struct syscall_names *n);
/* The number of the call with this name, or -1. */
int syscall_number(const char *name, size_t len);
/*
 * Adds the calls named in size bytes of text. 0, or -1 with *bad at the first name that is no call
 * of this core's.
 */
int syscall_set_parse(struct syscall_set *s, const char *text, size_t size,
		      struct syscall_names *bad);

#endif
