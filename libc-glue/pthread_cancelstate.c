/* SPDX-License-Identifier: MIT */
/* Whether and how the calling thread may be cancelled, and what is to be done when it ends. */
#define _GNU_SOURCE
#include "thread.h"

static void test_async(struct thread_control *self)
{
	uint32_t word = __atomic_load_n(&self->cancel, __ATOMIC_RELAXED);

	if (unlikely((word & (CANCEL_PENDING | CANCEL_ASYNC)) == (CANCEL_PENDING | CANCEL_ASYNC)))
		__ringlet_test_cancel();
}

/* Sets a bit, or clears it; *old: whether it was set. */
static int change(uint32_t bit, int set, int *old)
{
	struct thread_control *self = thread_self();
	uint32_t was;

	if (set != 0 && set != 1)
		return EINVAL;
	was = set ? __atomic_fetch_or(&self->cancel, bit, __ATOMIC_ACQ_REL)
		  : __atomic_fetch_and(&self->cancel, ~bit, __ATOMIC_ACQ_REL);
	if (old)
		*old = !!(was & bit);
	test_async(self);
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
