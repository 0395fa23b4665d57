// SPDX-License-Identifier: MIT
/* guest: timeout=30 */
/* The process group and the session: one of each, that nothing can leave. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "tap.h"

static volatile int seen;

static void handler(int sig)
{
	(void)sig;
	seen++;
}

int main(void)
{
	long group = raw(SYS_getpgrp, 0, 0, 0, 0, 0, 0);

	is(group, 0, "the group is the one the core started the app in");
	is(raw(SYS_getpgid, 0, 0, 0, 0, 0, 0), group, "it is that of the caller");
	is(raw(SYS_getpgid, 1, 0, 0, 0, 0, 0), group, "and of process 1");
	is(raw(SYS_getpgid, 2, 0, 0, 0, 0, 0), -ESRCH, "another process has none");
	is(raw(SYS_getpgid, -1, 0, 0, 0, 0, 0), -ESRCH, "nor has a negative one");
	is(raw(SYS_getsid, 0, 0, 0, 0, 0, 0), 0, "so with the session");
	is(raw(SYS_getsid, 2, 0, 0, 0, 0, 0), -ESRCH, "of another process");
	is(raw(SYS_setsid, 0, 0, 0, 0, 0, 0), -EPERM, "no new session");
	is(raw(SYS_setpgid, 0, 0, 0, 0, 0, 0), -EPERM, "no new group");
	is(raw(SYS_setpgid, 2, 0, 0, 0, 0, 0), -ESRCH, "nor for another process");
	is(raw(SYS_setpgid, 0, -1, 0, 0, 0, 0), -EINVAL, "a group's number is not negative");
	signal(SIGUSR1, handler);
	is(raw(SYS_kill, -group, SIGUSR1, 0, 0, 0, 0), 0, "a signal to the group");
	is(seen, 1, "reaches the app");
	return done();
}
