/* SPDX-License-Identifier: MIT */
/* Whose processor it is, where Intel's and others' differ; for tests/guest. */
#ifndef VENDOR_H
#define VENDOR_H

#include <stdbool.h>

static inline bool on_intel(void)
{
	unsigned a = 0, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return b == 0x756e6547; /* "Genu" */
}

static inline bool under_hypervisor(void)
{
	unsigned a = 1, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return c >> 31;
}

#endif
