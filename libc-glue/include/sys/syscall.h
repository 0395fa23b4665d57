/* SPDX-License-Identifier: MIT */
/* System calls by number: __NR_name and SYS_name for each call the core has. */
#ifndef _SYS_SYSCALL_H
#define _SYS_SYSCALL_H

#include <generated/syscall_numbers.h>

#endif
