/* SPDX-License-Identifier: MIT */
/*
 * Mutexes by kind. A plain one's word is a lock of futex.h. That of a robust or priority-inheriting
 * one is what the core knows: the owner's tid, FUTEX_WAITERS, FUTEX_OWNER_DIED. Private to libc-glue.
 */
#ifndef LIBC_GLUE_PTHREAD_MUTEX_H
#define LIBC_GLUE_PTHREAD_MUTEX_H

#include "thread.h"

/* Bits of __kind beside the type, as in an attribute. */
#define MUTEX_TYPE    3
#define MUTEX_ROBUST  16
#define MUTEX_INHERIT 32
#define MUTEX_SHARED  128

/* How long to wait for a lock. */
struct lock_limit {
	clockid_t clock;
	const struct timespec *at; /* NULL: ever */
};

/* Linux wakes the one who waits for a dead owner as for a word that processes share. */
static inline int mutex_flag(const pthread_mutex_t *m)
{
	return futex_flag(m->__kind & (MUTEX_SHARED | MUTEX_ROBUST));
}

/*
 * Whoever owns a mutex that knows its owner: EDEADLK or EAGAIN as its type says, 0 when a recursive one
 * was taken once more, -1 if the caller does not own it or has to wait for itself.
 */
static inline int mutex_again(pthread_mutex_t *m, bool owned)
{
	if (!owned)
		return -1;
	switch (m->__kind & MUTEX_TYPE) {
	case PTHREAD_MUTEX_RECURSIVE:
		if (m->__count == UINT_MAX)
			return EAGAIN;
		m->__count++;
		return 0;
	case PTHREAD_MUTEX_ERRORCHECK:
		return EDEADLK;
	}
	return -1;
}

/* ---- pthread_robust.c: a mutex with MUTEX_ROBUST or MUTEX_INHERIT ---- */

/* limit NULL: only try. 0 or an error's number; EOWNERDEAD with the lock. */
int owned_lock(pthread_mutex_t *m, const struct lock_limit *limit);
int owned_unlock(pthread_mutex_t *m);

#endif
