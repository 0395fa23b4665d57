/* SPDX-License-Identifier: MIT */
/* Waiting on a word of the app's (core/futex.c). Thread context. */
#ifndef CORE_FUTEX_H
#define CORE_FUTEX_H

#include <core/compiler.h>

/* Wakes at most n of those that wait on the word at addr, for a bit of bitset; how many it were. */
long futex_wake(uintptr_t addr, uint32_t n, uint32_t bitset);

#endif
