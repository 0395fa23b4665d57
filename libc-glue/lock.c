/* SPDX-License-Identifier: MIT */
/*
 * The locks newlib asks its port for (sys/lock.h): stdio, malloc, environment, time zone, atexit.
 * A recursive lock is a depth and its owner's thread pointer; one that is busy with another owner
 * yields until it is free, which with the one thread there is now never happens. lock_take() and
 * lock_drop() are the only places that wait and wake: a futex goes in there.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/lock.h>
#include "syscall.h"
#include "tls.h"

struct __lock {
	struct thread_control *owner; /* NULL: free */
	unsigned depth;		      /* the owner's alone */
};

struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

static struct thread_control *current(void)
{
	struct thread_control *tcb;

	__asm__("movq %%fs:0, %0" : "=r"(tcb));
	return tcb;
}

static bool lock_try(struct __lock *lock)
{
	struct thread_control *free = NULL;

	return __atomic_compare_exchange_n(&lock->owner, &free, current(), false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void lock_take(struct __lock *lock)
{
	while (!lock_try(lock))
		syscall0(SYS_sched_yield);
}

static void lock_drop(struct __lock *lock)
{
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELEASE);
}

/* newlib does not check for failure here: a lock that cannot be had ends the program. */
void __retarget_lock_init(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
	if (!*lock)
		abort();
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	__retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	lock_take(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	lock_drop(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return lock_try(lock) ? 0 : EBUSY;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (lock->owner != current())
		lock_take(lock);
	lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	if (lock->owner != current() && !lock_try(lock))
		return EBUSY;
	lock->depth++;
	return 0;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (--lock->depth == 0)
		lock_drop(lock);
}
