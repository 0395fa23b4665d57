/* SPDX-License-Identifier: MIT */
/* eventfd: Linux's values, seen by both rings. */
#ifndef ABI_EVENTFD_H
#define ABI_EVENTFD_H

#define EFD_SEMAPHORE 1
#define EFD_NONBLOCK  04000
#define EFD_CLOEXEC   02000000

#endif
