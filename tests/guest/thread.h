/* SPDX-License-Identifier: MIT */
/*
 * Threads for guest tests, by the bare system calls: a thread has no TLS of its own, so it calls
 * nothing of the C library that needs errno.
 */
#ifndef THREAD_H
#define THREAD_H

#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "tap.h"

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define STACK_SIZE   16384

struct test_thread {
	_Alignas(16) char stack[STACK_SIZE];
	uint32_t alive; /* zeroed and woken by the core when the thread has ended */
	long tid;
};

static inline long futex(uint32_t *word, int op, uint32_t value, long arg, uint32_t *word2,
			 uint32_t value3)
{
	return raw(SYS_futex, (long)word, op, value, arg, (long)word2, value3);
}

/* clone(2); in the new thread fn(arg) on the given stack, then exit. */
static inline long thread_clone(unsigned long flags, void *stack_top, uint32_t *parent_tid,
				uint32_t *child_tid, unsigned long tls, void (*fn)(void *),
				void *arg)
{
	register uint32_t *r10 __asm__("r10") = child_tid;
	register unsigned long r8 __asm__("r8") = tls;
	long ret;

	__asm__ volatile("movq %[fn], %%r12; movq %[arg], %%r13\n\t"
			 "syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r13, %%rdi\n\t"
			 "callq *%%r12\n\t"
			 "xorl %%edi, %%edi\n\t"
			 "movl %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone), "D"(flags), "S"(stack_top), "d"(parent_tid),
			   "r"(r10), "r"(r8), [fn] "r"(fn), [arg] "r"(arg), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "r12", "r13", "memory");
	return ret;
}

static inline long thread_start(struct test_thread *t, void (*fn)(void *), void *arg)
{
	t->alive = 1;
	t->tid = thread_clone(THREAD_FLAGS | CLONE_CHILD_CLEARTID, t->stack + STACK_SIZE, 0,
			      &t->alive, 0, fn, arg);
	return t->tid;
}

static inline void thread_join(struct test_thread *t)
{
	while (__atomic_load_n(&t->alive, __ATOMIC_ACQUIRE))
		futex(&t->alive, FUTEX_WAIT, 1, 0, 0, 0);
}

#endif
