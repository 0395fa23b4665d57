/* SPDX-License-Identifier: MIT */
/*
 * The types of <pthread.h>, as wide as glibc's on x86-64. Zero is a usable mutex, condition variable,
 * read-write lock and once control: what the static initializers say.
 */
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <stddef.h>

typedef unsigned long pthread_t;
typedef unsigned pthread_key_t;
typedef int pthread_once_t;
typedef volatile int pthread_spinlock_t;

typedef struct {
	int __policy;
	int __priority;
	unsigned __flags;
	unsigned __cpusetsize;
	size_t __guardsize;
	void *__stackaddr;  /* lowest byte; NULL: the library's choice */
	size_t __stacksize; /* 0: the default */
	void *__cpuset;
	long __spare;
} pthread_attr_t;

typedef struct {
	unsigned __word;  /* the futex */
	unsigned __count; /* of a recursive lock, by its owner */
	int __owner;
	int __kind;
	unsigned __inconsistent;
	int __spare;
	void *__prev, *__next; /* the owner's robust list, through __next */
} pthread_mutex_t;

typedef struct {
	unsigned __kind;
} pthread_mutexattr_t;

typedef struct {
	unsigned __lock;
	unsigned __refs;
	int __clock;
	int __shared;
	void *__head, *__tail, *__mutex;
	long __spare;
} pthread_cond_t;

typedef struct {
	unsigned short __clock;
	unsigned short __shared;
} pthread_condattr_t;

typedef struct {
	unsigned __state;
	unsigned __waiters;
	unsigned __writers;
	int __owner; /* who holds it for writing */
	int __kind;
	int __shared;
	long __spare[4];
} pthread_rwlock_t;

typedef struct {
	int __kind;
	int __shared;
} pthread_rwlockattr_t;

typedef struct {
	unsigned __lock;
	unsigned __total, __arrived;
	unsigned __round;
	unsigned __inside;
	int __shared;
	long __spare;
} pthread_barrier_t;

typedef struct {
	int __shared;
} pthread_barrierattr_t;

#endif
