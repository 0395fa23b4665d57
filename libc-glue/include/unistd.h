/* SPDX-License-Identifier: MIT */
/* newlib's unistd.h, and the calls it declares for other systems only. */
#ifndef _RINGLET_UNISTD_H
#define _RINGLET_UNISTD_H

#include_next <unistd.h>

__BEGIN_DECLS
#if __BSD_VISIBLE
pid_t gettid(void);
/* Any system call by number: its result, or -1 and errno. */
long syscall(long number, ...);
int brk(void *end);
int pipe2(int fds[2], int flags);
int dup3(int fd, int newfd, int flags);
#endif
__END_DECLS

#endif
