/* SPDX-License-Identifier: MIT */
/*
 * Barriers. __lock guards __arrived; __round counts how often all have come. __inside counts the
 * threads that may still touch the barrier: pthread_barrier_destroy() waits for those that were let go.
 */
#define _GNU_SOURCE
#include "thread.h"

#define DESTROYING 0x80000000u /* in __inside */

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict attr,
			 unsigned count)
{
	if (!count || count >= DESTROYING)
		return EINVAL;
	*b = (pthread_barrier_t){.__total = count, .__shared = attr ? attr->__shared : 0};
	return 0;
}

static void leave(pthread_barrier_t *b)
{
	int flag = futex_flag(b->__shared);

	if (__atomic_sub_fetch(&b->__inside, 1, __ATOMIC_ACQ_REL) == DESTROYING)
		futex_wake(&b->__inside, INT_MAX, flag);
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	int flag = futex_flag(b->__shared);
	unsigned round;
	bool last;

	__atomic_add_fetch(&b->__inside, 1, __ATOMIC_RELAXED);
	if (!word_swap(&b->__lock, 0, 1))
		word_lock_slow(&b->__lock, flag, CLOCK_REALTIME, NULL);
	round = b->__round;
	last = ++b->__arrived == b->__total;
	if (last) {
		b->__arrived = 0;
		__atomic_store_n(&b->__round, round + 1, __ATOMIC_RELEASE);
	}
	word_unlock_flag(&b->__lock, flag);
	if (last)
		futex_wake(&b->__round, INT_MAX, flag);
	while (__atomic_load_n(&b->__round, __ATOMIC_ACQUIRE) == round)
		futex_wait(&b->__round, round, flag);
	leave(b);
	return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	unsigned inside;
	int flag = futex_flag(b->__shared);

	if (__atomic_load_n(&b->__arrived, __ATOMIC_RELAXED))
		return EBUSY;
	inside = __atomic_or_fetch(&b->__inside, DESTROYING, __ATOMIC_ACQ_REL);
	while (inside != DESTROYING) {
		futex_wait(&b->__inside, inside, flag);
		inside = __atomic_load_n(&b->__inside, __ATOMIC_ACQUIRE);
	}
	b->__inside = 0;
	return 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
	attr->__shared = 0;
	return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
