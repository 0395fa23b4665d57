/* SPDX-License-Identifier: MIT */
/*
 * Condition variables. Each waiter sleeps on a word of its own stack and stands in a list, oldest
 * first, so a signal goes to one who waited before it, never to a later comer. If the mutex is held,
 * whoever is signalled moves on to the mutex's word without waking: the unlock wakes it.
 *
 * __lock guards the list, the waiters in it and __mutex. __refs counts the threads that may still
 * touch the condition variable; pthread_cond_destroy() waits for them. A waiter returns without
 * __lock only if it finds itself SIGNALLED, which is the last that the signaller does to it.
 */
#define _GNU_SOURCE
#include "pthread_mutex.h"

#define DESTROYING 0x80000000u /* in __refs */

enum {
	WAITING,
	SIGNALLED
};

struct waiter {
	struct waiter *prev, *next;
	uint32_t state; /* the futex */
	bool listed;
	bool moved;
};

static void list_remove(pthread_cond_t *c, struct waiter *w)
{
	*(w->prev ? &w->prev->next : (struct waiter **)&c->__head) = w->next;
	*(w->next ? &w->next->prev : (struct waiter **)&c->__tail) = w->prev;
	w->listed = false;
}

static void list_append(pthread_cond_t *c, struct waiter *w)
{
	w->prev = c->__tail;
	w->next = NULL;
	*(w->prev ? &w->prev->next : (struct waiter **)&c->__head) = w;
	c->__tail = w;
	w->listed = true;
}

static void drop_ref(pthread_cond_t *c)
{
	int flag = futex_flag(c->__shared);

	if (__atomic_sub_fetch(&c->__refs, 1, __ATOMIC_ACQ_REL) == DESTROYING)
		futex_wake(&c->__refs, INT_MAX, flag);
}

/* Whether w was signalled; if not it is taken out of the list, unless it is to wait on. */
static bool was_signalled(pthread_cond_t *c, struct waiter *w, bool wait_on)
{
	bool signalled;

	word_lock(&c->__lock);
	signalled = !w->listed;
	if (!signalled && !wait_on)
		list_remove(c, w);
	word_unlock(&c->__lock);
	return signalled;
}

/* Sleeps until signalled: 0, or -ETIMEDOUT, -EINVAL, CANCELLED without having been. */
static long sleep_on(pthread_cond_t *c, struct waiter *w, clockid_t clock,
		     const struct timespec *at)
{
	int flag = futex_flag(c->__shared);

	while (__atomic_load_n(&w->state, __ATOMIC_ACQUIRE) == WAITING) {
		long err = futex_wait_cancellable(&w->state, WAITING, flag, clock, at);
		bool give_up = err == -ETIMEDOUT || err == -EINVAL || err == CANCELLED;

		if (__atomic_load_n(&w->state, __ATOMIC_ACQUIRE) == SIGNALLED)
			break;
		if (was_signalled(c, w, !give_up))
			break;
		if (give_up)
			return err;
	}
	return 0;
}

static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
		      const struct timespec *at)
{
	struct waiter w = {.state = WAITING};
	long err;
	int locked;

	if (at && (at->tv_nsec < 0 || at->tv_nsec >= 1000000000))
		return EINVAL;
	word_lock(&c->__lock);
	__atomic_fetch_add(&c->__refs, 1, __ATOMIC_RELAXED);
	c->__mutex = m;
	list_append(c, &w);
	word_unlock(&c->__lock);
	err = pthread_mutex_unlock(m);
	if (err) {
		was_signalled(c, &w, false);
		drop_ref(c);
		return (int)err;
	}
	err = sleep_on(c, &w, clock, at);
	drop_ref(c);
	locked = mutex_relock(m);
	if (err == CANCELLED)
		__ringlet_test_cancel();
	return locked ? locked : (int)-err;
}

int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
	return wait_until(c, m, CLOCK_REALTIME, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
			   const struct timespec *restrict at)
{
	return wait_until(c, m, c->__clock, at);
}

int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t clock,
			   const struct timespec *restrict at)
{
	return clock_waits(clock) ? wait_until(c, m, clock, at) : EINVAL;
}

/*
 * Lets w sleep on at the mutex, if it sleeps. It stays WAITING until the caller says otherwise, so
 * should it wake before, it comes for __lock.
 */
static bool move_waiter(struct waiter *w, pthread_mutex_t *m)
{
	w->moved = syscall6(SYS_futex, (long)&w->state, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0,
			    1, (long)&m->__word, WAITING) > 0;
	return w->moved;
}

/* Someone sleeps at the mutex's word whom its holder may not know of. */
static void tell_holder(pthread_mutex_t *m)
{
	unsigned word = __atomic_load_n(&m->__word, __ATOMIC_RELAXED);

	while (word == 1 && !__atomic_compare_exchange_n(&m->__word, &word, 2, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
	if (!word)
		futex_wake(&m->__word, 1, FUTEX_PRIVATE_FLAG);
}

/* Signals those of a list that has left c; w may be gone as soon as it is SIGNALLED. */
static void release(struct waiter *w, int flag)
{
	for (struct waiter *next; w; w = next) {
		bool wake = !w->moved;

		next = w->next;
		__atomic_store_n(&w->state, SIGNALLED, __ATOMIC_RELEASE);
		if (wake)
			futex_wake(&w->state, 1, flag);
	}
}

/* __lock held: takes up to n waiters, oldest first, out of the list and signals them. */
static void signal_waiters(pthread_cond_t *c, unsigned n)
{
	struct waiter *first = c->__head, *last = NULL, *w;
	pthread_mutex_t *m = c->__mutex;
	bool move, moved = false;

	for (w = first; w && n; w = w->next, n--) {
		w->listed = false;
		last = w;
	}
	c->__head = w;
	*(w ? &w->prev : (struct waiter **)&c->__tail) = NULL;
	last->next = NULL;
	/* One alone is better woken if it can have the mutex at once. */
	move = mutex_is_plain(m) && !c->__shared &&
	       (first->next || __atomic_load_n(&m->__word, __ATOMIC_RELAXED));
	for (w = first; w && move; w = w->next)
		moved |= move_waiter(w, m);
	if (moved)
		tell_holder(m);
	release(first, futex_flag(c->__shared));
}

static int signal_most(pthread_cond_t *c, unsigned n)
{
	/* A waiter was seen to wait if this thread has had the mutex since. */
	if (!__atomic_load_n(&c->__head, __ATOMIC_RELAXED))
		return 0;
	word_lock(&c->__lock);
	if (c->__head)
		signal_waiters(c, n);
	word_unlock(&c->__lock);
	return 0;
}

int pthread_cond_signal(pthread_cond_t *c)
{
	return signal_most(c, 1);
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
	return signal_most(c, UINT_MAX);
}

int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict attr)
{
	*c = (pthread_cond_t){.__clock = attr ? attr->__clock : CLOCK_REALTIME,
			      .__shared = attr ? attr->__shared : 0};
	return 0;
}

/* Threads that were signalled may not have left yet, nor who signalled them. */
int pthread_cond_destroy(pthread_cond_t *c)
{
	unsigned refs;

	word_lock(&c->__lock);
	refs = __atomic_or_fetch(&c->__refs, DESTROYING, __ATOMIC_ACQ_REL);
	word_unlock(&c->__lock);
	while (refs != DESTROYING) {
		futex_wait(&c->__refs, refs, futex_flag(c->__shared));
		refs = __atomic_load_n(&c->__refs, __ATOMIC_ACQUIRE);
	}
	c->__refs = 0;
	return 0;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
	*attr = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
	*clock = attr->__clock;
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	if (!clock_waits(clock))
		return EINVAL;
	attr->__clock = (unsigned short)clock;
	return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = (unsigned short)shared;
	return 0;
}
