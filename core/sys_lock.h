/* SPDX-License-Identifier: MIT */
/* The lock commands of fcntl, for core/sys_fd.c; core/sys_lock.c has them. arg: a struct flock's. */
#ifndef CORE_SYS_LOCK_H
#define CORE_SYS_LOCK_H

struct file;

long record_set(struct file *f, unsigned cmd, unsigned long arg);
long record_test(struct file *f, unsigned cmd, unsigned long arg);

#endif
