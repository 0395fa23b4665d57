/* SPDX-License-Identifier: MIT */
/*
 * System calls, page faults and ring 3 under NMIs that the machine's timer raises at any moment, at the
 * rate of the second argument, for as many milliseconds as the first says: one instruction at a time
 * and, counted, at every place. The app's GS base looks like the core's. Nothing may change.
 *
 * guest: core=testing args="2000 2000"
 * guest: core=testing args="2000 2000" run="--qemu -singlestep"
 * guest: core=testing args="300 100000" run="--icount"
 * guest: core=testing args="1000 2000 no-fsgsbase" run="--qemu '-cpu max,-fsgsbase -singlestep'"
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "core_calls.h"
#include "spin.h"

#define PAGES 1024

static long milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long end = milliseconds() + (argc > 1 ? atol(argv[1]) : 100), before, calls = 0;
	bool keeps_base = argc < 4, well = true;
	volatile char *fresh = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long page = 0;

	if (keeps_base)
		gs_base_set(CORE_LIKE_BASE);
	before = nmi_call(NMI_COUNT, 0);
	nmi_call(NMI_RATE, argc > 2 ? (uint64_t)atol(argv[2]) : 1000);
	while (milliseconds() < end && well) {
		for (int i = 0; i < 100; i++, calls++)
			well &= raw(SYS_getppid, 0, 0, 0, 0, 0, 0) == 0;
		well &= spin(10) == 0 && (!keeps_base || gs_base() == CORE_LIKE_BASE);
		fresh[page++ % PAGES * 4096] = 1;
		if (page % PAGES == 0)
			madvise((void *)fresh, PAGES * 4096, MADV_DONTNEED);
	}
	nmi_call(NMI_RATE, 0);
	ok(well, "all is as it was after %ld system calls", calls);
	ok(nmi_call(NMI_COUNT, 0) - before > 50, "%ld NMIs came", nmi_call(NMI_COUNT, 0) - before);
	return done();
}
