/* SPDX-License-Identifier: MIT */
/*
 * The timer interrupts the program and leaves no trace: general and vector registers, flags, x87
 * and the red zone are as they were, for as long as the argument says in milliseconds.
 *
 * guest: args="300"
 * guest: args="3000" run="--smp 2"
 */
#include <stdlib.h>
#include <time.h>
#include "spin.h"
#include "tap.h"

static long milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long end = milliseconds() + (argc > 1 ? atol(argv[1]) : 300), changed = 0;
	long rounds = 0;

	do {
		changed |= spin(1000000);
		rounds++;
	} while (milliseconds() < end);
	ok(changed == 0, "registers, flags and red zone are kept over %ld rounds (%#lx)", rounds,
	   (unsigned long)changed);
	return done();
}
