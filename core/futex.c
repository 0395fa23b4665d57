/* SPDX-License-Identifier: MIT */
/*
 * futex(2): threads wait on words of the app's memory. A word is known by its key: its address, for
 * the app is one address space, or where memory is shared by what is shared and where in it. Waiters
 * stand in hashed buckets, on their owners' stacks.
 *
 * Bucket lock: guards its list and the waiters in it. A waiter looks at the word with the lock held,
 * after it has queued itself: who changed the word before is seen by that look, who comes later finds
 * the waiter, and a wake-up is never spent on one that the look then sends away. That look must not
 * fault: see futex_internal.h. Two buckets are locked in order of address.
 */
#include <core/syscall.h>
#include <core/time.h>
#include <core/vm.h>

#include "futex_internal.h"

#define BUCKETS 256

static struct futex_bucket buckets[BUCKETS];

struct futex_bucket *futex_bucket(const struct futex_key *key)
{
	uintptr_t n = key->offset ^ (uintptr_t)key->object;

	return &buckets[(n >> 2 ^ n >> 12) % BUCKETS];
}

static void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&buckets[i].waiters);
}
INITCALL(0, futex_init);

int futex_key(uintptr_t addr, bool shared, struct futex_key *key)
{
	uint32_t word;

	if (addr % sizeof(uint32_t))
		return -EINVAL;
	if (addr >= ARCH_USER_END)
		return -EFAULT;
	*key = (struct futex_key){.offset = addr};
	/* What is shared is what is there: Linux tells here if nothing is. */
	if (shared && !vm_shared(addr, &key->object, &key->offset))
		return get_user32(&word, (const uint32_t __user *)addr);
	return 0;
}

/* ---- locks ---- */

unsigned long futex_lock(struct futex_bucket *b)
{
	return spin_lock_irqsave(&b->lock);
}

void futex_unlock(struct futex_bucket *b, unsigned long irq)
{
	spin_unlock_irqrestore(&b->lock, irq);
}

unsigned long futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	unsigned long irq = spin_lock_irqsave(&min(a, b)->lock);

	if (a != b)
		spin_lock(&max(a, b)->lock);
	return irq;
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b, unsigned long irq)
{
	if (a != b)
		spin_unlock(&max(a, b)->lock);
	spin_unlock_irqrestore(&min(a, b)->lock, irq);
}

struct futex_bucket *futex_lock_waiter(struct futex_waiter *w, unsigned long *irq)
{
	for (;;) {
		struct futex_bucket *b = READ_ONCE(w->bucket);

		*irq = futex_lock(b);
		if (b == w->bucket)
			return b;
		futex_unlock(b, *irq);
	}
}

/* ---- queues ---- */

static struct futex_waiter *from(struct futex_bucket *b, const struct list *n,
				 const struct futex_key *key)
{
	for (; n != &b->waiters; n = n->next) {
		struct futex_waiter *w = list_entry(n, struct futex_waiter, node);

		if (futex_same_key(&w->key, key))
			return w;
	}
	return NULL;
}

struct futex_waiter *futex_first(struct futex_bucket *b, const struct futex_key *key)
{
	return from(b, b->waiters.next, key);
}

struct futex_waiter *futex_next(struct futex_bucket *b, const struct futex_waiter *w)
{
	return from(b, w->node.next, &w->key);
}

void futex_waiter_init(struct futex_waiter *w, uintptr_t addr, const struct futex_key *key)
{
	/* The rest is written before it is read; all of it would be more than the call's other work. */
	w->thread = current_thread();
	w->addr = addr;
	w->key = *key;
	w->bucket = futex_bucket(key);
	w->bitset = FUTEX_BITSET_MATCH_ANY;
	w->priority = (uint8_t)sched_priority(w->thread);
	w->kind = FUTEX_PLAIN;
	w->woken = false;
}

void futex_insert(struct futex_waiter *w)
{
	struct list *head = &w->bucket->waiters, *at = head->prev;

	while (unlikely(w->priority) && at != head &&
	       list_entry(at, struct futex_waiter, node)->priority < w->priority)
		at = at->prev;
	list_add(at, &w->node);
}

int futex_queue(struct futex_waiter *w, uint32_t value)
{
	const uint32_t __user *word = (const uint32_t __user *)w->addr;
	struct futex_bucket *b = w->bucket;
	int err;

	do {
		unsigned long irq = futex_lock(b);

		futex_insert(w);
		/* A waker looks whether the list is empty before it locks. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		err = get_user32(&w->seen, word);
		if (likely(!err && w->seen == value)) {
			futex_unlock(b, irq);
			return 0;
		}
		list_del(&w->node);
		futex_unlock(b, irq);
		if (!err)
			return -EAGAIN;
	} while (!get_user32(&w->seen, word));
	return -EFAULT;
}

static __noinline bool dequeue_locked(struct futex_waiter *w)
{
	unsigned long irq;
	struct futex_bucket *b = futex_lock_waiter(w, &irq);

	if (!w->woken)
		list_del(&w->node);
	futex_unlock(b, irq);
	return w->woken;
}

bool futex_dequeue(struct futex_waiter *w)
{
	/* Woken under the lock, which its waker has given back: it uses w no more. */
	if (likely(__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE) &&
		   !spin_is_locked(&w->bucket->lock)))
		return true;
	return dequeue_locked(w);
}

int futex_fault_in(uintptr_t addr)
{
	uint32_t __user *word = (uint32_t __user *)addr;
	uint32_t now;
	int err = get_user32(&now, word);

	return err ? err : cmpxchg_user32(word, &now, now);
}

/* ---- waking ---- */

void futex_wake_one(struct futex_waiter *w, int result)
{
	list_del(&w->node);
	w->result = result;
	WRITE_ONCE(w->woken, true);
	sched_wake(w->thread);
}

/* Bucket lock held. -EINVAL if one waits there for a lock: that is handed over otherwise. */
static long wake_in(struct futex_bucket *b, const struct futex_key *key, int n, uint32_t bitset)
{
	struct futex_waiter *w, *tmp;
	long woken = 0;

	list_for_each_entry_safe (w, tmp, &b->waiters, node) {
		if (!futex_same_key(&w->key, key))
			continue;
		if (w->kind != FUTEX_PLAIN)
			return -EINVAL;
		if (!(w->bitset & bitset))
			continue;
		futex_wake_one(w, 0);
		if (++woken >= n)
			break;
	}
	return woken;
}

static __noinline long wake_locked(struct futex_bucket *b, const struct futex_key *key, int n,
				   uint32_t bitset)
{
	unsigned long irq = futex_lock(b);
	long woken = wake_in(b, key, n, bitset);

	futex_unlock(b, irq);
	return woken;
}

/* Linux counts after it has woken one, and programs of it rely on that: n of 0 wakes one too. */
static inline long wake(const struct futex_key *key, int n, uint32_t bitset)
{
	struct futex_bucket *b = futex_bucket(key);

	/* The app's store to the word comes before this look; a waiter queues itself before it reads. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return list_empty(&b->waiters) ? 0 : wake_locked(b, key, n, bitset);
}

long futex_wake_key(const struct futex_key *key, int n, uint32_t bitset)
{
	return bitset ? wake(key, n, bitset) : -EINVAL;
}

long futex_wake(uintptr_t addr, int n)
{
	struct futex_key key;
	int err = futex_key(addr, true, &key);

	return err ? err : futex_wake_key(&key, n, FUTEX_BITSET_MATCH_ANY);
}

/* ---- waiting ---- */

int futex_sleep(const struct futex_waiter *w, uint64_t deadline)
{
	int err = 0;

	if (deadline != TIME_NEVER) {
		wait_event(err, NULL, deadline, READ_ONCE(w->woken));
		return err;
	}
	/* The same without a timer. */
	for (;;) {
		thread_prepare_sleep();
		if (READ_ONCE(w->woken))
			break;
		if (signal_waiting()) {
			err = -ERESTARTSYS;
			break;
		}
		sched_sleep();
	}
	thread_cancel_sleep();
	return err;
}

long futex_wait(uintptr_t addr, const struct futex_key *key, uint32_t value, uint32_t bitset,
		uint64_t deadline)
{
	struct futex_waiter w;
	int err;

	if (!bitset)
		return -EINVAL;
	futex_waiter_init(&w, addr, key);
	w.bitset = bitset;
	err = futex_queue(&w, value);
	if (err)
		return err;
	err = futex_sleep(&w, deadline);
	return futex_dequeue(&w) ? 0 : err;
}

static long wait_again(struct signal_restart *r);

/* Broken off by a signal and made again, it ends when it was to end: the timeout may be relative. */
static long wait_restartable(uintptr_t addr, const struct futex_key *key, uint32_t value,
			     uint32_t bitset, uint64_t deadline)
{
	long err = futex_wait(addr, key, value, bitset, deadline);

	if (err != -ERESTARTSYS || deadline == TIME_NEVER)
		return err;
	current_thread()->restart = (struct signal_restart){
		.fn = wait_again,
		.deadline = deadline,
		.arg = {addr, value | (uint64_t)bitset << 32, key->object != NULL},
	};
	return -ERESTART_RESTARTBLOCK;
}

static long wait_again(struct signal_restart *r)
{
	struct futex_key key;
	int err = futex_key(r->arg[0], r->arg[2], &key);

	return err ? err
		   : wait_restartable(r->arg[0], &key, (uint32_t)r->arg[1], r->arg[1] >> 32,
				      r->deadline);
}

/* ---- moving ---- */

static void move_one(struct futex_waiter *w, const struct futex_move *m, struct futex_bucket *to)
{
	if (w->bucket != to) {
		list_del(&w->node);
		WRITE_ONCE(w->bucket, to);
		futex_insert(w);
	}
	w->key = m->to;
	w->addr = m->to_addr;
}

/* Wakes m->wake of those that wait and moves at most m->move others. Both buckets locked. */
static long move_locked(const struct futex_move *m, struct futex_bucket *a, struct futex_bucket *b)
{
	struct futex_waiter *w, *tmp;
	long done = 0;

	list_for_each_entry_safe (w, tmp, &a->waiters, node) {
		if (done - m->wake >= m->move)
			break;
		if (!futex_same_key(&w->key, &m->from))
			continue;
		if (w->kind != FUTEX_PLAIN)
			return -EINVAL;
		if (done++ < m->wake)
			futex_wake_one(w, 0);
		else if (!futex_same_key(&m->from, &m->to))
			move_one(w, m, b);
	}
	return done;
}

long futex_move(const struct futex_move *m, bool pi)
{
	struct futex_bucket *a = futex_bucket(&m->from), *b = futex_bucket(&m->to);
	uint32_t now = m->value;
	unsigned long irq;
	long done;
	int err;

	if (m->wake < 0 || m->move < 0)
		return -EINVAL;
	for (;;) {
		irq = futex_lock_two(a, b);
		err = m->compare ? get_user32(&now, (uint32_t __user *)m->from_addr) : 0;
		done = err		 ? err
		       : now == m->value ? (pi ? futex_pi_move : move_locked)(m, a, b)
					 : -EAGAIN;
		futex_unlock_two(a, b, irq);
		if (done == FUTEX_AGAIN)
			continue;
		if (done != -EFAULT)
			return done;
		if (err)
			err = get_user32(&now, (uint32_t __user *)m->from_addr);
		else
			err = futex_fault_in(m->to_addr);
		if (err)
			return err;
	}
}

/* ---- an operation on a second word ---- */

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

static long wake_op(const struct futex_key *key, int n, uintptr_t addr2,
		    const struct futex_key *key2, int n2, uint32_t code)
{
	int also = word_op(addr2, code);
	long woken, more = 0;

	if (also < 0)
		return also;
	woken = futex_wake_key(key, n, FUTEX_BITSET_MATCH_ANY);
	if (also && woken >= 0)
		more = futex_wake_key(key2, n2, FUTEX_BITSET_MATCH_ANY);
	return more < 0 ? more : woken + more;
}

/* ---- the system call ---- */

int futex_deadline(const struct abi_timespec __user *uts, bool absolute, bool realtime,
		   uint64_t *deadline)
{
	struct abi_timespec ts;
	uint64_t ns, now, base;

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
	/* The monotonic clock is read last: the end may come late by that, never early. */
	base = absolute && realtime ? time_realtime() : 0;
	now = time_now();
	if (absolute && !realtime)
		base = now;
	ns = ns > base ? ns - base : 0;
	if (ns < TIME_NEVER - now)
		*deadline = now + ns;
	return 0;
}

/* The arguments of the call; arg is a timeout or a second count, as the operation wants. */
struct request {
	uintptr_t addr, addr2, arg;
	uint64_t deadline;
	struct futex_key key;
	uint32_t value, value3;
	int op; /* without its flags */
	bool shared, realtime;
};

static long request_wait_to_move(const struct request *r)
{
	struct futex_waiter w;
	int err;

	futex_waiter_init(&w, r->addr, &r->key);
	w.kind = FUTEX_TO_MOVE;
	w.lock_addr = r->addr2;
	err = futex_key(r->addr2, r->shared, &w.lock_key);
	if (err)
		return err;
	if (futex_same_key(&w.key, &w.lock_key))
		return -EINVAL;
	return futex_wait_requeue_pi(&w, r->value, r->deadline);
}

/* What has a second word. */
static long request_two(const struct request *r)
{
	struct futex_move m = {
		.from_addr = r->addr,
		.to_addr = r->addr2,
		.from = r->key,
		.wake = (int)r->value,
		.move = (int)r->arg,
		.compare = r->op != FUTEX_REQUEUE,
		.value = r->value3,
	};
	int err = futex_key(r->addr2, r->shared, &m.to);

	if (err)
		return err;
	if (r->op == FUTEX_WAKE_OP)
		return wake_op(&r->key, (int)r->value, r->addr2, &m.to, (int)r->arg, r->value3);
	if (r->op != FUTEX_CMP_REQUEUE_PI)
		return futex_move(&m, false);
	if (futex_same_key(&m.from, &m.to) || m.wake != 1)
		return -EINVAL;
	return futex_move(&m, true);
}

static long request_do(const struct request *r)
{
	switch (r->op) {
	case FUTEX_WAIT:
		return wait_restartable(r->addr, &r->key, r->value, FUTEX_BITSET_MATCH_ANY,
					r->deadline);
	case FUTEX_WAIT_BITSET:
		return wait_restartable(r->addr, &r->key, r->value, r->value3, r->deadline);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(r->addr, &r->key, r->deadline, false);
	case FUTEX_WAKE:
		return futex_wake_key(&r->key, (int)r->value, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake_key(&r->key, (int)r->value, r->value3);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(r->addr, &r->key, TIME_NEVER, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(r->addr, &r->key);
	case FUTEX_WAIT_REQUEUE_PI:
		return request_wait_to_move(r);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_WAKE_OP:
		return request_two(r);
	}
	return -ENOSYS;
}

#define FLAGS (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
#define LAST  FUTEX_LOCK_PI2
/* Which can be told the clock, and which have a timeout. */
#define CLOCKED (1u << FUTEX_WAIT_BITSET | 1u << FUTEX_WAIT_REQUEUE_PI | 1u << FUTEX_LOCK_PI2)
#define TIMED	(CLOCKED | 1u << FUTEX_WAIT | 1u << FUTEX_LOCK_PI)

static __noinline long request(uintptr_t addr, int op, unsigned value, uintptr_t arg,
			       uintptr_t addr2, unsigned value3)
{
	struct request r = {
		.addr = addr,
		.addr2 = addr2,
		.arg = arg,
		.value = value,
		.value3 = value3,
		.op = op & ~FLAGS,
		.shared = !(op & FUTEX_PRIVATE_FLAG),
		.realtime = op & FUTEX_CLOCK_REALTIME,
	};
	int err = 0;

	if ((unsigned)r.op > LAST)
		return -ENOSYS;
	/* FUTEX_WAIT's is relative, FUTEX_LOCK_PI's of the wall clock. */
	if (TIMED >> r.op & 1)
		err = futex_deadline((const struct abi_timespec __user *)arg, r.op != FUTEX_WAIT,
				     r.realtime || r.op == FUTEX_LOCK_PI, &r.deadline);
	if (!err && r.realtime && !(CLOCKED >> r.op & 1))
		err = -ENOSYS;
	if (!err)
		err = futex_key(addr, r.shared, &r.key);
	return err ? err : request_do(&r);
}

long sys_futex(uintptr_t addr, int op, unsigned value, uintptr_t arg, uintptr_t addr2,
	       unsigned value3)
{
	const struct futex_key key = {.offset = addr};

	/* The commonest operations, the same in short. */
	if (likely(addr % sizeof(uint32_t) == 0 && addr < ARCH_USER_END)) {
		if (op == (FUTEX_WAKE | FUTEX_PRIVATE_FLAG))
			return wake(&key, (int)value, FUTEX_BITSET_MATCH_ANY);
		if (op == (FUTEX_WAIT | FUTEX_PRIVATE_FLAG) && !arg)
			return futex_wait(addr, &key, value, FUTEX_BITSET_MATCH_ANY, TIME_NEVER);
	}
	return request(addr, op, value, arg, addr2, value3);
}
