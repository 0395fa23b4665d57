/* SPDX-License-Identifier: MIT */
/* What is told of the machine in more than one place (core/sys_info.c, core/sys_process.c). */
#ifndef CORE_SYSINFO_H
#define CORE_SYSINFO_H

#include <core/compiler.h>

/* How many CPUs were busy over 1, 5 and 15 minutes; 1 << 32: one. Thread context. */
void load_averages(uint64_t out[3]);

#define HOSTNAME_MOST 64
/* The machine's name, or its domain's, at most HOSTNAME_MOST bytes and a NUL. */
void system_name(bool domain, char *to);
/* Linux's release that this answers to. */
#define SYSTEM_RELEASE "6.1.0-ringlet"

#endif
