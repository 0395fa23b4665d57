/* SPDX-License-Identifier: MIT */
/*
 * The app's threads: clone and clone3 as far as they make threads, and a thread's end. A new process
 * is refused: there is one. Thread context throughout.
 */
#include <abi/errno.h>
#include <abi/sched.h>
#include <arch/signal.h>
#include <core/futex.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

/* A thread is what shares all of this; what else may be asked for is below. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define OPTIONAL_FLAGS                                                               \
	(CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | \
	 CLONE_DETACHED | CLONE_CHILD_SETTID)
#define EXIT_SIGNAL_MASK 0xff
#define CLONE_ARGS_MIN	 64

/* Called by clone.S in their stead. */
long clone_with_registers(unsigned long flags, uintptr_t stack, uintptr_t parent_tid,
			  uintptr_t child_tid, unsigned long tls);
long clone3_with_registers(const void __user *uargs, size_t size);

static uint32_t app_threads = 1;

static __noinline void tell_refused(uint64_t flags)
{
	uintptr_t pc = arch_user_pc();
	char place[EXEC_PLACE_SIZE];

	log_warn("app: fork, vfork and clone of a process are refused (ENOSYS), called at %#lx%s "
		 "with flags %#llx: an image runs one program",
		 pc, exec_place(pc, place, sizeof(place)), (unsigned long long)flags);
}

/* 0, or why not: -EINVAL where Linux says so too, -ENOSYS for what would be a process. */
static int check_flags(uint64_t flags)
{
	static bool told;

	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & THREAD_FLAGS) == THREAD_FLAGS && !(flags & ~(THREAD_FLAGS | OPTIONAL_FLAGS)))
		return 0;
	if (!__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		tell_refused(flags);
	return -ENOSYS;
}

static int put_tid(uint64_t addr, int tid)
{
	return put_user32((uint32_t __user *)addr, (uint32_t)tid);
}

/* The new thread's first step: on its own stack, in the core. */
static void clone_begin(void *arg)
{
	struct thread *t = current_thread();

	(void)arg;
	if (t->set_tid && put_tid(t->set_tid, t->tid))
		log_warn("app: thread %d: CLONE_CHILD_SETTID's word is not the app's", t->tid);
	arch_resume_user();
}

static long clone_thread(const struct abi_clone_args *a)
{
	struct thread *parent = current_thread(), *t;
	int err = check_flags(a->flags), tid;

	if (err)
		return err;
	if (a->flags & CLONE_SETTLS && a->tls >= ARCH_USER_END)
		return -EPERM;
	t = thread_new(parent->name, clone_begin, NULL);
	if (!t)
		return -EAGAIN;
	tid = t->tid;
	err = arch_thread_clone(t, a->stack + a->stack_size, a->tls, a->flags & CLONE_SETTLS);
	if (!err && a->flags & CLONE_PARENT_SETTID)
		err = put_tid(a->parent_tid, tid);
	if (err) {
		thread_discard(t);
		return err == -ENOMEM ? -EAGAIN : err;
	}
	t->clear_tid = a->flags & CLONE_CHILD_CLEARTID ? a->child_tid : 0;
	t->set_tid = a->flags & CLONE_CHILD_SETTID ? a->child_tid : 0;
	signal_thread_start(t, parent->signals.blocked);
	__atomic_add_fetch(&app_threads, 1, __ATOMIC_RELAXED);
	sched_wake(t);
	return tid;
}

/*
 * The handlers of clone and clone3 are assembly (clone.S): the new thread begins with the registers
 * that C preserves, so they are saved first.
 */
long clone_with_registers(unsigned long flags, uintptr_t stack, uintptr_t parent_tid,
			  uintptr_t child_tid, unsigned long tls)
{
	struct abi_clone_args a = {
		.flags = flags & ~(uint64_t)EXIT_SIGNAL_MASK,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	return clone_thread(&a);
}

/* Bytes of the app's struct that are beyond ours must be zero: nothing asked for is overlooked. */
static int check_rest(const uint8_t __user *p, size_t n)
{
	uint8_t byte;

	for (; n; n--, p++) {
		if (copy_from_user(&byte, p, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

long clone3_with_registers(const void __user *uargs, size_t size)
{
	struct abi_clone_args a = {0};
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_MIN)
		return -EINVAL;
	if (copy_from_user(&a, uargs, min(size, sizeof(a))))
		return -EFAULT;
	err = size > sizeof(a)
		      ? check_rest((const uint8_t __user *)uargs + sizeof(a), size - sizeof(a))
		      : 0;
	if (err)
		return err;
	if (a.flags & EXIT_SIGNAL_MASK || (a.flags & CLONE_THREAD && a.exit_signal) ||
	    !a.stack != !a.stack_size)
		return -EINVAL;
	return a.set_tid || a.set_tid_size ? -EPERM : clone_thread(&a);
}

/* ---- a thread's end ---- */

static _Noreturn void app_thread_end(struct thread *t)
{
	robust_exit();
	futex_pi_exit();
	if (t->clear_tid && !put_user32((uint32_t __user *)t->clear_tid, 0))
		futex_wake(t->clear_tid, 1);
	signal_thread_exit(t);
	thread_exit();
}

long sys_exit(int status)
{
	if (__atomic_sub_fetch(&app_threads, 1, __ATOMIC_ACQ_REL))
		app_thread_end(current_thread());
	process_exit(status);
}
