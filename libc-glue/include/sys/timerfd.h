/* SPDX-License-Identifier: MIT */
/* timerfd_create(2), Linux's. */
#ifndef _SYS_TIMERFD_H
#define _SYS_TIMERFD_H

#include <time.h>
#include <sys/cdefs.h>
#include <abi/timerfd.h>

__BEGIN_DECLS
int timerfd_create(int clock, int flags);
int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int timerfd_gettime(int fd, struct itimerspec *value);
__END_DECLS

#endif
