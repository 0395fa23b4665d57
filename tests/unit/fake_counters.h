/* SPDX-License-Identifier: MIT */
/* What the fake architecture says it counted (fake_counters.c). */
#ifndef FAKE_COUNTERS_H
#define FAKE_COUNTERS_H

#include <arch/counters.h>

extern struct fake_counts {
	struct arch_returns returns;
	unsigned cpus;
	unsigned number; /* the one system call that was made, calls times */
	uint64_t calls, outside;
	unsigned vector; /* the one interrupt that came, n + 1 times on CPU n */
	unsigned lines;	 /* of /proc/cpuinfo: "line 0" and so on */
} fake_counts;

#endif
