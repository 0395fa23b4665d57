/* SPDX-License-Identifier: MIT */
/*
 * System calls: handlers sys_NAME, declared from core/syscall.tbl. The table is indexed by number;
 * entry.S masks the index against speculation and calls the entry with the C ABI's registers.
 */
#ifndef CORE_SYSCALL_H
#define CORE_SYSCALL_H

#include <core/compiler.h>
#include <core/syscall_info.h>

struct abi_stat;
struct abi_pollfd;
struct abi_timespec;
struct abi_timeval;
struct abi_msghdr;
struct abi_itimerval;
struct abi_futex_waitv;
struct abi_itimerspec;
struct abi_sigevent;
struct abi_epoll_event;
struct abi_timex;
struct abi_stack;
struct iovec;

#include <generated/syscall_protos.h> /* long sys_read(int fd, ...); and so on */

typedef long (*syscall_handler)(void);
extern const syscall_handler syscall_table[];

/* What numbers outside the table get: logs the number once, with the caller's place. -ENOSYS. */
long sys_unknown(void);

#endif
