/* SPDX-License-Identifier: MIT */
/* eventfd(2), Linux's. */
#ifndef _SYS_EVENTFD_H
#define _SYS_EVENTFD_H

#include <stdint.h>
#include <sys/cdefs.h>
#include <abi/eventfd.h>

typedef uint64_t eventfd_t;

__BEGIN_DECLS
int eventfd(unsigned count, int flags);
int eventfd_read(int fd, eventfd_t *value);
int eventfd_write(int fd, eventfd_t value);
__END_DECLS

#endif
