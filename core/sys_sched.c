/* SPDX-License-Identifier: MIT */
/*
 * System calls on scheduling: on which CPUs a thread may run and how important it is, sched(7). They
 * check and copy; core/sched.c does the rest. Numbers are threads', 0 the caller's. Errors and their
 * order are Linux's. Owns nothing.
 */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "runq.h"

#define SCHED_DEADLINE 6 /* not offered */
#define ATTR_MIN       48
#define NICE_ZERO      20 /* getpriority's answer for nice 0 */

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

long sys_getcpu(unsigned __user *cpu, unsigned __user *node, void __user *unused)
{
	(void)unused;
	if (cpu && put_user32(cpu, arch_cpu_id()))
		return -EFAULT;
	return node ? put_user32(node, 0) : 0;
}

/* ---- CPUs ---- */

/* What is asked of a thread, and what came of it; for signal_with_thread(). */
struct request {
	uint64_t affinity;
	struct sched_policy policy;
	bool keep_policy, keep_params, all_of_it;
	long result;
};

static long ask(int tid, void (*fn)(struct thread *, void *), struct request *r)
{
	if (tid < 0)
		return -EINVAL;
	r->result = 0;
	return signal_with_thread(tid, fn, r) ? r->result : -ESRCH;
}

static void set_affinity(struct thread *t, void *arg)
{
	struct request *r = arg;

	r->result = sched_set_affinity(t, r->affinity);
}

static void get_affinity(struct thread *t, void *arg)
{
	((struct request *)arg)->affinity = sched_get_affinity(t);
}

/* The mask is words of 64 CPUs, of which one is known; the answer is the bytes written. */
long sys_sched_getaffinity(int pid, unsigned len, void __user *mask)
{
	struct request r;
	long err;

	if (len < sizeof(r.affinity) || len % sizeof(r.affinity))
		return -EINVAL;
	err = ask(pid, get_affinity, &r);
	if (err)
		return err == -EINVAL ? -ESRCH : err;
	return copy_to_user(mask, &r.affinity, sizeof(r.affinity)) ? -EFAULT
								   : (long)sizeof(r.affinity);
}

long sys_sched_setaffinity(int pid, unsigned len, const void __user *mask)
{
	struct request r = {.affinity = 0};
	long err;

	if (copy_from_user(&r.affinity, mask, min((size_t)len, sizeof(r.affinity))))
		return -EFAULT;
	err = ask(pid, set_affinity, &r);
	return err == -EINVAL && pid < 0 ? -ESRCH : err;
}

/* ---- policies ---- */

static bool is_realtime(unsigned policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_known(unsigned policy)
{
	return policy <= SCHED_BATCH || policy == SCHED_IDLE;
}

/* Without privilege nobody becomes more important than it is. */
static bool permitted(const struct sched_policy *old, const struct sched_policy *new)
{
	if (process_privileged())
		return true;
	if (is_realtime(new->policy) &&
	    (new->policy != old->policy || new->priority > old->priority))
		return false;
	if (old->policy == SCHED_IDLE && new->policy != SCHED_IDLE)
		return false;
	return new->nice >= old->nice && (new->reset_on_fork || !old->reset_on_fork);
}

static void set_policy(struct thread *t, void *arg)
{
	struct request *r = arg;
	struct sched_policy p = r->policy, old = t->policy;

	if (r->keep_policy)
		p.policy = old.policy;
	if (r->keep_params) {
		p.priority = old.priority;
		p.nice = old.nice;
	}
	/* Only sched_setattr changes everything; the older calls leave what they do not name. */
	if (!r->all_of_it) {
		p.nice = old.nice;
		p.reset_on_fork = r->keep_policy ? old.reset_on_fork : p.reset_on_fork;
	} else if (is_realtime(p.policy)) {
		p.nice = old.nice;
	}
	if (is_realtime(p.policy) ? p.priority < SCHED_PRIORITY_MIN : p.priority)
		r->result = -EINVAL;
	else if (!permitted(&old, &p))
		r->result = -EPERM;
	else
		sched_set_policy(t, p);
}

static void get_policy(struct thread *t, void *arg)
{
	((struct request *)arg)->policy = t->policy;
}

/* Whom the thread waits for inherits its priority. */
static long change_policy(int tid, struct request *r)
{
	long err = ask(tid, set_policy, r);

	if (!err)
		futex_pi_changed(tid);
	return err;
}

/* Fills r from the numbers of a call, checked as far as they do not depend on the thread. */
static int make_request(struct request *r, int policy, const int __user *param)
{
	int priority;

	*r = (struct request){.keep_policy = policy < 0};
	if (!param)
		return -EINVAL;
	if (copy_from_user(&priority, param, sizeof(priority)))
		return -EFAULT;
	if (policy >= 0) {
		r->policy.reset_on_fork = policy & SCHED_RESET_ON_FORK;
		policy &= ~SCHED_RESET_ON_FORK;
		if (!is_known((unsigned)policy))
			return -EINVAL;
		r->policy.policy = (uint8_t)policy;
	}
	if (priority < 0 || priority > SCHED_PRIORITY_MAX)
		return -EINVAL;
	r->policy.priority = (uint8_t)priority;
	return 0;
}

long sys_sched_setscheduler(int pid, int policy, const int __user *param)
{
	struct request r;
	int err = policy < 0 || pid < 0 ? -EINVAL : make_request(&r, policy, param);

	return err ? err : change_policy(pid, &r);
}

long sys_sched_setparam(int pid, const int __user *param)
{
	struct request r;
	int err = pid < 0 ? -EINVAL : make_request(&r, -1, param);

	return err ? err : change_policy(pid, &r);
}

long sys_sched_getscheduler(int pid)
{
	struct request r;
	long err = ask(pid, get_policy, &r);

	return err ? err : r.policy.policy | (r.policy.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long sys_sched_getparam(int pid, int __user *param)
{
	struct request r;
	long err = param ? ask(pid, get_policy, &r) : -EINVAL;
	int priority;

	if (err)
		return err;
	priority = r.policy.priority;
	return copy_to_user(param, &priority, sizeof(priority));
}

long sys_sched_get_priority_max(int policy)
{
	if (is_realtime((unsigned)policy))
		return SCHED_PRIORITY_MAX;
	return is_known((unsigned)policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	long max = sys_sched_get_priority_max(policy);

	return max > 0 ? SCHED_PRIORITY_MIN : max;
}

long sys_sched_rr_get_interval(int pid, struct abi_timespec __user *to)
{
	struct abi_timespec ts = {0, 0};
	struct request r;
	long err = ask(pid, get_policy, &r);

	if (err)
		return err;
	if (r.policy.policy == SCHED_RR)
		ts.tv_nsec = RR_SLICE_NS;
	else if (r.policy.policy != SCHED_FIFO)
		ts.tv_nsec = SLICE_NS;
	return copy_to_user(to, &ts, sizeof(ts));
}

/* ---- attributes: the same in one struct, which may grow ---- */

static bool rest_is_zero(const uint8_t __user *p, size_t n)
{
	uint8_t byte;

	for (; n; n--, p++)
		if (copy_from_user(&byte, p, 1) || byte)
			return false;
	return true;
}

static long get_attr(struct abi_sched_attr *a, struct abi_sched_attr __user *from)
{
	uint32_t size, known = sizeof(*a);

	if (get_user32(&size, &from->size))
		return -EFAULT;
	size = size ? size : ATTR_MIN;
	memset(a, 0, sizeof(*a));
	if (size < ATTR_MIN || size > PAGE_SIZE)
		return put_user32(&from->size, known) ? -EFAULT : -E2BIG;
	if (copy_from_user(a, from, min(size, known)))
		return -EFAULT;
	if (size > known && !rest_is_zero((const uint8_t __user *)from + known, size - known))
		return put_user32(&from->size, known) ? -EFAULT : -E2BIG;
	return 0;
}

long sys_sched_setattr(int pid, void __user *uattr, unsigned flags)
{
	struct abi_sched_attr a;
	struct request r = {.all_of_it = true};
	long err;

	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	err = get_attr(&a, uattr);
	if (err)
		return err;
	r.keep_policy = a.flags & SCHED_FLAG_KEEP_POLICY;
	r.keep_params = a.flags & SCHED_FLAG_KEEP_PARAMS;
	if ((!r.keep_policy && !is_known(a.policy)) || a.priority > SCHED_PRIORITY_MAX ||
	    a.flags & ~(uint64_t)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY |
				  SCHED_FLAG_KEEP_PARAMS))
		return -EINVAL;
	r.policy = (struct sched_policy){
		.policy = (uint8_t)a.policy,
		.priority = (uint8_t)a.priority,
		.nice = (int8_t)max(min(a.nice, NICE_MAX), NICE_MIN),
		.reset_on_fork = a.flags & SCHED_FLAG_RESET_ON_FORK,
	};
	return change_policy(pid, &r);
}

long sys_sched_getattr(int pid, void __user *uattr, unsigned size, unsigned flags)
{
	struct abi_sched_attr a = {.size = min(size, (unsigned)sizeof(a))};
	struct request r;
	long err;

	if (!uattr || size < ATTR_MIN || size > PAGE_SIZE || flags)
		return -EINVAL;
	err = ask(pid, get_policy, &r);
	if (err)
		return err;
	a.policy = r.policy.policy;
	a.flags = r.policy.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	a.priority = r.policy.priority;
	a.nice = is_realtime(a.policy) ? 0 : r.policy.nice;
	return copy_to_user(uattr, &a, a.size);
}

/* ---- nice ---- */

static void set_nice(struct thread *t, void *arg)
{
	struct request *r = arg;
	struct sched_policy p = t->policy;

	p.nice = r->policy.nice;
	if (p.nice < t->policy.nice && !process_privileged())
		r->result = -EACCES;
	else
		sched_set_policy(t, p);
}

/* The best of all. */
static void get_nice(struct thread *t, void *arg)
{
	struct request *r = arg;

	r->result = max(r->result, (long)NICE_ZERO - t->policy.nice);
}

/* A thread, or the app as the group or user it is. */
static long ask_priority(int which, int who, void (*fn)(struct thread *, void *), struct request *r)
{
	bool all = (which == PRIO_PGRP && (!who || who == APP_PID)) ||
		   (which == PRIO_USER && (!who || (uint32_t)who == process_user()));

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	r->result = 0;
	if (which != PRIO_PROCESS && !all)
		return -ESRCH;
	if (all)
		signal_with_all_threads(fn, r);
	else if (who < 0 || !signal_with_thread(who, fn, r))
		return -ESRCH;
	return r->result;
}

long sys_setpriority(int which, int who, int nice)
{
	struct request r = {.policy.nice = (int8_t)max(min(nice, NICE_MAX), NICE_MIN)};

	return ask_priority(which, who, set_nice, &r);
}

long sys_getpriority(int which, int who)
{
	struct request r;

	return ask_priority(which, who, get_nice, &r);
}
