/* SPDX-License-Identifier: MIT */
/* lwIP's <stdlib.h> in the core: atoi() for the number in an interface's name, and no more. */
#ifndef NET_LIBC_STDLIB_H
#define NET_LIBC_STDLIB_H

static inline int atoi(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (*s++ - '0');
	return n;
}

#endif
