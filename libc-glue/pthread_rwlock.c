/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks. __state has WRITER while one writes, and the number of readers, those that wait for
 * the writer counted too: when that lets go, all of them have the lock at once. A writer takes it when
 * there are none. WRITERS_SLEEP is set by a writer that goes to sleep and cleared when one is woken, who
 * sets it anew, since others may sleep on.
 *
 * Readers go first, as on Linux. If the lock's kind says otherwise, readers that come wait uncounted
 * until __writers, the number of writers that wait, is zero.
 */
#define _GNU_SOURCE
#include "pthread_mutex.h"

#define WRITER	      0x80000000u
#define WRITERS_SLEEP 0x40000000u
#define READERS	      0x3fffffffu

/* Bits of the futex: who sleeps. */
#define READER_BIT 1
#define WRITER_BIT 2

static int self_tid(void)
{
	return (int)thread_self()->tid;
}

static bool owned(const pthread_rwlock_t *l, unsigned state)
{
	return state & WRITER && __atomic_load_n(&l->__owner, __ATOMIC_RELAXED) == self_tid();
}

static bool swap(pthread_rwlock_t *l, unsigned *state, unsigned to)
{
	return __atomic_compare_exchange_n(&l->__state, state, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_ACQUIRE);
}

static unsigned state_of(const pthread_rwlock_t *l)
{
	return __atomic_load_n(&l->__state, __ATOMIC_ACQUIRE);
}

/* The number of writers that have to go before a new reader. */
static unsigned writers_before(const pthread_rwlock_t *l)
{
	return l->__kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
		       ? __atomic_load_n(&l->__writers, __ATOMIC_RELAXED)
		       : 0;
}

/* -ETIMEDOUT or -EINVAL, else 0. */
static long sleep_on(pthread_rwlock_t *l, unsigned *word, unsigned value, unsigned bit,
		     const struct lock_limit *limit)
{
	long err = futex_wait_bits(word, value, futex_flag(l->__shared), limit->clock, limit->at,
				   bit);

	return err == -ETIMEDOUT || err == -EINVAL ? err : 0;
}

/* A counted reader waits for the writer. Giving up, it may find that it has the lock. */
static int wait_counted(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state;
	long err = 0;

	while ((state = state_of(l)) & WRITER) {
		if (err && swap(l, &state, state - 1))
			return (int)-err;
		if (!err)
			err = sleep_on(l, &l->__state, state, READER_BIT, limit);
	}
	return 0;
}

/* limit NULL: only try. */
static int read_lock(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = state_of(l), writers;
	long err;

	for (;;) {
		if ((state & READERS) == READERS)
			return EAGAIN;
		writers = writers_before(l);
		if (state & WRITER || writers) {
			if (!limit)
				return EBUSY;
			if (owned(l, state))
				return EDEADLK;
		}
		if (writers) {
			err = sleep_on(l, &l->__writers, writers, READER_BIT, limit);
			if (err)
				return (int)-err;
			state = state_of(l);
		} else if (swap(l, &state, state + 1)) {
			return state & WRITER ? wait_counted(l, limit) : 0;
		}
	}
}

static int wait_to_write(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = state_of(l), mark = 0;
	long err;

	for (;;) {
		if (!(state & (WRITER | READERS))) {
			if (swap(l, &state, state | WRITER | mark))
				return 0;
			continue;
		}
		if (!limit)
			return EBUSY;
		if (owned(l, state))
			return EDEADLK;
		mark = WRITERS_SLEEP;
		if (!(state & mark) && !swap(l, &state, state | mark))
			continue;
		err = sleep_on(l, &l->__state, state | mark, WRITER_BIT, limit);
		if (err)
			return (int)-err;
		state = state_of(l);
	}
}

/* Readers that let writers go first may try again. */
static void stop_waiting(pthread_rwlock_t *l)
{
	if (!__atomic_sub_fetch(&l->__writers, 1, __ATOMIC_ACQ_REL) &&
	    l->__kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
		futex_wake(&l->__writers, INT_MAX, futex_flag(l->__shared));
}

static int write_lock(pthread_rwlock_t *l, const struct lock_limit *limit)
{
	unsigned state = 0;
	int err = 0;

	if (!swap(l, &state, WRITER)) {
		__atomic_add_fetch(&l->__writers, 1, __ATOMIC_ACQ_REL);
		err = wait_to_write(l, limit);
		stop_waiting(l);
	}
	if (!err)
		__atomic_store_n(&l->__owner, self_tid(), __ATOMIC_RELAXED);
	return err;
}

/* Once let go the lock may be gone: only its address is used then. */
int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	unsigned state = state_of(l), to;
	int flag = futex_flag(l->__shared);

	if (state & WRITER)
		__atomic_store_n(&l->__owner, 0, __ATOMIC_RELAXED);
	do {
		if (!(state & (WRITER | READERS)))
			return 0; /* not held: as on Linux, no error */
		to = state & WRITER ? state & ~WRITER : state - 1;
		if (!(to & READERS))
			to &= ~WRITERS_SLEEP;
	} while (!__atomic_compare_exchange_n(&l->__state, &state, to, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	if (state & WRITER && to & READERS)
		futex_wake_bits(&l->__state, INT_MAX, flag, READER_BIT);
	else if ((state ^ to) & WRITERS_SLEEP)
		futex_wake_bits(&l->__state, 1, flag, WRITER_BIT);
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
	(void)l;
	return 0;
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
