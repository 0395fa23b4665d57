/* SPDX-License-Identifier: MIT */
/*
 * Robust locks: a list in the app's memory of the locks a thread has, of which those that it has at its
 * end are marked (set_robust_list(2)). The list is the app's: it may be broken, a circle, or lie. Owns
 * nothing; the list's head is in struct thread. Called by the thread itself.
 */
#include <abi/errno.h>
#include <abi/futex.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define MOST  2048 /* locks looked at: the list may be a circle */
#define IS_PI 1	   /* in a pointer: the lock inherits priority */

/* Linux's struct robust_list_head. */
struct robust_head {
	uint64_t next;	  /* the first entry, in the end the head */
	int64_t offset;	  /* from an entry to its lock's word */
	uint64_t pending; /* the one being taken or given back */
};

long sys_set_robust_list(uintptr_t head, size_t len)
{
	if (len != sizeof(struct robust_head))
		return -EINVAL;
	current_thread()->robust_list = head;
	return 0;
}

static void get_list(struct thread *t, void *list)
{
	*(uintptr_t *)list = t->robust_list;
}

long sys_get_robust_list(int tid, uintptr_t __user *head, size_t __user *len)
{
	static const size_t size = sizeof(struct robust_head);
	uintptr_t list;

	if (!signal_with_thread(tid, get_list, &list))
		return -ESRCH;
	if (copy_to_user(len, &size, sizeof(size)))
		return -EFAULT;
	return copy_to_user(head, &list, sizeof(list));
}

/* Marks a lock that the thread has and wakes one who waits for it. False: there is no such word. */
static bool release(uintptr_t word, uint32_t tid, bool pi, bool pending)
{
	uint32_t __user *at = (uint32_t __user *)word;
	uint32_t now, seen;

	if (word % sizeof(*at) || get_user32(&now, at))
		return false;
	/* Given back, but who waits may not have been woken; or woken, but not having it yet. */
	if (pending && !pi && !(now & FUTEX_TID_MASK)) {
		futex_wake(word, 1);
		return true;
	}
	for (; (now & FUTEX_TID_MASK) == tid; now = seen) {
		seen = now;
		if (cmpxchg_user32(at, &seen, (now & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return false;
		if (seen != now)
			continue;
		/* One that inherits priority is handed over: futex_pi_exit(). */
		if (!pi && now & FUTEX_WAITERS)
			futex_wake(word, 1);
		break;
	}
	return true;
}

static bool release_entry(uint64_t entry, const struct robust_head *head, bool pending)
{
	return release((entry & ~(uint64_t)IS_PI) + (uint64_t)head->offset,
		       (uint32_t)current_thread()->tid, entry & IS_PI, pending);
}

void robust_exit(void)
{
	uintptr_t list = current_thread()->robust_list;
	struct robust_head head;
	uint64_t entry, next;

	if (!list || copy_from_user(&head, (const void __user *)list, sizeof(head)))
		return;
	entry = head.next;
	for (unsigned n = 0; (entry & ~(uint64_t)IS_PI) != list && n < MOST; n++) {
		/* Read before the lock is given away: its new owner may link it anew. */
		const void __user *link = (const void __user *)(entry & ~(uint64_t)IS_PI);
		bool last = copy_from_user(&next, link, sizeof(next));

		if ((entry ^ head.pending) > IS_PI && !release_entry(entry, &head, false))
			return;
		if (last)
			return;
		entry = next;
	}
	if (head.pending & ~(uint64_t)IS_PI)
		release_entry(head.pending, &head, true);
}
