/* SPDX-License-Identifier: MIT */
/*
 * Threads' scheduling: policy, priority, CPUs; of running threads and, by their attributes, of new
 * ones. A new thread sets its own before it starts, and its creator waits to hear how that went.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include "thread.h"

void thread_sched_init(struct thread_sched *sched, const pthread_attr_t *attr)
{
	*sched = (struct thread_sched){
		.policy = attr->__policy,
		.priority = attr->__priority,
		.explicit_policy = attr->__flags & ATTR_EXPLICIT_SCHED,
		.set = attr->__cpuset,
		.set_size = attr->__cpusetsize,
	};
}

bool thread_sched_begin(struct thread_sched *sched)
{
	struct sched_param param = {.sched_priority = sched->priority};
	long err = 0;

	if (sched->set)
		err = syscall3(SYS_sched_setaffinity, 0, (long)sched->set_size, (long)sched->set);
	if (err >= 0 && sched->explicit_policy)
		err = syscall3(SYS_sched_setscheduler, 0, sched->policy, (long)&param);
	sched->error = err < 0 ? (int)-err : 0;
	__atomic_store_n(&sched->done, 1, __ATOMIC_RELEASE);
	futex_wake(&sched->done, 1, FUTEX_PRIVATE_FLAG);
	return err >= 0;
}

int thread_sched_wait(struct thread_sched *sched)
{
	while (!__atomic_load_n(&sched->done, __ATOMIC_ACQUIRE))
		futex_wait(&sched->done, 0, FUTEX_PRIVATE_FLAG);
	return sched->error;
}

/* The thread's number for the core, or 0 for one that has ended. */
static uint32_t tid_of(pthread_t thread)
{
	return __atomic_load_n(&thread_of(thread)->tid, __ATOMIC_RELAXED);
}

int pthread_getschedparam(pthread_t thread, int *restrict policy,
			  struct sched_param *restrict param)
{
	uint32_t tid = tid_of(thread);
	long got;

	if (!tid)
		return ESRCH;
	got = syscall1(SYS_sched_getscheduler, tid);
	if (got < 0)
		return (int)-got;
	*policy = (int)got;
	return (int)-syscall2(SYS_sched_getparam, tid, (long)param);
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	uint32_t tid = tid_of(thread);

	return tid ? (int)-syscall3(SYS_sched_setscheduler, tid, policy, (long)param) : ESRCH;
}

int pthread_setschedprio(pthread_t thread, int priority)
{
	struct sched_param param = {.sched_priority = priority};
	uint32_t tid = tid_of(thread);

	return tid ? (int)-syscall2(SYS_sched_setparam, tid, (long)&param) : ESRCH;
}

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	uint32_t tid = tid_of(thread);

	return tid ? (int)-syscall3(SYS_sched_setaffinity, tid, (long)size, (long)set) : ESRCH;
}

/* The core says how many bytes it wrote; what the caller has beyond is no CPU. */
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	uint32_t tid = tid_of(thread);
	long got;

	if (!tid)
		return ESRCH;
	got = syscall3(SYS_sched_getaffinity, tid, (long)size, (long)set);
	if (got < 0)
		return (int)-got;
	memset((char *)set + got, 0, size - (size_t)got);
	return 0;
}

int pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t size, const cpu_set_t *set)
{
	void *copy = NULL;

	if (set && size) {
		copy = malloc(size);
		if (!copy)
			return ENOMEM;
		memcpy(copy, set, size);
	}
	free(attr->__cpuset);
	attr->__cpuset = copy;
	attr->__cpusetsize = copy ? (unsigned)size : 0;
	return 0;
}

int pthread_attr_getaffinity_np(const pthread_attr_t *attr, size_t size, cpu_set_t *set)
{
	const unsigned char *have = attr->__cpuset;

	if (!have) {
		memset(set, 0xff, size);
		return 0;
	}
	for (size_t i = size; i < attr->__cpusetsize; i++)
		if (have[i])
			return EINVAL;
	memset(set, 0, size);
	memcpy(set, have, size < attr->__cpusetsize ? size : attr->__cpusetsize);
	return 0;
}

/* Linux's number of another thread's processor time. */
int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	uint32_t tid = tid_of(thread);

	if (!tid)
		return ESRCH;
	*clock = (clockid_t)(~tid << 3 | 6);
	return 0;
}
