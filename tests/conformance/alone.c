// SPDX-License-Identifier: MIT
/*
 * Linked before the C library into those of Linux's selftests that fork, trace or start threads
 * (tests.txt says which; targets.mk has the linker's --wrap for each name): the half that needs a
 * second process or thread is left out, the rest runs as it is written. No child ever exists: fork()
 * gives a number, waiting for it says at once that it ended well, and what the test then says of the
 * child is not counted (conformance.py). Where a test waits for its other thread, it sleeps instead.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define NO_CHILD 4242

long __real_syscall(long number, ...);

pid_t __wrap_fork(void);
pid_t __wrap_wait(int *status);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
long __wrap_ptrace(int request, ...);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_join(pthread_t thread, void **result);
long __wrap_syscall(long number, ...);

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

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	(void)attr;
	(void)fn;
	(void)arg;
	*thread = NO_CHILD;
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
	(void)thread;
	(void)result;
	return 0;
}

/* A futex is how a test hands its turn to the other thread, which clears the word when done. */
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex) {
		usleep(1);
		*(unsigned *)a[0] = 0;
		return 0;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
