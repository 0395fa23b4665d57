/* SPDX-License-Identifier: MIT */
/*
 * The alternate signal stack, Linux's rules. It is the running thread's own (thread_signals), which
 * alone reads and changes it: no lock. Called by sigaltstack, and by the architecture when it makes a
 * handler's frame and takes one back.
 */
#include <abi/errno.h>
#include <arch/signal.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>

static struct abi_stack *altstack(void)
{
	return &current_thread()->signals.altstack;
}

/* A stack that disarms itself is never in use: the handler that runs on it may set another. */
static bool on_altstack(uintptr_t sp)
{
	const struct abi_stack *a = altstack();

	return !((uint32_t)a->flags & ABI_SS_AUTODISARM) && sp > a->sp && sp - a->sp <= a->size;
}

static uint32_t mode_at(uintptr_t sp)
{
	if (!altstack()->size)
		return ABI_SS_DISABLE;
	return on_altstack(sp) ? ABI_SS_ONSTACK : 0;
}

uintptr_t signal_stack(const struct signal_delivery *d, uintptr_t sp)
{
	const struct abi_stack *a = altstack();

	if (d->action.flags & ABI_SA_ONSTACK && !mode_at(sp))
		return a->sp + a->size;
	return sp;
}

/*
 * The least size is Linux's constant, not what the CPU's state needs (AT_MINSIGSTKSZ): programs of
 * old ask for no more, and one too small shows itself when a frame does not fit.
 */
int signal_altstack_set(const struct abi_stack *ss, uintptr_t sp)
{
	uint32_t mode = (uint32_t)ss->flags & ~ABI_SS_AUTODISARM;
	struct abi_stack *a = altstack();

	if (on_altstack(sp))
		return -EPERM;
	if (mode != ABI_SS_DISABLE && mode != ABI_SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != ABI_SS_DISABLE && ss->size < ABI_MINSIGSTKSZ)
		return -ENOMEM;
	*a = (struct abi_stack){.flags = ss->flags};
	if (mode != ABI_SS_DISABLE) {
		a->sp = ss->sp;
		a->size = ss->size;
	}
	return 0;
}

struct abi_stack signal_altstack_get(uintptr_t sp)
{
	const struct abi_stack *a = altstack();

	return (struct abi_stack){
		.sp = a->sp,
		.size = a->size,
		.flags = (int32_t)(mode_at(sp) | ((uint32_t)a->flags & ABI_SS_AUTODISARM)),
	};
}

void signal_altstack_entered(void)
{
	struct abi_stack *a = altstack();

	if ((uint32_t)a->flags & ABI_SS_AUTODISARM)
		*a = (struct abi_stack){.flags = ABI_SS_DISABLE};
}

long sys_sigaltstack(const struct abi_stack __user *ss, struct abi_stack __user *old)
{
	uintptr_t sp = arch_user_sp();
	struct abi_stack new, was;
	int err = 0;

	if (ss && copy_from_user(&new, ss, sizeof(new)))
		return -EFAULT;
	was = signal_altstack_get(sp);
	if (ss)
		err = signal_altstack_set(&new, sp);
	if (!err && old && copy_to_user(old, &was, sizeof(was)))
		err = -EFAULT;
	return err;
}
