/* SPDX-License-Identifier: MIT */
/* signalfd(2), Linux's. */
#ifndef _SYS_SIGNALFD_H
#define _SYS_SIGNALFD_H

#include <signal.h>
#include <sys/cdefs.h>
#define abi_signalfd_siginfo signalfd_siginfo
#include <abi/signalfd.h>
#undef abi_signalfd_siginfo

__BEGIN_DECLS
int signalfd(int fd, const sigset_t *mask, int flags);
__END_DECLS

#endif
