/* SPDX-License-Identifier: MIT */
/*
 * Waits for a machine check that tests/system/test_machine_check.py injects: in the core, or in ring 3
 * where it tells a page's physical address first. Without arguments it has nothing to say.
 *
 *	core | app | poll
 *
 * guest: args=""
 */
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "core_calls.h"

#define WAIT_MS 20000

static long milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* For as long as nothing else ends it: hardly ever in the core. */
static int stay_in_app(volatile char *page)
{
	long end = milliseconds() + WAIT_MS;

	while (milliseconds() < end)
		for (int i = 0; i < 10000000; i++)
			(void)page[i % 4096];
	return 1;
}

int main(int argc, char **argv)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

	if (argc < 2) {
		printf("1..0\n");
		return 0;
	}
	page[0] = 1;
	printf("page %p at %#lx\n", (void *)page, mce_call(MCE_PHYSICAL, (uintptr_t)page));
	printf("ready\n");
	fflush(stdout);
	if (!strcmp(argv[1], "app"))
		return stay_in_app(page);
	if (!strcmp(argv[1], "core"))
		return mce_call(MCE_STAY, WAIT_MS) == 0;
	for (int i = 0; i < 100 && !mce_call(MCE_STATUS, 5); i++)
		usleep(50000);
	mce_call(MCE_POLL, 0);
	for (int i = 0; i < 100 && mce_call(MCE_STATUS, 5); i++)
		usleep(50000);
	printf("bank 5 is %s\n", mce_call(MCE_STATUS, 5) ? "full" : "empty");
	return 0;
}
