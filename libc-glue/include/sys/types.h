/* SPDX-License-Identifier: MIT */
/* newlib's types; nlink_t as wide as in Linux's struct stat. */
#ifndef _RINGLET_SYS_TYPES_H
#define _RINGLET_SYS_TYPES_H

#ifndef _NLINK_T_DECLARED
typedef unsigned long nlink_t;
#define _NLINK_T_DECLARED
#endif

#include_next <sys/types.h>

#ifndef _LOFF_T_DECLARED
typedef __loff_t loff_t;
#define _LOFF_T_DECLARED
#endif

#endif
