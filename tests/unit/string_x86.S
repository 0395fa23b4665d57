/* SPDX-License-Identifier: MIT */
/* The core's own memcpy and friends under names of their own, for test_string.c. */
#define memcpy	core_memcpy
#define memmove core_memmove
#define memset	core_memset
#include "../../arch/x86_64/string.S"
