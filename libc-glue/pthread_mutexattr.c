/* SPDX-License-Identifier: MIT */
/* Attributes of mutexes to be made. */
#define _GNU_SOURCE
#include "pthread_mutex.h"

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	attr->__kind = 0;
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attr, int *restrict type)
{
	*type = (int)attr->__kind & MUTEX_TYPE;
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (type < 0 || type > MUTEX_TYPE)
		return EINVAL;
	attr->__kind = (attr->__kind & ~MUTEX_TYPE) | (unsigned)type;
	return 0;
}

static int set_flag(pthread_mutexattr_t *attr, unsigned flag, int value)
{
	if (value != 0 && value != 1)
		return EINVAL;
	attr->__kind = value ? attr->__kind | flag : attr->__kind & ~flag;
	return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict attr, int *restrict shared)
{
	*shared = !!(attr->__kind & MUTEX_SHARED);
	return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
	return set_flag(attr, MUTEX_SHARED, shared);
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict attr, int *restrict robust)
{
	*robust = !!(attr->__kind & MUTEX_ROBUST);
	return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
	return set_flag(attr, MUTEX_ROBUST, robust);
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attr, int *restrict protocol)
{
	*protocol = attr->__kind & MUTEX_INHERIT ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE;
	return 0;
}

/* Ceilings are not offered: no mutex is made that would only seem to have one. */
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
	if (protocol == PTHREAD_PRIO_PROTECT)
		return ENOTSUP;
	return set_flag(attr, MUTEX_INHERIT, protocol);
}

int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict attr,
				     int *restrict ceiling)
{
	(void)attr;
	(void)ceiling;
	return ENOTSUP;
}

int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *attr, int ceiling)
{
	(void)attr;
	(void)ceiling;
	return ENOTSUP;
}

int pthread_mutexattr_getkind_np(const pthread_mutexattr_t *attr, int *kind)
{
	return pthread_mutexattr_gettype(attr, kind);
}

int pthread_mutexattr_setkind_np(pthread_mutexattr_t *attr, int kind)
{
	return pthread_mutexattr_settype(attr, kind);
}

int pthread_mutexattr_getrobust_np(const pthread_mutexattr_t *attr, int *robust)
{
	return pthread_mutexattr_getrobust(attr, robust);
}

int pthread_mutexattr_setrobust_np(pthread_mutexattr_t *attr, int robust)
{
	return pthread_mutexattr_setrobust(attr, robust);
}
