/* SPDX-License-Identifier: MIT */
/* A clock that is led astray: what tests/guest/clock_source.c asks for. Thread context. */
#include <abi/errno.h>
#include <arch/clock.h>
#include <core/syscall.h>
#include <core/time.h>
#include <x86/clock.h>

/* As tests/guest/clock_source.c numbers them. */
enum {
	TEST_BY_TSC,	/* 1 if the clock goes by the TSC */
	TEST_UNEVEN,	/* the TSC seems to run `a` ppm faster than it was measured */
	TEST_HOLD,	/* the CPUs' counters seem to be apart for good */
	TEST_LEAVE_TSC, /* 1 if the clock goes by another counter now */
};

long sys_test_clock(unsigned op, uint64_t a)
{
	switch (op) {
	case TEST_BY_TSC:
		return clock_source_now() == &clock_tsc;
	case TEST_UNEVEN:
		clock_go_by(&clock_tsc, clock_raw_mult() - clock_raw_mult() / 1000000 * a);
		timer_rearm();
		return 0;
	case TEST_HOLD:
		clock_hold();
		return 0;
	case TEST_LEAVE_TSC:
		return clock_leave_tsc("as the test wants");
	}
	return -EINVAL;
}
