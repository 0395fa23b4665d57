/* SPDX-License-Identifier: MIT */
/*
 * Prints as many lines as its argument says: something to interrupt.
 *
 * guest: args="10"
 */
#include <stdio.h>
#include <stdlib.h>
#include "tap.h"

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < n; i++)
		printf("# line %d\n", i);
	ok(n > 0, "the lines are out");
	return done();
}
