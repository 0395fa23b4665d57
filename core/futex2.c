/* SPDX-License-Identifier: MIT */
/*
 * The newer calls on words of the app's, whose flags tell a word's size: futex_waitv(2), which waits on
 * several at once, futex_wait, futex_wake and futex_requeue. Only words of 32 bits are waited on, as on
 * Linux. Owns nothing.
 */
#include <core/heap.h>
#include <core/syscall.h>
#include <core/time.h>

#include "futex_internal.h"

static int check_flags(unsigned flags)
{
	if (flags & ~(unsigned)FUTEX2_VALID_MASK || (flags & FUTEX2_SIZE_MASK) != FUTEX2_SIZE_U32)
		return -EINVAL;
	return 0;
}

static int get_key(uintptr_t addr, unsigned flags, struct futex_key *key)
{
	return futex_key(addr, !(flags & FUTEX2_PRIVATE), key);
}

/* Of the app's array, number i, checked. */
static int get_waitv(struct abi_futex_waitv *v, const struct abi_futex_waitv __user *from,
		     unsigned i)
{
	if (copy_from_user(v, from + i, sizeof(*v)))
		return -EFAULT;
	return v->reserved || v->value > UINT32_MAX ? -EINVAL : check_flags(v->flags);
}

/* The timeout is absolute, by either clock. */
static int get_deadline(const void __user *timeout, int clock, uint64_t *deadline)
{
	if (timeout && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	return futex_deadline(timeout, true, clock == CLOCK_REALTIME, deadline);
}

/* ---- several words ---- */

struct word_wait {
	struct futex_waiter waiter;
	uint32_t value;
};

static bool any_woken(const struct word_wait *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (READ_ONCE(words[i].waiter.woken))
			return true;
	return false;
}

/* Takes the first n out; the last that was woken, or `none`. */
static long dequeue_all(struct word_wait *words, unsigned n, long none)
{
	for (unsigned i = 0; i < n; i++)
		if (futex_dequeue(&words[i].waiter))
			none = i;
	return none;
}

static long wait_all(struct word_wait *words, unsigned n, uint64_t deadline)
{
	int err;

	for (unsigned i = 0; i < n; i++) {
		err = futex_queue(&words[i].waiter, words[i].value);
		if (err)
			return dequeue_all(words, i, err);
	}
	wait_event(err, NULL, deadline, any_woken(words, n));
	return dequeue_all(words, n, err);
}

static int get_words(struct word_wait *words, const struct abi_futex_waitv __user *from, unsigned n)
{
	struct abi_futex_waitv v;
	struct futex_key key;
	int err = 0;

	for (unsigned i = 0; !err && i < n; i++) {
		err = get_waitv(&v, from, i);
		if (!err)
			err = get_key(v.addr, v.flags, &key);
		if (err)
			break;
		futex_waiter_init(&words[i].waiter, v.addr, &key);
		words[i].value = (uint32_t)v.value;
	}
	return err;
}

long sys_futex_waitv(const struct abi_futex_waitv __user *from, unsigned n, unsigned flags,
		     const struct abi_timespec __user *timeout, int clock)
{
	struct word_wait *words;
	uint64_t deadline;
	long ret;

	if (flags || !n || n > FUTEX_WAITV_MAX || !from)
		return -EINVAL;
	ret = get_deadline(timeout, clock, &deadline);
	if (ret)
		return ret;
	words = kmalloc(n * sizeof(*words));
	if (!words)
		return -ENOMEM;
	ret = get_words(words, from, n);
	if (!ret)
		ret = wait_all(words, n, deadline);
	kfree(words);
	return ret;
}

/* ---- one word ---- */

long sys_futex_wake(uintptr_t addr, unsigned long mask, int n, unsigned flags)
{
	struct futex_key key;
	int err = check_flags(flags);

	if (err || mask != (uint32_t)mask || !mask)
		return -EINVAL;
	err = get_key(addr, flags, &key);
	/* Of this call's waiters 0 are none. */
	return err || !n ? err : futex_wake_key(&key, n, (uint32_t)mask);
}

long sys_futex_wait(uintptr_t addr, unsigned long value, unsigned long mask, unsigned flags,
		    const struct abi_timespec __user *timeout, int clock)
{
	struct futex_key key;
	uint64_t deadline;
	int err = check_flags(flags);

	if (err || mask != (uint32_t)mask || value != (uint32_t)value)
		return -EINVAL;
	err = get_deadline(timeout, clock, &deadline);
	if (!err)
		err = get_key(addr, flags, &key);
	return err ? err : futex_wait(addr, &key, (uint32_t)value, (uint32_t)mask, deadline);
}

long sys_futex_requeue(const struct abi_futex_waitv __user *from, unsigned flags, int wake,
		       int move)
{
	struct abi_futex_waitv v[2];
	struct futex_move m = {.wake = wake, .move = move, .compare = true};
	int err = flags || !from ? -EINVAL : get_waitv(&v[0], from, 0);

	if (!err)
		err = get_waitv(&v[1], from, 1);
	if (!err && (wake < 0 || move < 0))
		err = -EINVAL;
	if (!err)
		err = get_key(v[0].addr, v[0].flags, &m.from);
	if (!err)
		err = get_key(v[1].addr, v[1].flags, &m.to);
	if (err)
		return err;
	m.from_addr = v[0].addr;
	m.to_addr = v[1].addr;
	m.value = (uint32_t)v[0].value;
	return futex_move(&m, false);
}
