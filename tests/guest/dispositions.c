/* SPDX-License-Identifier: MIT */
/*
 * What a signal does without a handler: its default action, or nothing once it is ignored.
 *
 * guest:
 * guest: args="default" expect=signal:10
 * guest: args="restored" expect=signal:10
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "default"))
		raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	if (!strcmp(mode, "restored")) {
		signal(SIGUSR1, SIG_DFL);
		raise(SIGUSR1);
	}
	ok(raise(SIGUSR1) == 0, "an ignored signal does nothing");
	ok(signal(SIGUSR1, SIG_IGN) == SIG_IGN, "the disposition is told");
	ok(signal(SIGUSR2, SIG_IGN) == SIG_DFL, "the first one is the default");
	ok(raise(SIGCHLD) == 0, "SIGCHLD is ignored by default");
	ok(signal(SIGKILL, SIG_IGN) == SIG_ERR && errno == EINVAL, "SIGKILL cannot be ignored");
	ok(signal(65, SIG_IGN) == SIG_ERR && errno == EINVAL, "there is no signal 65");
	ok(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4) == -1 && errno == EINVAL,
	   "a mask of another size is refused");
	ok(kill(getpid(), 0) == 0, "signal 0 only asks");
	ok(kill(4711, 0) == -1 && errno == ESRCH, "there is no other process");
	return done();
}
