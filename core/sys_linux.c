/* SPDX-License-Identifier: MIT */
/*
 * System calls that C libraries of Linux make at a program's start: limits, the CPUs it may run on,
 * what a thread leaves behind. Every answer is what holds here; what cannot be changed is refused.
 * Owns nothing: the two words a thread gives are in its struct thread.
 */
#include <abi/errno.h>
#include <abi/resource.h>
#include <core/file.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>

/* The app runs on the boot CPU only. */
#define APP_CPUS 1ul

static bool is_app(int pid)
{
	return pid == 0 || pid == APP_PID;
}

/* ---- limits ---- */

/* Limits are the machine's: what is soft is hard too. */
static unsigned long limit_of(unsigned resource)
{
	switch (resource) {
	case RLIMIT_STACK:
		return exec_stack_limit();
	case RLIMIT_NOFILE:
		return FD_MAX;
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

/* A limit that was set but not kept would be a lie: only what holds already may be asked for. */
static long limit_set(unsigned resource, const struct abi_rlimit *new)
{
	unsigned long limit = limit_of(resource);

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
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
	now.rlim_cur = now.rlim_max = limit_of(resource);
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
	now.rlim_cur = now.rlim_max = limit_of(resource);
	return copy_to_user(limit, &now, sizeof(now));
}

long sys_setrlimit(unsigned resource, const void __user *limit)
{
	struct abi_rlimit new;

	if (copy_from_user(&new, limit, sizeof(new)))
		return -EFAULT;
	return resource < RLIM_NLIMITS ? limit_set(resource, &new) : -EINVAL;
}

/* ---- CPUs ---- */

/* The mask is words of 64 CPUs, of which one is known; the answer is the bytes written. */
long sys_sched_getaffinity(int pid, unsigned len, void __user *mask)
{
	unsigned long cpus = APP_CPUS;

	if (len < sizeof(cpus) || len % sizeof(cpus))
		return -EINVAL;
	if (!is_app(pid))
		return -ESRCH;
	return copy_to_user(mask, &cpus, sizeof(cpus)) ? -EFAULT : (long)sizeof(cpus);
}

/* A mask that leaves no CPU is refused, and every other leaves the one there is. */
long sys_sched_setaffinity(int pid, unsigned len, const void __user *mask)
{
	unsigned long cpus = 0;

	if (copy_from_user(&cpus, mask, min((size_t)len, sizeof(cpus))))
		return -EFAULT;
	if (!is_app(pid))
		return -ESRCH;
	return cpus & APP_CPUS ? 0 : -EINVAL;
}

long sys_getcpu(unsigned __user *cpu, unsigned __user *node, void __user *unused)
{
	(void)unused;
	if (cpu && put_user32(cpu, arch_cpu_id()))
		return -EFAULT;
	return node ? put_user32(node, 0) : 0;
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
