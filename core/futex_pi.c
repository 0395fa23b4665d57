/* SPDX-License-Identifier: MIT */
/*
 * Locks whose waiters are known to the core, which hands them over (futex(2), "Priority-inheritance
 * futexes"). The word holds the owner's TID, FUTEX_WAITERS while anybody may wait here, and
 * FUTEX_OWNER_DIED. The app takes a free lock and gives one back that nobody waits for by itself.
 *
 * All waiters of a lock name the same owner and stand in its list. An owner is never one who waits,
 * directly or through others, for a thread that waits for it: whoever would close such a circle gets
 * EDEADLK. When a lock is given back or its owner ends, the first waiter of the highest priority
 * becomes the owner and its TID is written into the word before it is woken.
 *
 * Lock: pi_lock guards every thread's pi and the owners; inside bucket locks, outside the run queue's.
 */
#include <core/signal.h>

#include "futex_internal.h"

static struct spinlock pi_lock;

/* The first use of a thread's list makes it one. */
static struct list *waiters_of(struct thread *t)
{
	if (!t->pi.waiters.next)
		list_init(&t->pi.waiters);
	return &t->pi.waiters;
}

/* ---- who waits for whom; pi_lock held ---- */

/* For signal_with_thread(): the thread, if it will not end before pi_lock is given back. */
static void get_living(struct thread *t, void *to)
{
	*(struct thread **)to = t->pi.gone ? NULL : t;
}

static struct thread *living(uint32_t tid)
{
	struct thread *t = NULL;

	signal_with_thread((int)tid, get_living, &t);
	return t;
}

static struct thread *owner_waited_for(const struct thread *t)
{
	return t->pi.waiting ? t->pi.waiting->owner : NULL;
}

/* t gets the highest priority of those who wait for it, whom it waits for that, and so on. */
static void inherit(struct thread *t)
{
	for (; t; t = owner_waited_for(t)) {
		const struct futex_waiter *w;
		unsigned most = 0;

		list_for_each_entry (w, waiters_of(t), of_owner)
			most = max(most, sched_priority(w->thread));
		if (most == t->inherited)
			return;
		sched_inherit(t, (uint8_t)most);
	}
}

/* w's thread is to wait for owner. 0, or -EDEADLK if that thread waits for it. */
static int link(struct futex_waiter *w, struct thread *owner)
{
	for (struct thread *t = owner; t; t = owner_waited_for(t))
		if (t == w->thread)
			return -EDEADLK;
	w->kind = FUTEX_PI;
	w->owner = owner;
	list_add_tail(waiters_of(owner), &w->of_owner);
	w->thread->pi.waiting = w;
	inherit(owner);
	return 0;
}

static void unlink(struct futex_waiter *w)
{
	list_del(&w->of_owner);
	w->thread->pi.waiting = NULL;
	inherit(w->owner);
}

/* ---- the word; its bucket locked ---- */

/* Who has a lock that somebody waits for already; the word must agree. */
static int owner_known(const struct futex_waiter *first, uint32_t word, struct thread **owner)
{
	uint32_t tid = word & FUTEX_TID_MASK;

	if (first->kind != FUTEX_PI)
		return -EINVAL;
	/* Between the two halves of its owner's end the word names nobody (robust.c, futex_pi_exit()). */
	if (tid != (uint32_t)first->owner->tid && (tid || !(word & FUTEX_OWNER_DIED)))
		return -EINVAL;
	*owner = first->owner;
	return 0;
}

/* 0 with the word changed, FUTEX_AGAIN if it was not as expected, or -EFAULT. */
static int change(uintptr_t addr, uint32_t from, uint32_t to)
{
	uint32_t seen = from;

	if (cmpxchg_user32((uint32_t __user *)addr, &seen, to))
		return -EFAULT;
	return seen == from ? 0 : FUTEX_AGAIN;
}

/*
 * Takes the lock for t: 1, with `more` set in the word; or 0, and *owner has it, who will not end
 * before pi_lock is given back. -EDEADLK, -EINVAL, -ESRCH; -EFAULT, FUTEX_AGAIN. pi_lock held.
 */
static int take(struct futex_bucket *b, uintptr_t addr, const struct futex_key *key,
		struct thread *t, uint32_t more, struct thread **owner)
{
	struct futex_waiter *first = futex_first(b, key);
	uint32_t word, tid;
	int err;

	if (get_user32(&word, (uint32_t __user *)addr))
		return -EFAULT;
	tid = word & FUTEX_TID_MASK;
	if (tid == (uint32_t)t->tid)
		return -EDEADLK;
	if (first)
		return owner_known(first, word, owner);
	if (!tid) {
		err = change(addr, word, (word & FUTEX_OWNER_DIED) | (uint32_t)t->tid | more);
		return err ? err : 1;
	}
	err = change(addr, word, word | FUTEX_WAITERS);
	if (err)
		return err;
	*owner = living(tid);
	return *owner ? 0 : -ESRCH;
}

/* ---- handing over ---- */

/* Whom the lock goes to: the highest priority, and of these who came first. */
static struct futex_waiter *next_owner(struct futex_bucket *b, struct futex_waiter *first)
{
	struct futex_waiter *best = first;

	for (struct futex_waiter *w = first; w; w = futex_next(b, w))
		if (sched_priority(w->thread) > sched_priority(best->thread))
			best = w;
	return best;
}

/* Bucket lock held: gives the lock to w; the others wait for its thread now. */
static void hand_over(struct futex_bucket *b, struct futex_waiter *first, struct futex_waiter *w)
{
	spin_lock(&pi_lock);
	for (struct futex_waiter *o = first; o; o = futex_next(b, o)) {
		if (o == w)
			continue;
		list_del(&o->of_owner);
		o->owner = w->thread;
		list_add_tail(waiters_of(w->thread), &o->of_owner);
	}
	unlink(w);
	inherit(w->thread);
	spin_unlock(&pi_lock);
	futex_wake_one(w, 0);
}

/* ---- the operations ---- */

/* One try, all locks taken: 1 taken, 0 queued, or -errno. */
static int lock_or_queue(struct futex_waiter *w, bool try)
{
	struct futex_bucket *b = w->bucket;
	unsigned long irq = futex_lock(b);
	struct thread *owner;
	int err;

	spin_lock(&pi_lock);
	err = take(b, w->addr, &w->key, w->thread, 0, &owner);
	if (!err)
		err = try ? -EAGAIN : link(w, owner);
	spin_unlock(&pi_lock);
	if (!err)
		futex_insert(w);
	futex_unlock(b, irq);
	return err;
}

/* After the sleep, which ended with err: what the call returns. */
static int leave(struct futex_waiter *w, int err)
{
	unsigned long irq;
	struct futex_bucket *b = futex_lock_waiter(w, &irq);

	if (w->woken) {
		err = w->result;
	} else {
		list_del(&w->node);
		if (w->kind == FUTEX_PI) {
			spin_lock(&pi_lock);
			unlink(w);
			spin_unlock(&pi_lock);
		}
	}
	futex_unlock(b, irq);
	return err;
}

long futex_lock_pi(uintptr_t addr, const struct futex_key *key, uint64_t deadline, bool try)
{
	struct futex_waiter w;
	int err;

	futex_waiter_init(&w, addr, key);
	while ((err = lock_or_queue(&w, try)))
		if (err == -EFAULT ? futex_fault_in(addr) : err != FUTEX_AGAIN)
			return err == 1 ? 0 : err;
	err = futex_sleep(&w, deadline);
	err = leave(&w, err);
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

/* Bucket lock held. */
static int unlock(struct futex_bucket *b, uintptr_t addr, const struct futex_key *key)
{
	struct futex_waiter *first = futex_first(b, key), *next;
	uint32_t word;
	int err;

	if (get_user32(&word, (uint32_t __user *)addr))
		return -EFAULT;
	if ((word & FUTEX_TID_MASK) != (uint32_t)current_thread()->tid)
		return -EPERM;
	if (!first)
		return change(addr, word, 0);
	if (first->kind != FUTEX_PI || first->owner != current_thread())
		return -EINVAL;
	next = next_owner(b, first);
	err = change(addr, word, FUTEX_WAITERS | (uint32_t)next->thread->tid);
	if (!err)
		hand_over(b, first, next);
	return err;
}

long futex_unlock_pi(uintptr_t addr, const struct futex_key *key)
{
	struct futex_bucket *b = futex_bucket(key);
	int err;

	do {
		unsigned long irq = futex_lock(b);

		err = unlock(b, addr, key);
		futex_unlock(b, irq);
	} while (err == -EFAULT ? !futex_fault_in(addr) : err == FUTEX_AGAIN);
	return err;
}

/* ---- waiting for a condition and then for its lock ---- */

long futex_wait_requeue_pi(struct futex_waiter *w, uint32_t value, uint64_t deadline)
{
	int err = futex_queue(w, value);

	if (err)
		return err;
	err = futex_sleep(w, deadline);
	err = leave(w, err);
	if (err != -ERESTARTSYS)
		return err;
	/* The word may have changed once it was moved: the call cannot be made again. */
	return w->kind == FUTEX_PI ? -EAGAIN : -ERESTARTNOINTR;
}

/* 0 if w waits to be moved by this very operation. */
static int may_move(const struct futex_waiter *w, const struct futex_move *m)
{
	return w->kind == FUTEX_TO_MOVE && futex_same_key(&w->lock_key, &m->to) ? 0 : -EINVAL;
}

/* From its bucket into the lock's, to wait for owner. */
static int move_to_lock(struct futex_waiter *w, const struct futex_move *m, struct futex_bucket *to,
			struct thread *owner)
{
	int err = may_move(w, m);

	if (!err)
		err = link(w, owner);
	if (err)
		return err;
	list_del(&w->node);
	w->key = m->to;
	w->addr = w->lock_addr;
	WRITE_ONCE(w->bucket, to);
	futex_insert(w);
	return 0;
}

/* The first gets the lock if it is free, the others wait for it. pi_lock held. */
static long move_all(const struct futex_move *m, struct futex_bucket *a, struct futex_bucket *b)
{
	struct futex_waiter *w = futex_first(a, &m->from), *next;
	struct thread *owner = NULL;
	long done = 0;
	int err = w ? may_move(w, m) : 0;

	if (!w || err)
		return err;
	err = take(b, m->to_addr, &m->to, w->thread, m->move ? FUTEX_WAITERS : 0, &owner);
	if (err < 0)
		return err;
	if (err) {
		owner = w->thread;
		next = futex_next(a, w);
		futex_wake_one(w, 0);
		w = next;
		done = 1;
	}
	for (err = 0; w && !err && done - m->wake < m->move; w = next) {
		next = futex_next(a, w);
		err = move_to_lock(w, m, b, owner);
		done += !err;
	}
	return err ? err : done;
}

long futex_pi_move(const struct futex_move *m, struct futex_bucket *a, struct futex_bucket *b)
{
	long done;

	spin_lock(&pi_lock);
	done = move_all(m, a, b);
	spin_unlock(&pi_lock);
	return done;
}

/* ---- an owner's end ---- */

/* The word cannot be written any more: nobody gets that lock. Bucket lock held. */
static void give_up(struct futex_bucket *b, struct futex_waiter *w)
{
	struct futex_waiter *next;

	for (; w; w = next) {
		next = futex_next(b, w);
		spin_lock(&pi_lock);
		unlink(w);
		spin_unlock(&pi_lock);
		futex_wake_one(w, -EFAULT);
	}
}

/* The lock of key, which the running thread had, goes to the next. Bucket lock held; 0 or -EFAULT. */
static int pass_on(struct futex_bucket *b, const struct futex_key *key, uintptr_t *addr,
		   bool unwritable)
{
	struct futex_waiter *first = futex_first(b, key), *next;
	uint32_t word;

	if (!first || first->kind != FUTEX_PI || first->owner != current_thread())
		return 0;
	if (unwritable) {
		give_up(b, first);
		return 0;
	}
	next = next_owner(b, first);
	*addr = next->addr;
	word = FUTEX_WAITERS | FUTEX_OWNER_DIED | (uint32_t)next->thread->tid;
	if (put_user32((uint32_t __user *)*addr, word))
		return -EFAULT;
	hand_over(b, first, next);
	return 0;
}

/* Where a lock of the running thread is that somebody waits for; false: there is none. */
static bool next_lock(struct futex_key *key)
{
	unsigned long irq = spin_lock_irqsave(&pi_lock);
	struct list *waiters = waiters_of(current_thread());
	bool found = !list_empty(waiters);

	/* From now on nobody begins to wait for this thread. */
	current_thread()->pi.gone = true;
	if (found)
		*key = list_entry(waiters->next, struct futex_waiter, of_owner)->key;
	spin_unlock_irqrestore(&pi_lock, irq);
	return found;
}

void futex_pi_exit(void)
{
	struct futex_key key;

	while (next_lock(&key)) {
		struct futex_bucket *b = futex_bucket(&key);
		bool unwritable = false;
		unsigned long irq;
		uintptr_t addr;
		int err;

		do {
			irq = futex_lock(b);
			err = pass_on(b, &key, &addr, unwritable);
			futex_unlock(b, irq);
			unwritable = err && futex_fault_in(addr);
		} while (err);
	}
}

void futex_pi_changed(int tid)
{
	unsigned long irq = spin_lock_irqsave(&pi_lock);
	struct thread *t = tid ? living((uint32_t)tid) : NULL;

	if (t)
		inherit(owner_waited_for(t));
	spin_unlock_irqrestore(&pi_lock, irq);
}
