/* SPDX-License-Identifier: MIT */
/*
 * Threads from their creation to their end. A thread ends here, with every signal blocked, in an order
 * that others rely on: its number is shut to signals, its stack given away if nobody joins it, and last
 * the core zeroes tid and wakes who waits on it. The last thread to end ends the program.
 */
#define _GNU_SOURCE
#include <reent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "thread.h"

#define CLONE_FLAGS                                                                         \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* How much of a stack is kept for the next thread, with what is in it. */
#define KEEP_STACK  (16UL << 10)
#define PROBE_STACK 16 /* pages */
#define PAGE	    4096UL

/* For <threads.h>, whose threads return an int. */
int __ringlet_thrd_create(pthread_t *thread, int (*start)(void *), void *arg);

static uint32_t threads = 1;

long __ringlet_clone(unsigned long flags, void *stack, uint32_t *parent_tid, uint32_t *child_tid,
		     struct thread_control *tls);
_Noreturn void __ringlet_thread_main(struct thread_control *self);

/* The new thread comes back from the call with its own stack and FS, and never returns. */
__asm__(".pushsection .text.__ringlet_clone, \"ax\", @progbits\n"
	".globl __ringlet_clone\n"
	".type __ringlet_clone, @function\n"
	"__ringlet_clone:\n"
	"	movq %rcx, %r10\n"
	"	movl $56, %eax\n" /* clone */
	"	syscall\n"
	"	testq %rax, %rax\n"
	"	jz 1f\n"
	"	retq\n"
	"1:	xorl %ebp, %ebp\n"
	"	movq %fs:0, %rdi\n"
	"	callq __ringlet_thread_main\n"
	"	ud2\n"
	".size __ringlet_clone, . - __ringlet_clone\n"
	".popsection");
_Static_assert(SYS_clone == 56, "__ringlet_clone");

_Noreturn static void leave(void)
{
	for (;;)
		syscall1(SYS_exit, 0);
}

/* Nobody finds the thread by its number any more: the core may give that to another. */
static void shut_to_signals(struct thread_control *self)
{
	word_lock(&self->kill_lock);
	self->ending = true;
	word_unlock(&self->kill_lock);
}

/*
 * The part of the stack that ran deep is given back; its pages are zero for the next thread. Whether
 * there is any is asked first, of the pages where it would begin: that costs less.
 */
static void drop_deep_stack(struct thread_control *self)
{
	uintptr_t low = (uintptr_t)self->stack;
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - KEEP_STACK) & -PAGE;
	unsigned char in_memory[PROBE_STACK];
	uintptr_t from = end - PROBE_STACK * PAGE;

	if (!self->map || end <= low)
		return;
	if (from < low || from > end)
		from = low;
	if (!syscall3(SYS_mincore, (long)from, (long)(end - from), (long)in_memory) &&
	    !memchr(in_memory, 1, (end - from) / PAGE))
		return;
	syscall3(NR_madvise, (long)low, (long)(end - low), MADV_DONTNEED);
}

_Noreturn static void end_thread(struct thread_control *self)
{
	shut_to_signals(self);
	drop_deep_stack(self);
	if (__atomic_fetch_or(&self->life, LIFE_ENDED, __ATOMIC_ACQ_REL) & LIFE_DETACHED)
		stack_put(self);
	leave();
}

_Noreturn void pthread_exit(void *result)
{
	struct thread_control *self = thread_self();
	struct __pthread_cleanup *frame;

	__atomic_fetch_or(&self->cancel, CANCEL_EXITING, __ATOMIC_RELAXED);
	self->result = result;
	while ((frame = self->cleanup)) {
		self->cleanup = frame->__next;
		frame->__routine(frame->__arg);
	}
	keys_destroy(self);
	if (!__atomic_sub_fetch(&threads, 1, __ATOMIC_ACQ_REL))
		exit(0);
	signals_block();
	/* The streams stay: they are the program's. */
	_REENT_CLEANUP(_REENT) = NULL;
	_reclaim_reent(_REENT);
	end_thread(self);
}

_Noreturn void __ringlet_thread_main(struct thread_control *self)
{
	sigset_t one = 1UL << (SIGCANCEL - 1);

	if (self->unblock_cancel)
		syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&one, 0, sizeof(one));
	if (self->sched && !thread_sched_begin(self->sched)) {
		__atomic_sub_fetch(&threads, 1, __ATOMIC_ACQ_REL);
		signals_block();
		end_thread(self);
	}
	if (self->returns_int)
		pthread_exit((void *)(intptr_t)self->start_c11(self->arg));
	pthread_exit(self->start(self->arg));
}

static void prepare(struct thread_control *tcb, const struct thread_control *creator)
{
	tcb->canary = creator->canary;
	tcb->cancel = 0;
	tcb->no_cancel = 0;
	tcb->life = 0;
	tcb->cleanup = NULL;
	tcb->robust_known = false;
	tcb->returns_int = false;
	tcb->unblock_cancel = creator->cancel & CANCEL_PENDING;
	tcb->ending = false;
	tcb->sched = NULL;
	memcpy(tcb->name, creator->name, sizeof(tcb->name));
}

/* The thread on its prepared control block; what it begins with is set. An error's number. */
static int start_thread(struct thread_control *tcb)
{
	uintptr_t sp = (uintptr_t)tcb + sizeof(*tcb) - tls_block_size(&__ringlet_tls);
	long err;

	__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	__ringlet_threaded = true;
	err = __ringlet_clone(CLONE_FLAGS, (void *)(sp & -16UL), &tcb->tid, &tcb->tid, tcb);
	if (err >= 0)
		return 0;
	__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	tcb->tid = 0;
	stack_put(tcb);
	return err == -ENOMEM ? EAGAIN : (int)-err;
}

static int create(struct thread_control **result, const pthread_attr_t *attr, void *start,
		  void *arg, bool returns_int)
{
	static const pthread_attr_t plain = {.__guardsize = 4096};
	struct thread_control *tcb;
	struct thread_sched sched;
	int err;

	if (!attr)
		attr = &plain;
	err = stack_get(attr, &tcb);
	if (err)
		return err;
	prepare(tcb, thread_self());
	tcb->start = (void *(*)(void *))start;
	tcb->arg = arg;
	tcb->returns_int = returns_int;
	if (attr->__flags & ATTR_DETACHED)
		tcb->life = LIFE_DETACHED;
	if (attr->__flags & ATTR_EXPLICIT_SCHED || attr->__cpuset) {
		thread_sched_init(&sched, attr);
		tcb->sched = &sched;
	}
	*result = tcb;
	err = start_thread(tcb);
	if (err || !(attr->__flags & ATTR_EXPLICIT_SCHED || attr->__cpuset))
		return err;
	err = thread_sched_wait(&sched);
	if (err && !(attr->__flags & ATTR_DETACHED))
		pthread_join((pthread_t)tcb, NULL);
	return err;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
		   void *(*start)(void *), void *restrict arg)
{
	return create((struct thread_control **)thread, attr, (void *)start, arg, false);
}

int __ringlet_thrd_create(pthread_t *thread, int (*start)(void *), void *arg)
{
	return create((struct thread_control **)thread, NULL, (void *)start, arg, true);
}

/* One may detach or join a thread, once: sets the bit, or an error's number. *was: life before. */
static int claim(struct thread_control *tcb, uint32_t bit, uint32_t *was)
{
	uint32_t life = __atomic_load_n(&tcb->life, __ATOMIC_ACQUIRE);

	do {
		if (life & LIFE_GONE)
			return ESRCH;
		if (life & (LIFE_DETACHED | LIFE_JOINING))
			return EINVAL;
	} while (!__atomic_compare_exchange_n(&tcb->life, &life, life | bit, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	*was = life;
	return 0;
}

int pthread_detach(pthread_t thread)
{
	struct thread_control *tcb = thread_of(thread);
	uint32_t was;
	int err = claim(tcb, LIFE_DETACHED, &was);

	if (!err && was & LIFE_ENDED)
		stack_put(tcb);
	return err;
}

/* The core wakes as for a word that processes share. */
int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
			 const struct timespec *at)
{
	struct thread_control *tcb = thread_of(thread);
	uint32_t tid, was;
	long err;

	if (tcb == thread_self())
		return EDEADLK;
	if (!clock_waits(clock))
		return EINVAL;
	err = claim(tcb, LIFE_JOINING, &was);
	if (err)
		return (int)err;
	while ((tid = __atomic_load_n(&tcb->tid, __ATOMIC_ACQUIRE))) {
		err = futex_wait_cancellable(&tcb->tid, tid, 0, clock, at);
		if (err == -ETIMEDOUT || err == -EINVAL || err == CANCELLED) {
			__atomic_fetch_and(&tcb->life, ~LIFE_JOINING, __ATOMIC_RELEASE);
			if (err == CANCELLED)
				__ringlet_test_cancel();
			return (int)-err;
		}
	}
	if (result)
		*result = tcb->result;
	__atomic_fetch_or(&tcb->life, LIFE_GONE, __ATOMIC_RELAXED);
	stack_put(tcb);
	return 0;
}

int pthread_join(pthread_t thread, void **result)
{
	return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, NULL);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *at)
{
	return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, at);
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
	return __atomic_load_n(&thread_of(thread)->tid, __ATOMIC_ACQUIRE)
		       ? EBUSY
		       : pthread_join(thread, result);
}

pthread_t pthread_self(void)
{
	return (pthread_t)thread_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}
