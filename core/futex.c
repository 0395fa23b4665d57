/* SPDX-License-Identifier: MIT */
/*
 * futex(2): threads wait on words of the app's memory. The app is one address space, so a word is
 * known by its address. Waiters stand in hashed buckets, on their owners' stacks.
 *
 * Bucket lock: guards its list and the waiters in it; never held over an access to the app's memory.
 * Hence a waiter queues itself first and reads the word then: a waker that changed the word before
 * is seen by that read, one that comes later finds the waiter. Two buckets are locked in order of
 * address (requeue).
 */
#include <abi/errno.h>
#include <abi/futex.h>
#include <abi/time.h>
#include <core/futex.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>

#define BUCKETS 256

struct bucket {
	struct spinlock lock;
	struct list waiters; /* in order of arrival */
} __aligned(32);

static struct bucket buckets[BUCKETS];

struct futex_waiter {
	struct list node;
	struct thread *thread;
	uintptr_t key;
	struct bucket *bucket; /* changed by requeue, under both locks */
	uint32_t bitset;
	bool woken;
};

static struct bucket *bucket_of(uintptr_t addr)
{
	return &buckets[(addr >> 2 ^ addr >> 12) % BUCKETS];
}

static void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&buckets[i].waiters);
}
INITCALL(0, futex_init);

/* The waiter's bucket, locked. */
static struct bucket *waiter_lock(struct futex_waiter *w)
{
	for (;;) {
		struct bucket *b = READ_ONCE(w->bucket);

		spin_lock(&b->lock);
		if (b == w->bucket)
			return b;
		spin_unlock(&b->lock);
	}
}

static void enqueue(struct futex_waiter *w, uintptr_t addr, uint32_t bitset)
{
	struct bucket *b = bucket_of(addr);

	*w = (struct futex_waiter){
		.thread = current_thread(), .key = addr, .bucket = b, .bitset = bitset};
	spin_lock(&b->lock);
	list_add_tail(&b->waiters, &w->node);
	spin_unlock(&b->lock);
}

/* Takes w out unless it was woken; whether it was. The lock also outlasts a waker's use of w. */
static bool dequeue(struct futex_waiter *w)
{
	struct bucket *b = waiter_lock(w);

	if (!w->woken)
		list_del(&w->node);
	spin_unlock(&b->lock);
	return w->woken;
}

/* Bucket lock held. */
static void wake_one(struct futex_waiter *w)
{
	list_del(&w->node);
	WRITE_ONCE(w->woken, true);
	sched_wake(w->thread);
}

/* Bucket lock held. */
static uint32_t wake_in(struct bucket *b, uintptr_t addr, uint32_t n, uint32_t bitset)
{
	struct futex_waiter *w, *tmp;
	uint32_t woken = 0;

	list_for_each_entry_safe (w, tmp, &b->waiters, node) {
		if (woken == n)
			break;
		if (w->key == addr && w->bitset & bitset) {
			wake_one(w);
			woken++;
		}
	}
	return woken;
}

long futex_wake(uintptr_t addr, uint32_t n, uint32_t bitset)
{
	struct bucket *b = bucket_of(addr);
	uint32_t woken;

	/* The app's store to the word comes before this look; a waiter queues itself before it reads. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&b->waiters))
		return 0;
	spin_lock(&b->lock);
	/* Linux counts after it has woken one, and programs of it rely on that: 0 wakes one too. */
	woken = wake_in(b, addr, max(n, (uint32_t)1), bitset);
	spin_unlock(&b->lock);
	return woken;
}

/* Sleeps on the word until woken if it holds value. deadline: monotonic ns. */
static long futex_wait(uintptr_t addr, uint32_t value, uint32_t bitset, uint64_t deadline)
{
	struct futex_waiter w;
	uint32_t now;
	int err;

	if (!bitset)
		return -EINVAL;
	enqueue(&w, addr, bitset);
	err = get_user32(&now, (uint32_t __user *)addr);
	if (!err && now != value)
		err = -EAGAIN;
	if (!err)
		wait_event(err, NULL, deadline, READ_ONCE(w.woken));
	return dequeue(&w) ? 0 : err;
}

static void lock_two(struct bucket *a, struct bucket *b)
{
	spin_lock(&min(a, b)->lock);
	if (a != b)
		spin_lock(&max(a, b)->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Wakes n waiters of addr and lets at most moved others wait on to instead. */
static long requeue(uintptr_t addr, uint32_t n, uintptr_t to, uint32_t moved)
{
	struct bucket *a = bucket_of(addr), *b = bucket_of(to);
	struct futex_waiter *w, *tmp;
	uint32_t done;
	long count;

	lock_two(a, b);
	count = done = wake_in(a, addr, n, FUTEX_BITSET_MATCH_ANY);
	done = 0;
	list_for_each_entry_safe (w, tmp, &a->waiters, node) {
		if (done == moved)
			break;
		if (w->key != addr)
			continue;
		done++;
		if (addr == to)
			continue;
		list_del(&w->node);
		list_add_tail(&b->waiters, &w->node);
		w->key = to;
		WRITE_ONCE(w->bucket, b);
	}
	unlock_two(a, b);
	return count + done;
}

/*
 * The word may change between this look and the requeue, as it may right after it on any system: a
 * waiter that moved is one that had queued itself for a value the caller knows.
 */
static long cmp_requeue(uintptr_t addr, uint32_t n, uintptr_t to, uint32_t moved, uint32_t value)
{
	uint32_t now;
	int err = get_user32(&now, (uint32_t __user *)addr);

	if (err)
		return err;
	return now == value ? requeue(addr, n, to, moved) : -EAGAIN;
}

static int32_t sign_extend12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

static int op_result(uint32_t op, uint32_t old, uint32_t arg, uint32_t *new)
{
	switch (op & 7) {
	case FUTEX_OP_SET:
		*new = arg;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*new = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return 0;
	}
	return -ENOSYS;
}

static int op_compare(uint32_t cmp, int32_t old, int32_t arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	}
	return -ENOSYS;
}

/* Does the encoded operation on the word at addr; 1 or 0 as the old value compares, or -errno. */
static int word_op(uintptr_t addr, uint32_t code)
{
	uint32_t op = code >> 28, cmp = code >> 24 & 15, old, new, seen;
	uint32_t arg = (uint32_t)sign_extend12(code >> 12);
	int err;

	if (op & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	err = get_user32(&old, (uint32_t __user *)addr);
	while (!err) {
		err = op_result(op, old, arg, &new);
		seen = old;
		if (!err)
			err = cmpxchg_user32((uint32_t __user *)addr, &seen, new);
		if (!err && seen == old)
			return op_compare(cmp, (int32_t)old, sign_extend12(code));
		old = seen;
	}
	return err;
}

static long wake_op(uintptr_t addr, uint32_t n, uintptr_t addr2, uint32_t n2, uint32_t code)
{
	int also = word_op(addr2, code);
	long woken;

	if (also < 0)
		return also;
	woken = futex_wake(addr, n, FUTEX_BITSET_MATCH_ANY);
	return also ? woken + futex_wake(addr2, n2, FUTEX_BITSET_MATCH_ANY) : woken;
}

/* The app's timeout as a monotonic deadline: relative for FUTEX_WAIT, else absolute. */
static int get_deadline(int op, const struct abi_timespec __user *uts, uint64_t *deadline)
{
	struct abi_timespec ts;
	uint64_t ns, now = time_now(), base = now;

	*deadline = TIME_NEVER;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (uint64_t)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (__builtin_mul_overflow((uint64_t)ts.tv_sec, NSEC_PER_SEC, &ns))
		return 0;
	ns += (uint64_t)ts.tv_nsec;
	if ((op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) != FUTEX_WAIT) {
		base = op & FUTEX_CLOCK_REALTIME ? time_realtime() : now;
		ns = ns > base ? ns - base : 0;
	}
	if (ns < TIME_NEVER - now)
		*deadline = now + ns;
	return 0;
}

static long futex_wait_timed(uintptr_t addr, int op, uint32_t value, uintptr_t timeout,
			     uint32_t bitset)
{
	uint64_t deadline;
	int err = get_deadline(op, (const struct abi_timespec __user *)timeout, &deadline);

	return err ? err : futex_wait(addr, value, bitset, deadline);
}

static int bad_word(uintptr_t addr)
{
	if (addr % sizeof(uint32_t))
		return -EINVAL;
	return addr < ARCH_USER_END ? 0 : -EFAULT;
}

/* arg is a timeout or a second count, as the operation wants. */
long sys_futex(uintptr_t addr, int op, unsigned value, uintptr_t arg, uintptr_t addr2,
	       unsigned value3)
{
	int err = bad_word(addr);

	if (unlikely(err))
		return err;
	if (likely((op & ~FUTEX_PRIVATE_FLAG) == FUTEX_WAKE))
		return futex_wake(addr, value, FUTEX_BITSET_MATCH_ANY);
	switch (op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT:
		return futex_wait_timed(addr, op, value, arg, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return futex_wait_timed(addr, op, value, arg, value3);
	}
	if (op & FUTEX_CLOCK_REALTIME)
		return -ENOSYS;
	if ((op & ~FUTEX_PRIVATE_FLAG) == FUTEX_WAKE_BITSET)
		return value3 ? futex_wake(addr, value, value3) : -EINVAL;
	err = bad_word(addr2);
	if (err)
		return err;
	switch (op & ~FUTEX_PRIVATE_FLAG) {
	case FUTEX_REQUEUE:
		return requeue(addr, value, addr2, (uint32_t)arg);
	case FUTEX_CMP_REQUEUE:
		return cmp_requeue(addr, value, addr2, (uint32_t)arg, value3);
	case FUTEX_WAKE_OP:
		return wake_op(addr, value, addr2, (uint32_t)arg, value3);
	}
	return -ENOSYS;
}
