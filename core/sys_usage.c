/* SPDX-License-Identifier: MIT */
/*
 * System calls that tell what the process has used. Processor time is exact; its split into the
 * app's and the core's is by samples (core/cputime.h), which are taken more often from the first such
 * call on. What is not counted is 0, as on Linux for what it does not count.
 */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/cputime.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define RUSAGE_SELF	0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD	1
#define TICK_NS		(10 * NSEC_PER_MSEC) /* of times() */

/* Linux's. */
struct rusage {
	struct abi_timeval user, system;
	long max_rss, shared, data, stack, minor_faults, major_faults, swaps, blocks_in, blocks_out,
		sent, received, signals, switches, preemptions;
};

static struct abi_timeval to_timeval(uint64_t ns)
{
	return (struct abi_timeval){(long)(ns / NSEC_PER_SEC),
				    (long)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
}

static struct cpu_split split_of(int tid)
{
	struct cpu_split s = {0, 0};

	cputime_sampling();
	(void)cputime_split(tid, &s);
	return s;
}

long sys_getrusage(int who, void __user *usage)
{
	struct rusage r = {0};
	struct cpu_split s = {0, 0};

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	if (who != RUSAGE_CHILDREN)
		s = split_of(who == RUSAGE_THREAD ? current_thread()->tid : 0);
	r.user = to_timeval(s.user);
	r.system = to_timeval(s.system);
	if (who == RUSAGE_SELF)
		r.switches = (long)sched_switches();
	return copy_to_user(usage, &r, sizeof(r));
}

long sys_times(void __user *tms)
{
	struct cpu_split s = split_of(0);
	long t[4] = {(long)(s.user / TICK_NS), (long)(s.system / TICK_NS), 0, 0};

	if (tms && copy_to_user(tms, t, sizeof(t)))
		return -EFAULT;
	return (long)(time_now() / TICK_NS);
}
