/* SPDX-License-Identifier: MIT */
/* The process as a whole: its end, its identity, what the system says of itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "syscall.h"

void _exit(int status)
{
	for (;;)
		syscall1(SYS_exit_group, status);
}

/* One process: there is nothing to execute in its place. */
int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)SYSCALL(NR_execve, path, argv, envp);
}

pid_t getpid(void)
{
	return (pid_t)syscall0(SYS_getpid);
}

pid_t getppid(void)
{
	return (pid_t)syscall0(SYS_getppid);
}

pid_t gettid(void)
{
	return (pid_t)syscall0(SYS_gettid);
}

uid_t getuid(void)
{
	return (uid_t)syscall0(SYS_getuid);
}

gid_t getgid(void)
{
	return (gid_t)syscall0(SYS_getgid);
}

uid_t geteuid(void)
{
	return (uid_t)syscall0(SYS_geteuid);
}

gid_t getegid(void)
{
	return (gid_t)syscall0(SYS_getegid);
}

int uname(struct utsname *name)
{
	return (int)SYSCALL(SYS_uname, name);
}

int gethostname(char *name, size_t n)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -1;
	if (strlen(u.nodename) >= n) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name, u.nodename);
	return 0;
}

int getrusage(int who, struct rusage *usage)
{
	return (int)SYSCALL(SYS_getrusage, who, usage);
}

int getrlimit(int resource, struct rlimit *limit)
{
	return (int)SYSCALL(NR_getrlimit, resource, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return (int)SYSCALL(NR_setrlimit, resource, limit);
}

int getpagesize(void)
{
	return (int)getauxval(AT_PAGESZ);
}

/* Those the program may run on: all there are, unless it has chosen among them. */
static long processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

long sysconf(int name)
{
	switch (name) {
	case _SC_PAGESIZE:
		return getpagesize();
	case _SC_CLK_TCK:
		return 100;
	case _SC_OPEN_MAX:
		return OPEN_MAX;
	case _SC_ARG_MAX:
		return ARG_MAX;
	case _SC_IOV_MAX:
		return IOV_MAX;
	case _SC_HOST_NAME_MAX:
		return HOST_NAME_MAX;
	case _SC_NGROUPS_MAX:
		return 0;
	case _SC_VERSION:
	case _SC_TIMERS:
	case _SC_MONOTONIC_CLOCK:
	case _SC_CLOCK_SELECTION:
	case _SC_MAPPED_FILES:
	case _SC_MEMORY_PROTECTION:
	case _SC_FSYNC:
	case _SC_THREADS:
	case _SC_THREAD_ATTR_STACKADDR:
	case _SC_THREAD_ATTR_STACKSIZE:
	case _SC_THREAD_PRIORITY_SCHEDULING:
	case _SC_THREAD_PROCESS_SHARED:
	case _SC_THREAD_SAFE_FUNCTIONS:
	case _SC_THREAD_CPUTIME:
	case _SC_CPUTIME:
	case _SC_PRIORITY_SCHEDULING:
	case _SC_BARRIERS:
	case _SC_READER_WRITER_LOCKS:
	case _SC_SPIN_LOCKS:
	case _SC_SEMAPHORES:
	case _SC_TIMEOUTS:
	case _SC_REALTIME_SIGNALS:
		return _POSIX_VERSION;
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		return processors();
	case _SC_THREAD_STACK_MIN:
		return PTHREAD_STACK_MIN;
	case _SC_THREAD_KEYS_MAX:
		return PTHREAD_KEYS_MAX;
	case _SC_THREAD_DESTRUCTOR_ITERATIONS:
		return PTHREAD_DESTRUCTOR_ITERATIONS;
	case _SC_SEM_VALUE_MAX:
		return SEM_VALUE_MAX;
	/* An option or limit there is not: -1, and errno as it was. */
	case _SC_THREAD_PRIO_PROTECT:
	case _SC_THREAD_THREADS_MAX:
	case _SC_SEM_NSEMS_MAX:
	case _SC_JOB_CONTROL:
	case _SC_CHILD_MAX:
	case _SC_PHYS_PAGES:
	case _SC_AVPHYS_PAGES:
		return -1;
	}
	errno = EINVAL;
	return -1;
}

static long limit_of(int name)
{
	switch (name) {
	case _PC_NAME_MAX:
		return NAME_MAX;
	case _PC_PATH_MAX:
		return PATH_MAX;
	case _PC_PIPE_BUF:
		return PIPE_BUF;
	case _PC_LINK_MAX:
		return LINK_MAX;
	case _PC_NO_TRUNC:
	case _PC_CHOWN_RESTRICTED:
		return 1;
	case _PC_VDISABLE:
		return 0;
	}
	errno = EINVAL;
	return -1;
}

long pathconf(const char *path, int name)
{
	return access(path, F_OK) < 0 ? -1 : limit_of(name);
}

long fpathconf(int fd, int name)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : limit_of(name);
}
