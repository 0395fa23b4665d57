/* SPDX-License-Identifier: MIT */
/*
 * What the files of pthreads know of each other. A thread is its struct thread_control (tls.h).
 * Private to libc-glue.
 */
#ifndef LIBC_GLUE_THREAD_H
#define LIBC_GLUE_THREAD_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include "futex.h"
#include "tls.h"

/* Bits of thread_control.life: who frees the thread's stack. */
#define LIFE_DETACHED 1
#define LIFE_JOINING  2 /* someone waits for its end */
#define LIFE_ENDED    4 /* it is about to leave, and touches nothing of others any more */
#define LIFE_GONE     8 /* joined: for those who ask for a thread that is no more */

/* Bits of pthread_attr_t.__flags. */
#define ATTR_DETACHED	    1
#define ATTR_EXPLICIT_SCHED 2

/* Whether there has ever been a second thread; before that the library's locks need no atomics. */
extern bool __ringlet_threaded __attribute__((visibility("hidden")));

static inline struct thread_control *thread_of(pthread_t thread)
{
	return (struct thread_control *)thread;
}

/* ---- pthread_stack.c ---- */

/*
 * A stack with a thread's control block on it, ready but for what the creator has to say: 0 or an
 * error's number. stack_put() gives it back; the thread may still be on it until its tid is 0.
 */
int stack_get(const pthread_attr_t *attr, struct thread_control **tcb);
void stack_put(struct thread_control *tcb);
size_t stack_default_size(void);

/* ---- pthread_sched.c ---- */

/* What a new thread sets before it starts; on the creator's stack, who waits for it. */
struct thread_sched {
	int policy, priority;
	const void *set;
	size_t set_size;
	bool explicit_policy;
	int error;
	uint32_t done;
};

void thread_sched_init(struct thread_sched *sched, const pthread_attr_t *attr);
/* By the new thread: whether all could be set; sched is gone then. */
bool thread_sched_begin(struct thread_sched *sched);
/* By the creator: 0 or an error's number. */
int thread_sched_wait(struct thread_sched *sched);

/* ---- pthread_key.c ---- */

void keys_destroy(struct thread_control *self);

/* ---- pthread_mutex.c ---- */

/* For condition variables: take the mutex again; 0, EOWNERDEAD or ENOTRECOVERABLE. */
int mutex_relock(pthread_mutex_t *mutex);
/* Whether waiters may be moved to the mutex's word, which is then a lock of futex.h. */
bool mutex_is_plain(const pthread_mutex_t *mutex);

/* ---- pthread_signal.c ---- */

/* A signal to a thread, unless that is ending: 0 or an error's number. info NULL: as tgkill(). */
int thread_signal(struct thread_control *tcb, int sig, const siginfo_t *info);

/* ---- signal.c ---- */

/* sigaction() for the library's own signals too. */
int __ringlet_sigaction(int sig, const struct sigaction *act, struct sigaction *old);

/* Blocks every signal; the mask before. */
static inline sigset_t signals_block(void)
{
	sigset_t all = ~0UL, old;

	syscall4(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)&old, sizeof(all));
	return old;
}

static inline void signals_restore(sigset_t old)
{
	syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, sizeof(old));
}

#endif
