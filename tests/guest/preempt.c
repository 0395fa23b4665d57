/* SPDX-License-Identifier: MIT */
/*
 * The timer takes the CPU from a program that never calls the core, for a thread of the core's that
 * wants it too; and the program's registers and red zone do not change by that.
 *
 * guest: core=testing
 */
#include <time.h>
#include "core_calls.h"
#include "spin.h"

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(void)
{
	double start;
	long before, spins, changed;

	is(irq_call(IRQ_SPINNER, 0), 0, "a thread of the core's competes");
	start = seconds();
	while (seconds() - start < 0.05)
		;
	before = irq_call(IRQ_SPINS, 0);
	start = seconds();
	changed = spin(100000000);
	spins = irq_call(IRQ_SPINS, 0) - before;
	printf("# %.3f s without a system call\n", seconds() - start);
	ok(spins >= 5, "it ran %ld times meanwhile", spins);
	is(changed, 0, "registers, flags and red zone are kept");
	return done();
}
