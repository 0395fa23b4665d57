/* SPDX-License-Identifier: MIT */
/*
 * Waiting on words of memory, and the library's own small lock made of one: 0 free, 1 held, 2 held
 * and perhaps waited for. Nothing here touches errno. Private to libc-glue.
 */
#ifndef LIBC_GLUE_FUTEX_H
#define LIBC_GLUE_FUTEX_H

#include <abi/futex.h>
#include <errno.h>
#include <limits.h>
#include <time.h>
#include "cancel.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* FUTEX_PRIVATE_FLAG, or none where several processes could share the word. */
static inline int futex_flag(int shared)
{
	return shared ? 0 : FUTEX_PRIVATE_FLAG;
}

static inline void futex_wake(const volatile void *word, int count, int flag)
{
	syscall3(SYS_futex, (long)word, FUTEX_WAKE | flag, count);
}

/* Sleeps while the word is value: 0, -EAGAIN if it is not, -EINTR. */
static inline long futex_wait(const volatile void *word, unsigned value, int flag)
{
	return syscall4(SYS_futex, (long)word, FUTEX_WAIT | flag, value, 0);
}

/*
 * As futex_wait(), until the clock (CLOCK_REALTIME or CLOCK_MONOTONIC) shows the time at (NULL: ever):
 * -ETIMEDOUT then, -EINVAL for a time that is none.
 */
long futex_wait_until(const volatile void *word, unsigned value, int flag, clockid_t clock,
		      const struct timespec *at);

/* The same for wakers that name one of these bits: futex_wake_bits(), which tells how many it woke. */
long futex_wait_bits(const volatile void *word, unsigned value, int flag, clockid_t clock,
		     const struct timespec *at, unsigned bits);

static inline long futex_wake_bits(const volatile void *word, int count, int flag, unsigned bits)
{
	return syscall6(SYS_futex, (long)word, FUTEX_WAKE_BITSET | flag, count, 0, 0, bits);
}

/* The same as a cancellation point: CANCELLED if the thread has to end. */
long futex_wait_cancellable(const volatile void *word, unsigned value, int flag, clockid_t clock,
			    const struct timespec *at);

/* Whether POSIX's functions with a clock take it. */
static inline bool clock_waits(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

static inline bool word_swap(volatile void *word, unsigned from, unsigned to)
{
	return __atomic_compare_exchange_n((volatile unsigned *)word, &from, to, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Takes a word lock that others wait for, or may; 0, or -ETIMEDOUT, -EINVAL. */
long word_lock_slow(volatile void *word, int flag, clockid_t clock, const struct timespec *at);

static inline void word_lock(volatile void *word)
{
	if (unlikely(!word_swap(word, 0, 1)))
		word_lock_slow(word, FUTEX_PRIVATE_FLAG, CLOCK_REALTIME, NULL);
}

static inline void word_unlock_flag(volatile void *word, int flag)
{
	if (unlikely(__atomic_exchange_n((volatile unsigned *)word, 0, __ATOMIC_RELEASE) == 2))
		futex_wake(word, 1, flag);
}

static inline void word_unlock(volatile void *word)
{
	word_unlock_flag(word, FUTEX_PRIVATE_FLAG);
}

#endif
