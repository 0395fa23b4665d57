/* SPDX-License-Identifier: MIT */
/* Clocks: Linux's values and layouts on x86-64, seen by both rings. */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#define CLOCK_REALTIME		 0
#define CLOCK_MONOTONIC		 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID	 3
#define CLOCK_MONOTONIC_RAW	 4
#define CLOCK_REALTIME_COARSE	 5
#define CLOCK_MONOTONIC_COARSE	 6
#define CLOCK_BOOTTIME		 7
#define CLOCK_TAI		 11

/* In the ids of CPU clocks, which are negative: of a thread, not of a process. */
#define CPUCLOCK_THREAD 4

#define TIMER_ABSTIME 1

struct abi_timespec {
	long tv_sec, tv_nsec;
};

struct abi_timeval {
	long tv_sec, tv_usec;
};

struct abi_itimerval {
	struct abi_timeval it_interval, it_value;
};

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

struct abi_itimerspec {
	struct abi_timespec it_interval, it_value;
};

#endif
