/* SPDX-License-Identifier: MIT */
/*
 * The process's interval timer of real time: setitimer, getitimer, alarm. An expiry sends SIGALRM;
 * the next one is armed when that signal is taken, so that the shortest interval does not keep the
 * core in its interrupt: the handler runs between two. real.lock guards the rest of it and is taken inside the signal lock; whoever sets the
 * timer holds the mutex, because a timer cannot be cancelled under a lock that its expiry waits for.
 * ITIMER_VIRTUAL and ITIMER_PROF are refused: what a thread's processor time is of the core's and
 * what the app's is not told apart.
 */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include "itimer.h"

#define ITIMER_REAL 0
#define LONGEST	    (1ull << 62)    /* ns: 146 years, so that sums do not overflow */
#define ALARM_MAX   (INT32_MAX / 2) /* seconds, as on Linux */

static void expired(struct timer *t);

static struct mutex setter = MUTEX_INIT(setter);
static struct {
	struct spinlock lock;
	struct timer timer;
	bool armed;	   /* it runs, or waits for its SIGALRM to be taken */
	uint64_t interval; /* ns; 0: once */
} real = {.timer.fire = expired};

/* A time to go and an interval, in ns; 0: none. */
struct setting {
	uint64_t value, interval;
};

/* Interrupt context. */
static void expired(struct timer *t)
{
	const struct abi_siginfo info = {.signo = SIGALRM, .code = ABI_SI_KERNEL};

	(void)t;
	signal_send_process(&info);
}

void itimer_continue(void)
{
	unsigned long irq = spin_lock_irqsave(&real.lock);
	uint64_t now, next = real.timer.deadline + real.interval;

	if (real.armed && real.interval && !real.timer.active) {
		now = time_now();
		if (next <= now)
			next += ((now - next) / real.interval + 1) * real.interval;
		timer_start(&real.timer, next);
	}
	spin_unlock_irqrestore(&real.lock, irq);
}

static struct setting itimer_get(void)
{
	unsigned long irq = spin_lock_irqsave(&real.lock);
	struct setting s = {0, real.interval};
	uint64_t now = time_now();

	/* One that is due but has not fired still runs: not 0. */
	if (real.timer.active)
		s.value = real.timer.deadline > now ? real.timer.deadline - now : NSEC_PER_USEC;
	spin_unlock_irqrestore(&real.lock, irq);
	return s;
}

/* What was set before, as of now. */
static struct setting itimer_set(struct setting new)
{
	struct setting old;
	unsigned long irq;

	mutex_lock(&setter);
	old = itimer_get();
	irq = spin_lock_irqsave(&real.lock);
	real.armed = false;
	spin_unlock_irqrestore(&real.lock, irq);
	timer_cancel(&real.timer);
	irq = spin_lock_irqsave(&real.lock);
	real.interval = new.interval;
	real.armed = new.value;
	if (new.value)
		timer_start(&real.timer, time_now() + new.value);
	spin_unlock_irqrestore(&real.lock, irq);
	mutex_unlock(&setter);
	return old;
}

/* ---- system calls ---- */

static int from_timeval(const struct abi_timeval *tv, uint64_t *ns)
{
	if (tv->tv_sec < 0 || (unsigned long)tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (uint64_t)tv->tv_sec < LONGEST / NSEC_PER_SEC
		      ? (uint64_t)tv->tv_sec * NSEC_PER_SEC + (uint64_t)tv->tv_usec * NSEC_PER_USEC
		      : LONGEST;
	return 0;
}

/* Rounded so that a running timer does not look like a stopped one. */
static struct abi_timeval to_timeval(uint64_t ns)
{
	uint64_t us = ns && ns < NSEC_PER_USEC ? 1 : ns / NSEC_PER_USEC;

	return (struct abi_timeval){(long)(us / 1000000), (long)(us % 1000000)};
}

static long put_setting(struct abi_itimerval __user *to, struct setting s)
{
	struct abi_itimerval v = {to_timeval(s.interval), to_timeval(s.value)};

	return copy_to_user(to, &v, sizeof(v));
}

long sys_getitimer(int which, struct abi_itimerval __user *value)
{
	return which == ITIMER_REAL ? put_setting(value, itimer_get()) : -EINVAL;
}

long sys_setitimer(int which, const struct abi_itimerval __user *value,
		   struct abi_itimerval __user *old)
{
	struct abi_itimerval v = {{0, 0}, {0, 0}};
	struct setting new, was;

	/* No value stops the timer, as it does on Linux. */
	if (value && copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (from_timeval(&v.it_value, &new.value) || from_timeval(&v.it_interval, &new.interval))
		return -EINVAL;
	if (which != ITIMER_REAL)
		return -EINVAL;
	was = itimer_set(new);
	return old ? put_setting(old, was) : 0;
}

/* Seconds that were left, to the nearest, but not 0 if there was a rest. */
long sys_alarm(unsigned seconds)
{
	struct setting new = {min(seconds, (unsigned)ALARM_MAX) * NSEC_PER_SEC, 0};
	uint64_t left = itimer_set(new).value, whole = left / NSEC_PER_SEC,
		 rest = left % NSEC_PER_SEC;

	if (rest >= NSEC_PER_SEC / 2 || (!whole && rest))
		whole++;
	return (long)whole;
}
