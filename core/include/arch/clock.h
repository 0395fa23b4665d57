/* SPDX-License-Identifier: MIT */
/* Contract: the clock, the one-shot timer, the wall clock. */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include <core/compiler.h>

/* Nanoseconds since the core's first instruction; monotonic, any context. */
uint64_t arch_clock_now(void);
/* The same at the counter's own rate, as if none had ever been set. */
uint64_t arch_clock_raw(void);
/* Correction of the rate at which time goes by, in 2^-32, less than a quarter; the caller has the
 * timer armed anew. Any context. */
void arch_clock_set_rate(int64_t rate);
/* Nanoseconds since 1970 UTC: arch_clock_now() plus what was set; the vDSO (arch/vdso.h) has it too. */
uint64_t arch_clock_realtime(void);
void arch_clock_set_realtime(uint64_t offset);
/* Interrupt at (or soon after) this time of arch_clock_now(), once; replaces the one before. */
void arch_timer_set(uint64_t deadline);
void arch_timer_stop(void);
/* Seconds since 1970 from the machine's wall clock, read once at boot; 0 if it has none. */
uint64_t arch_wall_clock(void);

#endif
