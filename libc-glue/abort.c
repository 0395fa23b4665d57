/* SPDX-License-Identifier: MIT */
/*
 * abort(), which ends the program by SIGABRT even where that is blocked or ignored. newlib's own does
 * not; ringlet-cc asks for this one by name, as for raise().
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void abort(void)
{
	struct sigaction plain = {.sa_flags = 0};
	sigset_t one = 1UL << (SIGABRT - 1);

	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(SIGABRT);
	/* It was ignored, or its handler returned. */
	sigaction(SIGABRT, &plain, NULL);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(SIGABRT);
	_exit(127);
}
