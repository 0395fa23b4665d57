/* SPDX-License-Identifier: MIT */
/* timerfd: Linux's values, seen by both rings. */
#ifndef ABI_TIMERFD_H
#define ABI_TIMERFD_H

#define TFD_TIMER_ABSTIME	1
#define TFD_TIMER_CANCEL_ON_SET 2
#define TFD_NONBLOCK		04000
#define TFD_CLOEXEC		02000000

#endif
