/* SPDX-License-Identifier: MIT */
/*
 * What is known of each system call beside its handler: generated from core/syscall.tbl for the
 * core, its unit tests and the host's tools.
 */
#ifndef CORE_SYSCALL_INFO_H
#define CORE_SYSCALL_INFO_H

/* The name (NULL: no such call), and a letter for each argument (core/trace.c). */
struct syscall_info {
	const char *name, *kinds;
};
/* Indexed by number, SYSCALL_COUNT of them. */
extern const struct syscall_info syscall_infos[];

#endif
