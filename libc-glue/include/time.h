/* SPDX-License-Identifier: MIT */
/* newlib's time functions, with Linux's clock numbers. */
#ifndef _RINGLET_TIME_H
#define _RINGLET_TIME_H

#include_next <time.h>

#undef CLOCK_REALTIME
#undef CLOCK_MONOTONIC
#undef CLOCK_PROCESS_CPUTIME_ID
#undef CLOCK_THREAD_CPUTIME_ID
#undef CLOCK_MONOTONIC_RAW
#undef CLOCK_REALTIME_COARSE
#undef CLOCK_MONOTONIC_COARSE
#undef CLOCK_BOOTTIME
#undef CLOCK_REALTIME_ALARM
#undef CLOCK_BOOTTIME_ALARM
#undef TIMER_ABSTIME
#include <abi/time.h>

__BEGIN_DECLS
#if __MISC_VISIBLE || __POSIX_VISIBLE >= 202405
time_t timegm(struct tm *tm);
#endif
#if __ISO_C_VISIBLE >= 2011
#define TIME_UTC 1
int timespec_get(struct timespec *ts, int base);
#endif
__END_DECLS

#endif
