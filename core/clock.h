/* SPDX-License-Identifier: MIT */
/* Clocks as system calls name them: what sys_time.c, posix_timer.c and clock_adjust.c share. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <abi/time.h>
#include <core/time.h>

#define CLOCK_LONGEST (1ull << 62) /* ns, 146 years: sums of two do not overflow */

struct abi_timespec to_timespec(uint64_t ns);
/* 0 or -EINVAL; TIME_NEVER for what is beyond 64 bits. */
int from_timespec(const struct abi_timespec *ts, uint64_t *ns);

/* Whether timers can go by the clock, which is no CPU clock: 0, -EOPNOTSUPP, -EINVAL. */
int clock_can_wait(int clock);
/* What a moment of such a clock is for the timers: their base and, in *deadline, the base's moment. */
enum timer_base clock_timer_base(int clock, uint64_t *deadline);

#endif
