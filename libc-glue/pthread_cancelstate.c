/* SPDX-License-Identifier: MIT */
/* Whether and how the calling thread may be cancelled, and what is to be done when it ends. */
#define _GNU_SOURCE
#include "thread.h"

/*
 * A cancellation that was put off is due now. A deferred one may find a blocking call below, if this is
 * a signal's handler: the signal of cancellation comes back to that.
 */
static void look_again(struct thread_control *self, uint32_t word)
{
	if (word & (CANCEL_DISABLED | CANCEL_EXITING))
		return;
	if (word & CANCEL_ASYNC)
		__ringlet_test_cancel();
	else
		syscall3(SYS_tgkill, syscall0(SYS_getpid), self->tid, SIGCANCEL);
}

/* Sets a bit, or clears it; *old: whether it was set. */
static int change(uint32_t bit, int set, int *old)
{
	struct thread_control *self = thread_self();
	uint32_t was, now;

	if (set != 0 && set != 1)
		return EINVAL;
	was = set ? __atomic_fetch_or(&self->cancel, bit, __ATOMIC_ACQ_REL)
		  : __atomic_fetch_and(&self->cancel, ~bit, __ATOMIC_ACQ_REL);
	if (old)
		*old = !!(was & bit);
	now = set ? was | bit : was & ~bit;
	if (unlikely(now & CANCEL_PENDING) && now != was)
		look_again(self, now);
	return 0;
}

int pthread_setcancelstate(int state, int *old)
{
	return change(CANCEL_DISABLED, state, old);
}

int pthread_setcanceltype(int type, int *old)
{
	return change(CANCEL_ASYNC, type, old);
}

void pthread_testcancel(void)
{
	if (unlikely(thread_self()->cancel & CANCEL_PENDING))
		__ringlet_test_cancel();
}

void __pthread_cleanup_push(struct __pthread_cleanup *frame, void (*routine)(void *), void *arg)
{
	struct thread_control *self = thread_self();

	frame->__routine = routine;
	frame->__arg = arg;
	frame->__next = self->cleanup;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	self->cleanup = frame;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *frame, int execute)
{
	thread_self()->cleanup = frame->__next;
	if (execute)
		frame->__routine(frame->__arg);
}
