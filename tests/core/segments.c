/* SPDX-License-Identifier: MIT */
/* What the tests of segments and of the way back to ring 3 need of the core. */
#include <abi/errno.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/percpu.h>
#include <x86/regs.h>

/* Where the core's GS base points to: a value that must be like any other in the app's. */
long sys_test_percpu(void)
{
	return (long)percpu();
}

/* The way back takes ip, cs, flags, sp and ss from here (flags and RPL as no frame may lack), by
 * IRET, as it does from a signal's frame. */
long sys_test_return(uintptr_t frame)
{
	struct regs *r = (struct regs *)current_thread()->arch.stack_top - 1;
	uint64_t word[5];

	if (copy_from_user(word, (const void __user *)frame, sizeof(word)))
		return -EFAULT;
	r->ip = word[0];
	r->cs = (word[1] & 0xffff) | SEL_RPL;
	r->flags = (word[2] & 0xcd5) | FLAGS_FIXED | FLAGS_IF;
	r->sp = word[3];
	r->ss = (word[4] & 0xffff) | SEL_RPL;
	__atomic_or_fetch(&current_thread()->work, WORK_RESCHED, __ATOMIC_RELAXED);
	return 0;
}

struct start {
	uintptr_t pc, sp;
	bool taken;
};

static void run(void *arg)
{
	struct start *s = arg, own = *s;

	WRITE_ONCE(s->taken, true);
	arch_enter_user(own.pc, own.sp);
}

/* A second thread in ring 3, without a thread-local storage or an end of its own. */
long sys_test_thread(uintptr_t pc, uintptr_t sp)
{
	struct start s = {pc, sp, false};
	struct thread *t = thread_create("test", run, &s);

	if (!t)
		return -ENOMEM;
	while (!READ_ONCE(s.taken))
		sched_yield();
	return t->tid;
}
