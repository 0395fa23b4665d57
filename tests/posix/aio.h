/* SPDX-License-Identifier: MIT */
/*
 * Compiled before the tests of asynchronous input and output: they ask for the standard of 2001 and
 * else call themselves unsupported, and C libraries name a later one since.
 */
#include <unistd.h>

#undef _POSIX_ASYNCHRONOUS_IO
#define _POSIX_ASYNCHRONOUS_IO 200112L
