/* SPDX-License-Identifier: MIT */
/* Scheduling of threads by their numbers: each is one system call. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include "syscall.h"

int sched_yield(void)
{
	return (int)SYSCALL(SYS_sched_yield);
}

int sched_setparam(pid_t tid, const struct sched_param *param)
{
	return (int)SYSCALL(SYS_sched_setparam, tid, param);
}

int sched_getparam(pid_t tid, struct sched_param *param)
{
	return (int)SYSCALL(SYS_sched_getparam, tid, param);
}

int sched_setscheduler(pid_t tid, int policy, const struct sched_param *param)
{
	return (int)SYSCALL(SYS_sched_setscheduler, tid, policy, param);
}

int sched_getscheduler(pid_t tid)
{
	return (int)SYSCALL(SYS_sched_getscheduler, tid);
}

int sched_get_priority_max(int policy)
{
	return (int)SYSCALL(SYS_sched_get_priority_max, policy);
}

int sched_get_priority_min(int policy)
{
	return (int)SYSCALL(SYS_sched_get_priority_min, policy);
}

int sched_rr_get_interval(pid_t tid, struct timespec *interval)
{
	return (int)SYSCALL(SYS_sched_rr_get_interval, tid, interval);
}

int sched_getcpu(void)
{
	unsigned cpu;

	return SYSCALL(SYS_getcpu, &cpu, NULL, NULL) < 0 ? -1 : (int)cpu;
}

int sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *set)
{
	return (int)SYSCALL(SYS_sched_setaffinity, tid, size, set);
}

/* The core says how many bytes it wrote; what the caller has beyond is no CPU. */
int sched_getaffinity(pid_t tid, size_t size, cpu_set_t *set)
{
	long got = SYSCALL(SYS_sched_getaffinity, tid, size, set);

	if (got < 0)
		return -1;
	memset((char *)set + got, 0, size - (size_t)got);
	return 0;
}

int __sched_cpucount(size_t size, const cpu_set_t *set)
{
	const unsigned long *word = (const unsigned long *)set;
	int n = 0;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		n += __builtin_popcountl(word[i]);
	return n;
}
