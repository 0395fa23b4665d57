/* SPDX-License-Identifier: MIT */
/* Words of the app's that threads wait on (core/futex.c, futex_pi.c, robust.c). Thread context. */
#ifndef CORE_FUTEX_H
#define CORE_FUTEX_H

#include <core/compiler.h>
#include <core/list.h>

struct futex_waiter;

/* What a thread has to do with locks that inherit priority; guarded by futex_pi.c's lock. */
struct thread_pi {
	struct list waiters;	      /* those that wait for locks the thread has */
	struct futex_waiter *waiting; /* for a lock that another has, or NULL */
	bool gone;		      /* the thread has ended: nobody begins to wait for it */
};

/* Wakes at most n (at least one) of those that wait on the word at addr; how many, or -errno. */
long futex_wake(uintptr_t addr, int n);

/* At the running thread's end, in this order: marks its robust locks, passes on those waited for. */
void robust_exit(void);
void futex_pi_exit(void);

/* The priority of the app's thread of that number has changed. No spin lock held. */
void futex_pi_changed(int tid);

#endif
