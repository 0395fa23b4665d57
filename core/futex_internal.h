/* SPDX-License-Identifier: MIT */
/*
 * What the files of futexes share (core/futex.c has the rules). Locks, outer to inner: buckets in order
 * of address, the lock of priority inheritance (futex_pi.c), run queue. All are taken with interrupts
 * off, which makes an access to the app's memory fail where it would fault and sleep: the caller then
 * gives its locks back, has the page brought in (futex_fault_in()) and begins anew.
 */
#ifndef FUTEX_INTERNAL_H
#define FUTEX_INTERNAL_H

#include <abi/errno.h>
#include <abi/futex.h>
#include <abi/time.h>
#include <core/futex.h>
#include <core/sched.h>
#include <core/uaccess.h>

/* What a word is known by: its address, or for memory that is shared the object and the offset in it. */
struct futex_key {
	uintptr_t offset;
	const void *object; /* NULL: offset is an address */
};

struct futex_bucket {
	struct spinlock lock; /* guards the list and what is in the waiters in it */
	struct list waiters;  /* by priority when they came, then in order of arrival */
} __aligned(32);

enum futex_kind {
	FUTEX_PLAIN,
	FUTEX_TO_MOVE, /* FUTEX_WAIT_REQUEUE_PI: waits to be moved to a lock */
	FUTEX_PI,      /* waits for a lock: owner is who has it */
};

/* On the stack of the thread that waits; but for woken everything is under its bucket's lock. */
struct futex_waiter {
	struct list node;
	struct thread *thread;
	uintptr_t addr;
	struct futex_key key;
	struct futex_bucket *bucket; /* changed by a move, under both locks */
	uint32_t bitset, seen;	     /* what it waits for, what the word held */
	uint8_t priority;	     /* when it came */
	uint8_t kind;
	bool woken;
	int result; /* when woken: what the call returns */
	/* FUTEX_TO_MOVE: the lock it may be moved to. */
	uintptr_t lock_addr;
	struct futex_key lock_key;
	/* FUTEX_PI, also under the lock of priority inheritance. */
	struct thread *owner;
	struct list of_owner; /* in owner->pi.waiters */
};

static inline bool futex_same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->object == b->object;
}

/* The key of the word at addr. -EINVAL if it is not aligned, -EFAULT if it is not the app's. */
int futex_key(uintptr_t addr, bool shared, struct futex_key *key);
struct futex_bucket *futex_bucket(const struct futex_key *key);

/* Interrupts off and the lock, and back. */
unsigned long futex_lock(struct futex_bucket *b);
unsigned long futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock(struct futex_bucket *b, unsigned long irq);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b, unsigned long irq);
/* The waiter's bucket, locked: a move may change it until then. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *w, unsigned long *irq);

/* Bucket locks held: the first that waits on the key, or the next after w. NULL: none. */
struct futex_waiter *futex_first(struct futex_bucket *b, const struct futex_key *key);
struct futex_waiter *futex_next(struct futex_bucket *b, const struct futex_waiter *w);
/* Bucket lock held: puts w into the bucket it names. */
void futex_insert(struct futex_waiter *w);
/* Bucket lock held: takes w out and has its call return result. */
void futex_wake_one(struct futex_waiter *w, int result);

/* Fills w for the running thread. */
void futex_waiter_init(struct futex_waiter *w, uintptr_t addr, const struct futex_key *key);
/* Queues w if its word holds value: 0, -EAGAIN or -EFAULT. */
int futex_queue(struct futex_waiter *w, uint32_t value);
/* Sleeps until w is woken: 0, -ETIMEDOUT or -ERESTARTSYS. */
int futex_sleep(const struct futex_waiter *w, uint64_t deadline);
/* Takes w out unless it was woken; whether it was. Its lock also outlasts a waker's use of w. */
bool futex_dequeue(struct futex_waiter *w);
/* The first operations, with a key: a bitset of 0 is -EINVAL. A signal makes it -ERESTARTSYS. */
long futex_wake_key(const struct futex_key *key, int n, uint32_t bitset);
long futex_wait(uintptr_t addr, const struct futex_key *key, uint32_t value, uint32_t bitset,
		uint64_t deadline);
/* Makes the page with the word present, for writing: 0 or -EFAULT. No lock held. */
int futex_fault_in(uintptr_t addr);

/* The monotonic end of the app's timeout, TIME_NEVER without one. 0, -EFAULT or -EINVAL. */
int futex_deadline(const struct abi_timespec __user *uts, bool absolute, bool realtime,
		   uint64_t *deadline);

/* FUTEX_CMP_REQUEUE and its kin: what is to be moved from which word to which. */
struct futex_move {
	uintptr_t from_addr, to_addr;
	struct futex_key from, to;
	int wake, move;
	bool compare; /* only if the first word holds value */
	uint32_t value;
};

/* How many were woken and moved, or -errno; pi: to a lock. */
long futex_move(const struct futex_move *m, bool pi);
/* With both buckets locked, to a lock (futex_pi.c). */
long futex_pi_move(const struct futex_move *m, struct futex_bucket *a, struct futex_bucket *b);
/* Inside only: what was looked at has changed, all is to be done anew. */
#define FUTEX_AGAIN (-EBUSY)

/* The operations on locks. lock with try: never waits. */
long futex_lock_pi(uintptr_t addr, const struct futex_key *key, uint64_t deadline, bool try);
long futex_unlock_pi(uintptr_t addr, const struct futex_key *key);
long futex_wait_requeue_pi(struct futex_waiter *w, uint32_t value, uint64_t deadline);

#endif
