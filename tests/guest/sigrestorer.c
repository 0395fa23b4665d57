/* SPDX-License-Identifier: MIT */
/*
 * A handler that was given no way back is not entered: the signal ends the program by SIGSEGV, as on
 * Linux.
 *
 * guest: expect=signal:11
 */
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "tap.h"

static void handler(int signal)
{
	(void)signal;
	raw(SYS_exit_group, 3, 0, 0, 0, 0, 0);
}

int main(void)
{
	uint64_t action[4] = {(uint64_t)(uintptr_t)handler, 0, 0, 0};

	raw(SYS_rt_sigaction, SIGUSR1, (long)action, 0, 8, 0, 0);
	raw(SYS_kill, raw(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGUSR1, 0, 0, 0, 0);
	return 4;
}
