/* SPDX-License-Identifier: MIT */
/*
 * What ends the app: signals without a handler, sent, timed, unblocked or raised by a call.
 *
 * guest: args="raise 1" expect=signal:1
 * guest: args="raise 3" expect=signal:3
 * guest: args="raise 6" expect=signal:6
 * guest: args="kill 9" expect=signal:9
 * guest: args="kill 24" expect=signal:24
 * guest: args="raise 34" expect=signal:34
 * guest: args="kill 64" expect=signal:64
 * guest: args="blocked 15" expect=signal:15
 * guest: args="blocked 9" expect=signal:9
 * guest: args="alarm" expect=signal:14
 * guest: args="busy" expect=signal:14
 * guest: args="pipe" expect=signal:13
 * guest: args="suspend" expect=signal:12
 * guest: args="lowest" expect=signal:2
 * guest: args="nothing"
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include "tap.h"

static void block(unsigned long set)
{
	raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set, 0, 8, 0, 0);
}

static void end_by(const char *how, int sig)
{
	struct itimerval soon = {{0, 0}, {0, 20000}};
	unsigned long open = 0;
	int fds[2];

	if (!strcmp(how, "raise")) {
		raise(sig);
	} else if (!strcmp(how, "kill")) {
		kill(getpid(), sig);
	} else if (!strcmp(how, "blocked")) {
		block(~0ul);
		raise(sig);
		block(0);
	} else if (!strcmp(how, "alarm")) {
		setitimer(ITIMER_REAL, &soon, NULL);
		pause();
	} else if (!strcmp(how, "busy")) {
		setitimer(ITIMER_REAL, &soon, NULL);
		for (;;)
			__asm__ volatile("");
	} else if (!strcmp(how, "pipe")) {
		if (pipe(fds) == 0 && close(fds[0]) == 0)
			write(fds[1], "x", 1);
	} else if (!strcmp(how, "suspend")) {
		block(~0ul);
		raise(SIGUSR2);
		raw(SYS_rt_sigsuspend, (long)&open, 8, 0, 0, 0, 0);
	} else if (!strcmp(how, "lowest")) {
		block(~0ul);
		raise(SIGTERM);
		raise(SIGINT);
		raise(SIGUSR1);
		block(0);
	}
}

int main(int argc, char **argv)
{
	static const int nothing[] = {SIGCHLD, SIGURG,	SIGWINCH, SIGCONT,
				      SIGSTOP, SIGTSTP, SIGTTIN,  SIGTTOU};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "nothing")) {
		end_by(argv[1], argc > 2 ? atoi(argv[2]) : 0);
		ok(false, "the app lives on");
		return done();
	}
	/* On Linux the last four would stop it; here nobody could continue it. */
	for (int i = 0; i < (on_ringlet() ? 8 : 4); i++)
		ok(raise(nothing[i]) == 0 && kill(getpid(), nothing[i]) == 0,
		   "signal %d does nothing", nothing[i]);
	return done();
}
