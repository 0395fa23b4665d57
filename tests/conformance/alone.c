// SPDX-License-Identifier: MIT
/*
 * Linked before the C library into those of Linux's selftests that fork or trace (tests.txt says which;
 * targets.mk has the linker's --wrap for each name): the half that needs a second process is left out,
 * the rest runs as it is written. No child ever exists: fork() gives a number, waiting for it says at
 * once that it ended well, and what the test then says of the child is not counted (conformance.py).
 */
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#define NO_CHILD 4242

pid_t __wrap_fork(void);
pid_t __wrap_wait(int *status);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
long __wrap_ptrace(int request, ...);

/* A test may want nothing of it but that this thread loses its CPU for a while. */
pid_t __wrap_fork(void)
{
	usleep(1);
	return NO_CHILD;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	if (status)
		*status = 0;
	return NO_CHILD;
}

pid_t __wrap_wait(int *status)
{
	return __wrap_waitpid(-1, status, 0);
}

long __wrap_ptrace(int request, ...)
{
	(void)request;
	errno = ESRCH;
	return -1;
}
