/* SPDX-License-Identifier: MIT */
/*
 * The end of a program: its status, and what still happens on the way out.
 *
 * guest: args="clean"
 * guest: args="status" expect=exit:42
 * guest: args="wide" expect=exit:3
 * guest: args="return" expect=exit:7
 * guest: args="now" expect=exit:9
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int step;

static void late(void)
{
	printf("%sok 2 - atexit functions run, the last one first\n", step == 1 ? "" : "not ");
	step = 2;
}

static void early(void)
{
	printf("%sok 1 - at exit\n", step == 0 ? "" : "not ");
	step = 1;
}

/* What it prints is still in a buffer: that it is seen shows that exit flushes. */
__attribute__((destructor)) static void last(void)
{
	if (step)
		printf("%sok 3 - destructors after them\n1..3\n", step == 2 ? "" : "not ");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "clean")) {
		atexit(late);
		atexit(early);
		exit(0);
	}
	if (!strcmp(mode, "status"))
		exit(42);
	if (!strcmp(mode, "wide"))
		exit(0x1203);
	if (!strcmp(mode, "now")) {
		atexit(late);
		_exit(9);
	}
	return 7;
}
