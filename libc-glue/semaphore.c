/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: the value in the low half of one word, the futex, the number of sleepers in the high half;
 * so sem_post() learns whom to wake by the very access that lets others destroy the semaphore. Futexes
 * are shared ones: nothing is known of who uses a semaphore. Errors go to errno.
 */
#define _GNU_SOURCE
#include <semaphore.h>
#include "futex.h"

#define VALUE	0xffffffffUL
#define SLEEPER (1UL << 32)

static int fail(int err)
{
	errno = err;
	return -1;
}

int sem_init(sem_t *sem, int shared, unsigned value)
{
	(void)shared;
	if (value > SEM_VALUE_MAX)
		return fail(EINVAL);
	sem->__value = value;
	return 0;
}

int sem_destroy(sem_t *sem)
{
	(void)sem;
	return 0;
}

/* Takes one if there is one, with what else is to be subtracted. */
static bool take(sem_t *sem, unsigned long also)
{
	unsigned long now = __atomic_load_n(&sem->__value, __ATOMIC_RELAXED);

	while (now & VALUE)
		if (__atomic_compare_exchange_n(&sem->__value, &now, now - 1 - also, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

int sem_trywait(sem_t *sem)
{
	return take(sem, 0) ? 0 : fail(EAGAIN);
}

static int sleep_for(sem_t *sem, clockid_t clock, const struct timespec *at)
{
	long err = 0;

	__atomic_add_fetch(&sem->__value, SLEEPER, __ATOMIC_RELAXED);
	while (!take(sem, SLEEPER)) {
		if (err && err != -EAGAIN) {
			__atomic_sub_fetch(&sem->__value, SLEEPER, __ATOMIC_RELAXED);
			return (int)cancellable_result(err);
		}
		err = futex_wait_cancellable(&sem->__value, 0, 0, clock, at);
	}
	return 0;
}

static int wait_until(sem_t *sem, clockid_t clock, const struct timespec *at)
{
	if (at && (at->tv_nsec < 0 || at->tv_nsec >= 1000000000))
		return fail(EINVAL);
	if (unlikely(thread_self()->cancel & CANCEL_PENDING))
		__ringlet_test_cancel();
	return take(sem, 0) ? 0 : sleep_for(sem, clock, at);
}

int sem_wait(sem_t *sem)
{
	return wait_until(sem, CLOCK_REALTIME, NULL);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at)
{
	return wait_until(sem, CLOCK_REALTIME, at);
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict at)
{
	return clock_waits(clock) ? wait_until(sem, clock, at) : fail(EINVAL);
}

int sem_post(sem_t *sem)
{
	unsigned long now = __atomic_load_n(&sem->__value, __ATOMIC_RELAXED);

	do {
		if ((now & VALUE) == SEM_VALUE_MAX)
			return fail(EOVERFLOW);
	} while (!__atomic_compare_exchange_n(&sem->__value, &now, now + 1, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	if (now / SLEEPER)
		futex_wake(&sem->__value, 1, 0);
	return 0;
}

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
	*value = (int)(__atomic_load_n(&sem->__value, __ATOMIC_RELAXED) & VALUE);
	return 0;
}
