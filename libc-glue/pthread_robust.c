/* SPDX-License-Identifier: MIT */
/*
 * Mutexes whose word names the owner for the core: robust ones, which the core gives away when their
 * owner dies, and those with priority inheritance, which the core hands on itself.
 *
 * A robust mutex its owner holds stands in the owner's list (thread_control.robust), known to the core;
 * while it is being taken or given up it is "pending" there. A dead owner leaves FUTEX_OWNER_DIED: the
 * next one to lock is told, and if it unlocks without pthread_mutex_consistent(), the word becomes
 * LOST for ever.
 */
#define _GNU_SOURCE
#include "pthread_mutex.h"

#define LOST FUTEX_TID_MASK

/* Values of __inconsistent. A mutex with priority inheritance is lost by that, not by its word. */
#define OWNER_DIED    1
#define LOST_FOR_EVER 2

#define WORD_FROM_LINK \
	((long)offsetof(pthread_mutex_t, __word) - (long)offsetof(pthread_mutex_t, __next))
/* In a link: the lock inherits priority. */
#define LINK_INHERIT 1UL

static void *link_of(pthread_mutex_t *m)
{
	return (void *)((uintptr_t)&m->__next | (m->__kind & MUTEX_INHERIT ? LINK_INHERIT : 0));
}

/* What a link leads to; the list's head is no mutex but has its next in the same place. */
static void **plain_link(void *link)
{
	return (void **)((uintptr_t)link & ~LINK_INHERIT);
}

static void robust_begin(struct thread_control *self, pthread_mutex_t *m)
{
	if (!(m->__kind & MUTEX_ROBUST))
		return;
	if (!self->robust_known) {
		self->robust = (struct robust_list){&self->robust, WORD_FROM_LINK, NULL};
		syscall2(SYS_set_robust_list, (long)&self->robust, sizeof(self->robust));
		self->robust_known = true;
	}
	*(void *volatile *)&self->robust.pending = link_of(m);
}

static void robust_end(struct thread_control *self)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*(void *volatile *)&self->robust.pending = NULL;
}

/*
 * __prev is the address of the link that leads here. The core walks from the head by __next, so that
 * one is right at every instruction.
 */
static void robust_link(struct thread_control *self, pthread_mutex_t *m)
{
	void *first = self->robust.next;

	if (!(m->__kind & MUTEX_ROBUST))
		return;
	m->__next = first;
	m->__prev = &self->robust.next;
	if (first != &self->robust)
		plain_link(first)[-1] = &m->__next;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	self->robust.next = link_of(m);
}

static void robust_unlink(struct thread_control *self, pthread_mutex_t *m)
{
	if (!(m->__kind & MUTEX_ROBUST))
		return;
	*(void **)m->__prev = m->__next;
	if (m->__next != &self->robust)
		plain_link(m->__next)[-1] = m->__prev;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}
_Static_assert(offsetof(pthread_mutex_t, __next) ==
		       offsetof(pthread_mutex_t, __prev) + sizeof(void *),
	       "plain_link(link)[-1] is __prev");

/* The caller has the word. 0, or EOWNERDEAD if it got it from a dead thread. */
static int taken(struct thread_control *self, pthread_mutex_t *m, bool owner_died)
{
	m->__count = 0;
	robust_link(self, m);
	robust_end(self);
	if (owner_died)
		m->__inconsistent = OWNER_DIED;
	return owner_died ? EOWNERDEAD : 0;
}

static int not_taken(struct thread_control *self, int err)
{
	robust_end(self);
	return err;
}

static bool swap(pthread_mutex_t *m, unsigned *word, unsigned to)
{
	return __atomic_compare_exchange_n(&m->__word, word, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_ACQUIRE);
}

/* A robust lock without priority inheritance. waited: others may sleep, whoever takes it says so. */
static int robust_lock(struct thread_control *self, pthread_mutex_t *m,
		       const struct lock_limit *limit)
{
	unsigned word = __atomic_load_n(&m->__word, __ATOMIC_ACQUIRE), waited = 0;
	long err;

	for (;;) {
		unsigned owner = word & FUTEX_TID_MASK;

		if (owner == LOST)
			return not_taken(self, ENOTRECOVERABLE);
		if (!owner) {
			unsigned died = word & FUTEX_OWNER_DIED;

			if (!swap(m, &word, self->tid | waited | (word & FUTEX_WAITERS)))
				continue;
			return taken(self, m, died);
		}
		if (!limit)
			return not_taken(self, EBUSY);
		if (!(word & FUTEX_WAITERS)) {
			if (!swap(m, &word, word | FUTEX_WAITERS))
				continue;
			word |= FUTEX_WAITERS;
		}
		err = futex_wait_until(&m->__word, word, mutex_flag(m), limit->clock, limit->at);
		if (err == -ETIMEDOUT || err == -EINVAL)
			return not_taken(self, (int)-err);
		waited = FUTEX_WAITERS;
		word = __atomic_load_n(&m->__word, __ATOMIC_ACQUIRE);
	}
}

/* The core has the time by CLOCK_REALTIME, or with the younger call by CLOCK_MONOTONIC. */
static long inherit_wait(pthread_mutex_t *m, const struct lock_limit *limit)
{
	int op = limit->clock == CLOCK_REALTIME ? FUTEX_LOCK_PI : FUTEX_LOCK_PI2;

	if (limit->at && (limit->at->tv_nsec < 0 || limit->at->tv_nsec >= 1000000000))
		return -EINVAL;
	if (limit->at && limit->at->tv_sec < 0)
		return -ETIMEDOUT;
	return syscall4(SYS_futex, (long)&m->__word, op | mutex_flag(m), 0, (long)limit->at);
}

/* Sleeps for ever, or as long as limit says: who waits for itself or a lost thread. */
static int wait_in_vain(const struct lock_limit *limit)
{
	uint32_t word = 0;
	long err;

	do {
		err = futex_wait_until(&word, 0, FUTEX_PRIVATE_FLAG, limit->clock, limit->at);
	} while (err != -ETIMEDOUT && err != -EINVAL);
	return (int)-err;
}

static int inherit_acquire(struct thread_control *self, pthread_mutex_t *m,
			   const struct lock_limit *limit)
{
	unsigned word = 0;
	long err;

	if (swap(m, &word, self->tid))
		return taken(self, m, false);
	if (!limit)
		err = syscall4(SYS_futex, (long)&m->__word, FUTEX_TRYLOCK_PI | mutex_flag(m), 0, 0);
	else
		do {
			err = inherit_wait(m, limit);
		} while (err == -EINTR);
	/* Its owner is this thread, or one that is no more. */
	if ((err == -EDEADLK || err == -ESRCH) && limit) {
		robust_end(self);
		return wait_in_vain(limit);
	}
	if (err == -EAGAIN || err == -EDEADLK || err == -ESRCH)
		return not_taken(self, EBUSY);
	if (err)
		return not_taken(self, (int)-err);
	word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);
	if (word & FUTEX_OWNER_DIED)
		__atomic_and_fetch(&m->__word, ~FUTEX_OWNER_DIED, __ATOMIC_RELAXED);
	return taken(self, m, word & FUTEX_OWNER_DIED);
}

static int inherit_lock(struct thread_control *self, pthread_mutex_t *m,
			const struct lock_limit *limit)
{
	int err = inherit_acquire(self, m, limit);

	if ((err && err != EOWNERDEAD) || m->__inconsistent != LOST_FOR_EVER)
		return err;
	owned_unlock(m);
	return ENOTRECOVERABLE;
}

int owned_lock(pthread_mutex_t *m, const struct lock_limit *limit)
{
	struct thread_control *self = thread_self();
	unsigned owner = __atomic_load_n(&m->__word, __ATOMIC_RELAXED) & FUTEX_TID_MASK;
	int again = mutex_again(m, owner == self->tid);

	if (again >= 0)
		return !limit && again == EDEADLK ? EBUSY : again;
	robust_begin(self, m);
	return m->__kind & MUTEX_INHERIT ? inherit_lock(self, m, limit)
					 : robust_lock(self, m, limit);
}

int owned_unlock(pthread_mutex_t *m)
{
	struct thread_control *self = thread_self();
	unsigned word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);
	unsigned after = m->__inconsistent ? LOST : 0;
	int flag = mutex_flag(m), kind = m->__kind;

	if ((word & FUTEX_TID_MASK) != self->tid)
		return EPERM;
	if (m->__count) {
		m->__count--;
		return 0;
	}
	robust_begin(self, m);
	robust_unlink(self, m);
	if (kind & MUTEX_INHERIT) {
		if (after)
			m->__inconsistent = LOST_FOR_EVER;
		word = self->tid;
		if (!__atomic_compare_exchange_n(&m->__word, &word, 0, false, __ATOMIC_RELEASE,
						 __ATOMIC_RELAXED))
			syscall2(SYS_futex, (long)&m->__word, FUTEX_UNLOCK_PI | flag);
	} else {
		word = __atomic_exchange_n(&m->__word, after, __ATOMIC_RELEASE);
		if (word & FUTEX_WAITERS)
			futex_wake(&m->__word, after ? INT_MAX : 1, flag);
	}
	robust_end(self);
	return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
	unsigned owner = __atomic_load_n(&m->__word, __ATOMIC_RELAXED) & FUTEX_TID_MASK;

	if (!(m->__kind & MUTEX_ROBUST) || m->__inconsistent != OWNER_DIED ||
	    owner != thread_self()->tid)
		return EINVAL;
	m->__inconsistent = 0;
	return 0;
}

int pthread_mutex_consistent_np(pthread_mutex_t *m)
	__attribute__((alias("pthread_mutex_consistent")));
