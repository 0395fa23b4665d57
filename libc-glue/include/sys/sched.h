/* SPDX-License-Identifier: MIT */
/* Scheduling policies with Linux's numbers. */
#ifndef _SYS_SCHED_H_
#define _SYS_SCHED_H_

#include <sys/_timespec.h>

#define SCHED_OTHER 0
#define SCHED_FIFO  1
#define SCHED_RR    2
#if __GNU_VISIBLE
#define SCHED_BATCH	    3
#define SCHED_IDLE	    5
#define SCHED_RESET_ON_FORK 0x40000000
#endif

struct sched_param {
	int sched_priority;
};

#endif
