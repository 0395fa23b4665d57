/* SPDX-License-Identifier: MIT */
/*
 * exit_group while threads spin on every CPU, sleep, and call: it ends the program with its status,
 * and no thread goes on in ring 3. "fatal": a signal's default action does the same.
 *
 * guest: run="--smp 1" expect=exit:42 timeout=20
 * guest: run="--smp 2" expect=exit:42 timeout=20
 * guest: run="--smp 4" expect=exit:42 timeout=20
 * guest: run="--smp 4" args="all" expect=exit:42 timeout=20
 * guest: run="--smp 4" args="fatal" expect=signal:11 timeout=20
 *
 * "talk": threads write without end; tests/system/test_end.py looks for what comes too late.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define EACH 6

static struct test_thread thread[3 * EACH];
static uint32_t never, started;

static void spin(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("");
}

static void sleep_on(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		futex(&never, FUTEX_WAIT, 0, 0, 0, 0);
}

static void call_on(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		long at = raw(SYS_mmap, 0, 16384, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*(volatile char *)at = 1;
		raw(SYS_munmap, at, 16384, 0, 0, 0, 0);
	}
}

/* All of them at the same time: one wins. */
static void exit_too(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < 4 * EACH - EACH)
		;
	raw(SYS_exit_group, 42, 0, 0, 0, 0, 0);
}

static void talk(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		raw(SYS_write, 2, (long)"talk\n", 5, 0, 0, 0);
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "all");
	bool talks = argc > 1 && !strcmp(argv[1], "talk");

	for (int i = 0; i < EACH; i++) {
		thread_start(&thread[i], all ? exit_too : talks ? talk : spin, 0);
		thread_start(&thread[EACH + i], sleep_on, 0);
		thread_start(&thread[2 * EACH + i], call_on, 0);
	}
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < 3 * EACH)
		nanosleep(&(struct timespec){0, 1000000}, 0);
	if (argc > 1 && !strcmp(argv[1], "fatal"))
		*(volatile char *)8 = 1;
	if (all)
		for (;;)
			nanosleep(&(struct timespec){1, 0}, 0);
	exit(42);
}
