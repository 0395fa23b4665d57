/* SPDX-License-Identifier: MIT */
/*
 * Mutexes. Locked and unlocked without the core unless somebody has to wait. __owner and __count
 * belong to who holds the lock; __owner may be read by others, who find there at most that they are
 * not it.
 */
#define _GNU_SOURCE
#include "pthread_mutex.h"

/* A plain mutex that knows its owner. */
static bool is_owned_kind(int kind)
{
	return (kind & MUTEX_TYPE) == PTHREAD_MUTEX_RECURSIVE ||
	       (kind & MUTEX_TYPE) == PTHREAD_MUTEX_ERRORCHECK;
}

static void take(pthread_mutex_t *m)
{
	if (is_owned_kind(m->__kind)) {
		m->__count = 0;
		__atomic_store_n(&m->__owner, (int)thread_self()->tid, __ATOMIC_RELAXED);
	}
}

bool mutex_is_plain(const pthread_mutex_t *m)
{
	return !(m->__kind & ~MUTEX_TYPE);
}

static int lock_any(pthread_mutex_t *m, const struct lock_limit *limit)
{
	int again;
	long err = 0;

	if (m->__kind & (MUTEX_ROBUST | MUTEX_INHERIT))
		return owned_lock(m, limit);
	if (is_owned_kind(m->__kind)) {
		again = mutex_again(m, __atomic_load_n(&m->__owner, __ATOMIC_RELAXED) ==
					       (int)thread_self()->tid);
		if (again >= 0)
			return limit || !again ? again : again == EAGAIN ? EAGAIN : EBUSY;
	}
	if (!word_swap(&m->__word, 0, 1)) {
		if (!limit)
			return EBUSY;
		err = word_lock_slow(&m->__word, mutex_flag(m), limit->clock, limit->at);
	}
	if (!err)
		take(m);
	return (int)-err;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	static const struct lock_limit ever = {CLOCK_REALTIME, NULL};

	if (likely(!m->__kind && word_swap(&m->__word, 0, 1)))
		return 0;
	return lock_any(m, &ever);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
	return lock_any(m, NULL);
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
			    const struct timespec *restrict at)
{
	struct lock_limit limit = {clock, at};

	return clock_waits(clock) ? lock_any(m, &limit) : EINVAL;
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict at)
{
	return pthread_mutex_clocklock(m, CLOCK_REALTIME, at);
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	int kind = m->__kind;

	if (likely(!kind)) {
		word_unlock(&m->__word);
		return 0;
	}
	if (kind & (MUTEX_ROBUST | MUTEX_INHERIT))
		return owned_unlock(m);
	if (is_owned_kind(kind)) {
		if (m->__owner != (int)thread_self()->tid)
			return EPERM;
		if (m->__count) {
			m->__count--;
			return 0;
		}
		__atomic_store_n(&m->__owner, 0, __ATOMIC_RELAXED);
	}
	word_unlock_flag(&m->__word, futex_flag(kind & MUTEX_SHARED));
	return 0;
}

/* Others may have been moved to the word: it has to be taken as one that is waited for. */
int mutex_relock(pthread_mutex_t *m)
{
	static const struct lock_limit ever = {CLOCK_REALTIME, NULL};

	if (m->__kind & (MUTEX_ROBUST | MUTEX_INHERIT))
		return owned_lock(m, &ever);
	word_lock_slow(&m->__word, mutex_flag(m), CLOCK_REALTIME, NULL);
	take(m);
	return 0;
}

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict attr)
{
	*m = (pthread_mutex_t){.__kind = attr ? (int)attr->__kind : 0};
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
	unsigned word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);

	if (m->__kind & (MUTEX_ROBUST | MUTEX_INHERIT)
		    ? word & FUTEX_TID_MASK && (word & FUTEX_TID_MASK) != FUTEX_TID_MASK
		    : word)
		return EBUSY;
	m->__kind = 0;
	return 0;
}

/* A mutex without PTHREAD_PRIO_PROTECT has no ceiling, and there are none with it. */
int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict m, int *restrict ceiling)
{
	(void)m;
	(void)ceiling;
	return EINVAL;
}

int pthread_mutex_setprioceiling(pthread_mutex_t *restrict m, int ceiling, int *restrict old)
{
	(void)m;
	(void)ceiling;
	(void)old;
	return EINVAL;
}
