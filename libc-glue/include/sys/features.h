/* SPDX-License-Identifier: MIT */
/* newlib's feature tests, and which POSIX options there are. */
#ifndef _RINGLET_SYS_FEATURES_H
#define _RINGLET_SYS_FEATURES_H

#include_next <sys/features.h>

#define _POSIX_VERSION		 200809L
#define _POSIX_TIMERS		 200809L
#define _POSIX_MONOTONIC_CLOCK	 200809L
#define _POSIX_CLOCK_SELECTION	 200809L
#define _POSIX_MAPPED_FILES	 200809L
#define _POSIX_MEMORY_PROTECTION 200809L
#define _POSIX_FSYNC		 200809L
#define _POSIX_NO_TRUNC		 1

#endif
