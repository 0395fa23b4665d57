/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks. __state is the number of readers, or WRITER; SLEEPERS is set by who goes to sleep
 * and cleared with the lock's release, which wakes all: they set it anew if they lose. Readers go
 * first, as on Linux, unless the lock's kind says otherwise; then new readers wait while __writers,
 * the number of writers that wait, is not zero.
 */
#define _GNU_SOURCE
#include "pthread_mutex.h"

#define SLEEPERS 0x80000000u
#define WRITER	 0x7fffffffu
#define HOLDERS	 0x7fffffffu

static int self_tid(void)
{
	return (int)thread_self()->tid;
}

static bool must_yield(pthread_rwlock_t *l)
{
	return l->__kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP &&
	       __atomic_load_n(&l->__writers, __ATOMIC_RELAXED);
}

static bool owned(pthread_rwlock_t *l, unsigned state)
{
	return (state & HOLDERS) == WRITER &&
	       __atomic_load_n(&l->__owner, __ATOMIC_RELAXED) == self_tid();
}

static bool swap(pthread_rwlock_t *l, unsigned *state, unsigned to)
{
	return __atomic_compare_exchange_n(&l->__state, state, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Sleeps as long as the state is this one, with the mark that someone does. */
static long sleep_on(pthread_rwlock_t *l, unsigned state, const struct lock_limit *limit)
{
	long err;

	if (!(state & SLEEPERS) && !swap(l, &state, state | SLEEPERS))
		return 0;
	err = futex_wait_until(&l->__state, state | SLEEPERS, futex_flag(l->__shared), limit->clock,
			       limit->at);
	return err == -ETIMEDOUT || err == -EINVAL ? err : 0;
}

/* limit NULL: only try. */
static int read_lock(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = __atomic_load_n(&l->__state, __ATOMIC_RELAXED);
	long err;

	for (;;) {
		unsigned readers = state & HOLDERS;

		if (readers == WRITER - 1)
			return EAGAIN;
		/* While readers hold the lock, the one who sleeps is a writer that they go before. */
		if (readers != WRITER && !(must_yield(l))) {
			if (swap(l, &state, state + 1))
				return 0;
			continue;
		}
		if (!limit)
			return EBUSY;
		if (owned(l, state))
			return EDEADLK;
		err = sleep_on(l, state, limit);
		if (err)
			return (int)-err;
		state = __atomic_load_n(&l->__state, __ATOMIC_RELAXED);
	}
}

/* Gives up: readers that let it go first are to try again. */
static void stop_waiting(pthread_rwlock_t *l, bool in_vain)
{
	__atomic_sub_fetch(&l->__writers, 1, __ATOMIC_RELAXED);
	if (in_vain && l->__kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
		futex_wake(&l->__state, INT_MAX, futex_flag(l->__shared));
}

/* Whoever has slept takes the lock with the mark: it may have been woken alone of many. */
static int wait_to_write(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = __atomic_load_n(&l->__state, __ATOMIC_RELAXED), mark = 0;
	long err;

	for (;;) {
		if (!(state & HOLDERS)) {
			if (swap(l, &state, WRITER | mark | (state & SLEEPERS)))
				return 0;
			continue;
		}
		if (!limit)
			return EBUSY;
		if (owned(l, state))
			return EDEADLK;
		err = sleep_on(l, state, limit);
		if (err)
			return (int)-err;
		mark = SLEEPERS;
		state = __atomic_load_n(&l->__state, __ATOMIC_RELAXED);
	}
}

static int write_lock(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = 0;
	int err = 0;

	if (!swap(l, &state, WRITER)) {
		__atomic_add_fetch(&l->__writers, 1, __ATOMIC_RELAXED);
		err = wait_to_write(l, limit);
		stop_waiting(l, err);
	}
	if (!err)
		__atomic_store_n(&l->__owner, self_tid(), __ATOMIC_RELAXED);
	return err;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	unsigned state = __atomic_load_n(&l->__state, __ATOMIC_RELAXED), to;
	int flag = futex_flag(l->__shared), most = INT_MAX;

	if ((state & HOLDERS) == WRITER)
		__atomic_store_n(&l->__owner, 0, __ATOMIC_RELAXED);
	else if (l->__kind != PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
		most = 1; /* no reader sleeps while readers hold the lock */
	do {
		unsigned holders = state & HOLDERS;

		to = holders == WRITER || holders <= 1 ? 0 : state - 1;
	} while (!__atomic_compare_exchange_n(&l->__state, &state, to, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	if (!to && state & SLEEPERS)
		futex_wake(&l->__state, most, flag);
	return 0;
}

static const struct lock_limit ever = {CLOCK_REALTIME, NULL};

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return read_lock(l, &ever);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return read_lock(l, NULL);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict l, clockid_t clock,
			       const struct timespec *restrict at)
{
	struct lock_limit limit = {clock, at};

	return clock_waits(clock) ? read_lock(l, &limit) : EINVAL;
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l, const struct timespec *restrict at)
{
	return pthread_rwlock_clockrdlock(l, CLOCK_REALTIME, at);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return write_lock(l, &ever);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return write_lock(l, NULL);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict l, clockid_t clock,
			       const struct timespec *restrict at)
{
	struct lock_limit limit = {clock, at};

	return clock_waits(clock) ? write_lock(l, &limit) : EINVAL;
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l, const struct timespec *restrict at)
{
	return pthread_rwlock_clockwrlock(l, CLOCK_REALTIME, at);
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict attr)
{
	*l = (pthread_rwlock_t){.__kind = attr ? attr->__kind : 0,
				.__shared = attr ? attr->__shared : 0};
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	return __atomic_load_n(&l->__state, __ATOMIC_RELAXED) & HOLDERS ? EBUSY : 0;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	*attr = (pthread_rwlockattr_t){0};
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}

int pthread_rwlockattr_getkind_np(const pthread_rwlockattr_t *attr, int *kind)
{
	*kind = attr->__kind;
	return 0;
}

int pthread_rwlockattr_setkind_np(pthread_rwlockattr_t *attr, int kind)
{
	if (kind < 0 || kind > PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
		return EINVAL;
	attr->__kind = kind;
	return 0;
}
