/* SPDX-License-Identifier: MIT */
/*
 * Says what time it is when main begins: nanoseconds of the system's own clock since it started, and
 * the time-stamp counter, which under QEMU's -icount shift=0 is instructions since the reset. Built
 * for Ringlet and for Linux, where it can be the init.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

int main(void)
{
	struct timespec t;
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	if (clock_gettime(CLOCK_MONOTONIC, &t))
		return 1;
	printf("up %lld ns, ticks %llu\n", t.tv_sec * 1000000000ll + t.tv_nsec,
	       (unsigned long long)((uint64_t)hi << 32 | lo));
	return 0;
}
