/* SPDX-License-Identifier: MIT */
/* What may be asked of a running thread: its name, its stack; and what is accepted without effect. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include "thread.h"

extern char *program_invocation_short_name;

/* Where the first thread's stack begins: start.c. */
extern uintptr_t __ringlet_stack_top __attribute__((visibility("hidden")));

#define PR_SET_NAME 15

/* The core is told of the caller's own name only: it has a call for that. */
int pthread_setname_np(pthread_t thread, const char *name)
{
	struct thread_control *tcb = thread_of(thread);
	size_t n = strlen(name);

	if (n >= sizeof(tcb->name))
		return ERANGE;
	memcpy(tcb->name, name, n + 1);
	if (tcb == thread_self())
		syscall2(NR_prctl, PR_SET_NAME, (long)name);
	return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
	struct thread_control *tcb = thread_of(thread);
	const char *from = *tcb->name ? tcb->name : program_invocation_short_name;
	size_t n = strnlen(from, sizeof(tcb->name) - 1);

	if (size < sizeof(tcb->name))
		return ERANGE;
	memcpy(name, from, n);
	name[n] = '\0';
	return 0;
}

/* The first thread's stack is the core's; it grows down to the limit. */
static void main_stack(pthread_attr_t *attr)
{
	size_t size = stack_default_size();

	attr->__stackaddr = (void *)(((__ringlet_stack_top + 4095) & -4096UL) - size);
	attr->__stacksize = size;
	attr->__guardsize = 0;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	struct thread_control *tcb = thread_of(thread);
	struct sched_param param;
	int policy;

	*attr = (pthread_attr_t){.__guardsize = tcb->guard,
				 .__stackaddr = tcb->stack,
				 .__stacksize = tcb->stack_size};
	if (!tcb->stack)
		main_stack(attr);
	if (__atomic_load_n(&tcb->life, __ATOMIC_RELAXED) & LIFE_DETACHED)
		attr->__flags |= ATTR_DETACHED;
	if (!pthread_getschedparam(thread, &policy, &param)) {
		attr->__policy = policy;
		attr->__priority = param.sched_priority;
	}
	return 0;
}

pid_t pthread_gettid_np(pthread_t thread)
{
	return (pid_t)__atomic_load_n(&thread_of(thread)->tid, __ATOMIC_RELAXED);
}

int pthread_yield(void)
{
	syscall0(SYS_sched_yield);
	return 0;
}

/* There is no fork: what is to be done around one is never done. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	(void)prepare;
	(void)parent;
	(void)child;
	return 0;
}

static int concurrency;

int pthread_getconcurrency(void)
{
	return concurrency;
}

int pthread_setconcurrency(int level)
{
	if (level < 0)
		return EINVAL;
	concurrency = level;
	return 0;
}
