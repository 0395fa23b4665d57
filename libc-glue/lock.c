/* SPDX-License-Identifier: MIT */
/*
 * The locks newlib asks its port for (sys/lock.h): stdio, malloc, environment, time zone, atexit.
 * While a program has one thread they are plain stores. A thread that holds one is not cancelled: what
 * the lock guards, newlib would leave half done.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/lock.h>
#include "thread.h"

struct __lock {
	uint32_t word;		      /* futex.h */
	uint32_t depth;		      /* of a recursive one: the owner's alone */
	struct thread_control *owner; /* of a recursive one: what others read is at most not them */
};

struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

bool __ringlet_threaded;

static void lock_take(struct thread_control *self, struct __lock *lock)
{
	self->no_cancel++;
	if (!__ringlet_threaded && !lock->word)
		lock->word = 1;
	else
		word_lock(&lock->word);
}

static bool lock_try(struct thread_control *self, struct __lock *lock)
{
	if (!word_swap(&lock->word, 0, 1))
		return false;
	self->no_cancel++;
	return true;
}

static void lock_drop(struct thread_control *self, struct __lock *lock)
{
	if (!__ringlet_threaded)
		lock->word = 0;
	else
		word_unlock(&lock->word);
	/* An asynchronous cancellation that came meanwhile was put off. */
	if (!--self->no_cancel && unlikely(self->cancel & CANCEL_PENDING) &&
	    self->cancel & CANCEL_ASYNC)
		__ringlet_test_cancel();
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
	lock_take(thread_self(), lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	lock_drop(thread_self(), lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return lock_try(thread_self(), lock) ? 0 : EBUSY;
}

static struct thread_control *owner_of(struct __lock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
}

static void own(struct __lock *lock, struct thread_control *owner)
{
	__atomic_store_n(&lock->owner, owner, __ATOMIC_RELAXED);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	struct thread_control *self = thread_self();

	if (owner_of(lock) != self) {
		lock_take(self, lock);
		own(lock, self);
	}
	lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	struct thread_control *self = thread_self();

	if (owner_of(lock) != self) {
		if (!lock_try(self, lock))
			return EBUSY;
		own(lock, self);
	}
	lock->depth++;
	return 0;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (--lock->depth)
		return;
	own(lock, NULL);
	lock_drop(thread_self(), lock);
}
