/* SPDX-License-Identifier: MIT */
/*
 * Does what tests/system asks for: ends in a given way, writes a given amount, echoes its input.
 * Without arguments it has nothing to say.
 *
 *	exit N | raise N | null | spew N | both | cat | sleep N | uptime | args...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* N bytes that a reader can check: decimal numbers, one a line, the last cut off. */
static int spew(long n)
{
	char line[16];

	for (long i = 0; n > 0; i++) {
		int len = snprintf(line, sizeof(line), "%07ld\n", i);

		if (fwrite(line, 1, n < len ? n : len, stdout) == 0)
			return 1;
		n -= len;
	}
	return 0;
}

/* Standard output and error by turns: neither may mix with the other. */
static int both(void)
{
	for (int i = 0; i < 100; i++) {
		fprintf(stdout, "out %d\n", i);
		fflush(stdout);
		fprintf(stderr, "err %d\n", i);
	}
	return 0;
}

static int cat(void)
{
	char buf[512];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			return 1;
	return n < 0;
}

/* Nanoseconds since the core's first instruction: what it took to get here. */
static int uptime(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t))
		return 1;
	printf("up %lld ns\n", t.tv_sec * 1000000000ll + t.tv_nsec);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(what, "uptime"))
		return uptime();
	if (argc < 2) {
		printf("1..0\n");
		return 0;
	}
	if (!strcmp(what, "exit"))
		return n;
	if (!strcmp(what, "raise"))
		return raise(n);
	if (!strcmp(what, "null"))
		return *(volatile int *)(8 + n);
	if (!strcmp(what, "spew"))
		return spew(n);
	if (!strcmp(what, "both"))
		return both();
	if (!strcmp(what, "cat"))
		return cat();
	if (!strcmp(what, "sleep")) {
		puts("sleeping");
		fflush(stdout);
		return sleep(n);
	}
	for (int i = 1; i < argc; i++)
		printf("<%s>\n", argv[i]);
	return 0;
}
