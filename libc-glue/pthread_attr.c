/* SPDX-License-Identifier: MIT */
/* Attributes of threads to be made. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "thread.h"

#define GUARD 4096

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){.__guardsize = GUARD};
	return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
	free(attr->__cpuset);
	attr->__cpuset = NULL;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *restrict attr, int *restrict state)
{
	*state = attr->__flags & ATTR_DETACHED ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
	return 0;
}

static int set_flag(pthread_attr_t *attr, unsigned flag, int value)
{
	if (value != 0 && value != 1)
		return EINVAL;
	attr->__flags = value ? attr->__flags | flag : attr->__flags & ~flag;
	return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	return set_flag(attr, ATTR_DETACHED, state);
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr, int *restrict inherit)
{
	*inherit = attr->__flags & ATTR_EXPLICIT_SCHED ? PTHREAD_EXPLICIT_SCHED
						       : PTHREAD_INHERIT_SCHED;
	return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
	return set_flag(attr, ATTR_EXPLICIT_SCHED, inherit);
}

int pthread_attr_getguardsize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__guardsize;
	return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	attr->__guardsize = size;
	return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__stacksize ? attr->__stacksize : stack_default_size();
	return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (size < PTHREAD_STACK_MIN)
		return EINVAL;
	attr->__stacksize = size;
	return 0;
}

int pthread_attr_getstack(const pthread_attr_t *restrict attr, void **restrict addr,
			  size_t *restrict size)
{
	*addr = attr->__stackaddr;
	return pthread_attr_getstacksize(attr, size);
}

int pthread_attr_setstack(pthread_attr_t *attr, void *addr, size_t size)
{
	if (!addr || (uintptr_t)addr + size < (uintptr_t)addr)
		return EINVAL;
	if (pthread_attr_setstacksize(attr, size))
		return EINVAL;
	attr->__stackaddr = addr;
	return 0;
}

/* The old functions speak of the stack's end: where it starts to grow. */
int pthread_attr_getstackaddr(const pthread_attr_t *restrict attr, void **restrict addr)
{
	*addr = attr->__stackaddr ? (char *)attr->__stackaddr + attr->__stacksize : NULL;
	return 0;
}

int pthread_attr_setstackaddr(pthread_attr_t *attr, void *addr)
{
	if (!attr->__stacksize)
		attr->__stacksize = stack_default_size();
	attr->__stackaddr = (char *)addr - attr->__stacksize;
	return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr, int *restrict policy)
{
	*policy = attr->__policy;
	return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
	if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
		return EINVAL;
	attr->__policy = policy;
	return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *restrict attr,
			       struct sched_param *restrict param)
{
	param->sched_priority = attr->__priority;
	return 0;
}

/* Linux's: 1 to 99 where there are priorities, else 0. */
int pthread_attr_setschedparam(pthread_attr_t *restrict attr,
			       const struct sched_param *restrict param)
{
	int max = attr->__policy == SCHED_OTHER ? 0 : 99;

	if (param->sched_priority > max || param->sched_priority < !!max)
		return EINVAL;
	attr->__priority = param->sched_priority;
	return 0;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
	(void)attr;
	*scope = PTHREAD_SCOPE_SYSTEM;
	return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
	(void)attr;
	return scope == PTHREAD_SCOPE_SYSTEM	? 0
	       : scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP
						: EINVAL;
}
