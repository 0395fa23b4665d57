/* SPDX-License-Identifier: MIT */
/* The core for tests: memory that nobody has written holds a pattern (tests/core/poison.c). */
#ifndef CORE_POISON_H
#define CORE_POISON_H

#include <core/compiler.h>

/* Fills [p, p + n): any context, any lock held. */
void poison(void *p, size_t n);

#endif
