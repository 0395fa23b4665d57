/* SPDX-License-Identifier: MIT */
/*
 * System calls that C libraries of Linux make at a program's start: limits, what
 * a thread leaves behind. Every answer is what holds here; what cannot be changed is refused.
 * Owns nothing: the two words a thread gives are in its struct thread.
 */
#include <abi/errno.h>
#include <abi/resource.h>
#include <core/file.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>

static bool is_app(int pid)
{
	return pid == 0 || pid == APP_PID;
}

/* ---- limits ---- */

/* Limits are the machine's: what is soft is hard too, but for the number of descriptors. */
static unsigned long limit_of(unsigned resource)
{
	switch (resource) {
	case RLIMIT_STACK:
		return exec_stack_limit();
	case RLIMIT_SIGPENDING:
		return SIGNAL_QUEUE_MAX;
	case RLIMIT_CORE:
	case RLIMIT_MSGQUEUE:
	case RLIMIT_NICE:
	case RLIMIT_RTPRIO:
		return 0; /* no core files, no message queues, no priorities */
	}
	return ABI_RLIM_INFINITY;
}

/* The most descriptors that can be asked for; what holds is the table's (core/file.h). */
static unsigned long descriptors_hard = FD_MAX;

struct abi_rlimit process_limit(unsigned resource)
{
	unsigned long limit;

	if (resource == RLIMIT_NOFILE)
		return (struct abi_rlimit){fd_limit(), READ_ONCE(descriptors_hard)};
	limit = limit_of(resource);
	return (struct abi_rlimit){limit, limit};
}

static long set_descriptors(const struct abi_rlimit *new)
{
	/* More than the table has cannot be had, whoever asks. */
	if (new->rlim_max > FD_MAX ||
	    (new->rlim_max > READ_ONCE(descriptors_hard) && !process_privileged()))
		return -EPERM;
	WRITE_ONCE(descriptors_hard, new->rlim_max);
	fd_set_limit((unsigned)new->rlim_cur);
	return 0;
}

/* A limit that was set but not kept would be a lie: only what holds already may be asked for. */
static long limit_set(unsigned resource, const struct abi_rlimit *new)
{
	unsigned long limit;

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE)
		return set_descriptors(new);
	limit = limit_of(resource);
	return new->rlim_cur == limit &&new->rlim_max == limit ? 0 : -EPERM;
}

long sys_prlimit64(int pid, unsigned resource, const void __user *limit, void __user *old)
{
	struct abi_rlimit new, now;
	long err = 0;

	if (limit && copy_from_user(&new, limit, sizeof(new)))
		return -EFAULT;
	if (!is_app(pid))
		return -ESRCH;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	now = process_limit(resource);
	if (limit)
		err = limit_set(resource, &new);
	if (!err && old && copy_to_user(old, &now, sizeof(now)))
		return -EFAULT;
	return err;
}

long sys_getrlimit(unsigned resource, void __user *limit)
{
	struct abi_rlimit now;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	now = process_limit(resource);
	return copy_to_user(limit, &now, sizeof(now));
}

long sys_setrlimit(unsigned resource, const void __user *limit)
{
	struct abi_rlimit new;

	if (copy_from_user(&new, limit, sizeof(new)))
		return -EFAULT;
	return resource < RLIM_NLIMITS ? limit_set(resource, &new) : -EINVAL;
}

/* ---- what a thread leaves behind ---- */

/* The word is for those who wait for this thread's end while the app goes on. */
long sys_set_tid_address(uintptr_t word)
{
	current_thread()->clear_tid = word;
	return current_thread()->tid;
}

/*
 * Restartable sequences are not offered, and C libraries do without. Listed so that asking for them
 * is no unknown call in the log.
 */
long sys_rseq(void __user *area, unsigned len, int flags, unsigned signature)
{
	(void)area;
	(void)len;
	(void)flags;
	(void)signature;
	return -ENOSYS;
}
