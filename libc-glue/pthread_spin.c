/* SPDX-License-Identifier: MIT */
/* Spin locks: 0 free, 1 held. After a while the processor is given up: the holder may need it. */
#define _GNU_SOURCE
#include <sched.h>
#include "thread.h"

#define SPINS 1000

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	(void)shared;
	*lock = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
	(void)lock;
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
	for (unsigned n = 1; pthread_spin_trylock(lock); n++)
		while (__atomic_load_n(lock, __ATOMIC_RELAXED)) {
			__builtin_ia32_pause();
			if (!(n++ % SPINS))
				syscall0(SYS_sched_yield);
		}
	return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	return 0;
}
