/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of a clock that is made to run faster or slower (core/slew.c): a lasting correction of
 * its rate, and an offset that is worked off by half a thousandth until it is gone. No state of its
 * own, no lock: core/clock_adjust.c has both.
 */
#ifndef CORE_SLEW_H
#define CORE_SLEW_H

#include <core/compiler.h>

#define SLEW_PPM      65536 /* a millionth, in the unit of frequencies: Linux's scaled ppm */
#define SLEW_FREQ_MAX (500 * SLEW_PPM)
#define SLEW_TICK     10000 /* us: what a tick of 10 ms is, without correction */

struct slew {
	int64_t frequency; /* scaled ppm, at most SLEW_FREQ_MAX either way */
	int64_t tick;	   /* us, within a tenth of SLEW_TICK */
	int64_t left;	   /* ns of the offset, when raw time was since */
	uint64_t since;
};

/* What the clock's rate is to be corrected by, in 2^-32. */
int64_t slew_rate(const struct slew *s);
/* Raw time is now: what has been worked off since the last time is no longer left. */
void slew_advance(struct slew *s, uint64_t now);
/* Another offset to work off from now on; ns. */
void slew_begin(struct slew *s, int64_t offset, uint64_t now);
/* Nanoseconds until the offset is worked off; 0 if none is left. */
uint64_t slew_time(const struct slew *s);

#endif
