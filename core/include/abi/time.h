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

struct abi_itimerspec {
	struct abi_timespec it_interval, it_value;
};

#endif
