/* SPDX-License-Identifier: MIT */
/*
 * The process's interval timers: setitimer, getitimer, alarm. An expiry of the one by real time sends
 * SIGALRM; the next one is armed when that signal is taken, so that the shortest interval does not
 * keep the core in its interrupt: the handler runs between two. The two by processor time go by its
 * clocks: ITIMER_PROF by all of it, ITIMER_VIRTUAL by the app's share, as sampled (core/cputime.h).
 * A timer's lock guards the rest of it and is taken inside the signal lock; whoever sets one holds the
 * mutex, because a timer cannot be cancelled under a lock that its expiry waits for.
 */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/cputime.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include "clock.h"
#include "itimer.h"

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2
#define ALARM_MAX      (INT32_MAX / 2) /* seconds, as on Linux */

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

/* ---- by processor time ---- */

static void cpu_expired(struct cpu_timer *t);

/* ITIMER_VIRTUAL and ITIMER_PROF. */
static struct cpu_itimer {
	struct spinlock lock;
	struct cpu_timer timer;
	int signal;
	bool armed;
	uint64_t interval; /* ns; 0: once */
} cpu_itimers[] = {
	{.timer = {.fire = cpu_expired, .clock = {CPUCLOCK_VIRT, 0}}, .signal = SIGVTALRM},
	{.timer = {.fire = cpu_expired, .clock = {CPUCLOCK_PROF, 0}}, .signal = SIGPROF},
};

/* Interrupt context. It is looked at often enough not to have to wait for its signal. */
static void cpu_expired(struct cpu_timer *t)
{
	struct cpu_itimer *c = container_of(t, struct cpu_itimer, timer);
	const struct abi_siginfo info = {.signo = c->signal, .code = ABI_SI_KERNEL};
	uint64_t now = cpu_clock_read(t->clock), next;

	spin_lock(&c->lock);
	c->armed = c->armed && c->interval;
	if (c->armed) {
		next = t->deadline + c->interval;
		if (next <= now)
			next += ((now - next) / c->interval + 1) * c->interval;
		cpu_timer_start(t, next);
	}
	spin_unlock(&c->lock);
	signal_send_process(&info);
}

static struct setting cpu_itimer_get(struct cpu_itimer *c)
{
	unsigned long irq = spin_lock_irqsave(&c->lock);
	struct setting s = {0, c->interval};
	uint64_t now = cpu_clock_read(c->timer.clock);

	if (c->armed)
		s.value = c->timer.deadline > now ? c->timer.deadline - now : NSEC_PER_USEC;
	spin_unlock_irqrestore(&c->lock, irq);
	return s;
}

static struct setting cpu_itimer_set(struct cpu_itimer *c, struct setting new)
{
	struct setting old;
	unsigned long irq;

	mutex_lock(&setter);
	old = cpu_itimer_get(c);
	irq = spin_lock_irqsave(&c->lock);
	c->armed = false;
	spin_unlock_irqrestore(&c->lock, irq);
	cpu_timer_cancel(&c->timer);
	if (c->signal == SIGVTALRM && new.value)
		cputime_sampling();
	irq = spin_lock_irqsave(&c->lock);
	c->interval = new.interval;
	c->armed = new.value;
	if (new.value)
		cpu_timer_start(&c->timer, cpu_clock_read(c->timer.clock) + new.value);
	spin_unlock_irqrestore(&c->lock, irq);
	mutex_unlock(&setter);
	return old;
}

/* ---- system calls ---- */

static int from_timeval(const struct abi_timeval *tv, uint64_t *ns)
{
	if (tv->tv_sec < 0 || (unsigned long)tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (uint64_t)tv->tv_sec < CLOCK_LONGEST / NSEC_PER_SEC
		      ? (uint64_t)tv->tv_sec * NSEC_PER_SEC + (uint64_t)tv->tv_usec * NSEC_PER_USEC
		      : CLOCK_LONGEST;
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
	if (which == ITIMER_REAL)
		return put_setting(value, itimer_get());
	if (which != ITIMER_VIRTUAL && which != ITIMER_PROF)
		return -EINVAL;
	return put_setting(value, cpu_itimer_get(&cpu_itimers[which - ITIMER_VIRTUAL]));
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
	if (which == ITIMER_REAL)
		was = itimer_set(new);
	else if (which == ITIMER_VIRTUAL || which == ITIMER_PROF)
		was = cpu_itimer_set(&cpu_itimers[which - ITIMER_VIRTUAL], new);
	else
		return -EINVAL;
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
