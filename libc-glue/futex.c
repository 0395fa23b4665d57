/* SPDX-License-Identifier: MIT */
/* What of futex.h is too long to stand in its callers. */
#include "futex.h"

/* The operation for a wait with an absolute time. */
static int wait_op(int flag, clockid_t clock)
{
	return FUTEX_WAIT_BITSET | flag | (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
}

/* 0, or what is wrong with a time before the core is asked: it refuses those before its epoch. */
static long check_time(const struct timespec *at)
{
	if (!at)
		return 0;
	if (at->tv_nsec < 0 || at->tv_nsec >= 1000000000)
		return -EINVAL;
	return at->tv_sec < 0 ? -ETIMEDOUT : 0;
}

long futex_wait_bits(const volatile void *word, unsigned value, int flag, clockid_t clock,
		     const struct timespec *at, unsigned bits)
{
	long err = check_time(at);

	return err ? err
		   : syscall6(SYS_futex, (long)word, wait_op(flag, clock), value, (long)at, 0,
			      bits);
}

long futex_wait_until(const volatile void *word, unsigned value, int flag, clockid_t clock,
		      const struct timespec *at)
{
	return futex_wait_bits(word, value, flag, clock, at, FUTEX_BITSET_MATCH_ANY);
}

long futex_wait_cancellable(const volatile void *word, unsigned value, int flag, clockid_t clock,
			    const struct timespec *at)
{
	long err = check_time(at);

	return err ? err
		   : cancellable6(SYS_futex, (long)word, wait_op(flag, clock), value, (long)at, 0,
				  FUTEX_BITSET_MATCH_ANY);
}

/* Whoever has waited takes the lock as one that is waited for: others may still sleep. */
long word_lock_slow(volatile void *word, int flag, clockid_t clock, const struct timespec *at)
{
	while (__atomic_exchange_n((volatile unsigned *)word, 2, __ATOMIC_ACQUIRE)) {
		long err = futex_wait_until(word, 2, flag, clock, at);

		if (err == -ETIMEDOUT || err == -EINVAL)
			return err;
	}
	return 0;
}
