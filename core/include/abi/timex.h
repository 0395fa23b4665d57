/* SPDX-License-Identifier: MIT */
/* Correcting the clock: Linux's values and layouts on x86-64, seen by both rings. */
#ifndef ABI_TIMEX_H
#define ABI_TIMEX_H

#include <abi/time.h>

/* adjtimex's modes. */
#define ADJ_OFFSET    0x0001
#define ADJ_FREQUENCY 0x0002
#define ADJ_MAXERROR  0x0004
#define ADJ_ESTERROR  0x0008
#define ADJ_STATUS    0x0010
#define ADJ_TIMECONST 0x0020
#define ADJ_TAI	      0x0080
#define ADJ_SETOFFSET 0x0100
#define ADJ_MICRO     0x1000
#define ADJ_NANO      0x2000
#define ADJ_TICK      0x4000
/* With ADJ_OFFSET: adjtime's, a single shot, in us; with the other only asked for. */
#define ADJ_ADJTIME  0x8000
#define ADJ_READONLY 0x2000

/* Its status, and what it answers. */
#define STA_UNSYNC    0x0040
#define STA_NANO      0x2000
#define STA_READ_ONLY 0xff00
#define TIME_OK	      0
#define TIME_ERROR    5

struct abi_timex {
	unsigned modes, pad0;
	long offset, freq, maxerror, esterror;
	int status, pad1;
	long constant, precision, tolerance;
	struct abi_timeval time;
	long tick, ppsfreq, jitter;
	int shift, pad2;
	long stabil, jitcnt, calcnt, errcnt, stbcnt;
	int tai, pad3[11];
};

#endif
