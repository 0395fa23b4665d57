/* SPDX-License-Identifier: MIT */
/* Byte order; newlib has it under sys/. */
#include <sys/endian.h>
