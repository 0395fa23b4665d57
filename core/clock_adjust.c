/* SPDX-License-Identifier: MIT */
/*
 * Setting the wall clock, and making time go faster or slower: clock_settime, settimeofday, adjtimex,
 * and what SNTP finds. The rate is that of all clocks but raw time; what is stepped is the wall clock
 * only. There is no phase-locked loop in the core: a daemon that wants one is told so. The lock guards
 * the state; it is taken with interrupts off, outside the timer lock.
 */
#include <abi/errno.h>
#include <abi/timex.h>
#include <arch/clock.h>
#include <core/cputime.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include "clock.h"
#include "slew.h"

#define SETTABLE_MAX ((INT64_MAX / 1000000000) - 30l * 365 * 86400) /* s, as on Linux */
#define STEP_FROM    (500 * (int64_t)NSEC_PER_MSEC) /* an offset that is stepped, not slewed */
#define ERROR_MAX    16000000			    /* us */
#define CONSTANT_MAX 10
#define TAI_MAX	     100000 /* s */

static void slew_over(struct timer *t);

static struct {
	struct spinlock lock;
	struct slew slew;
	struct timer timer; /* to the end of the offset */
	int status;
	long max_error, error, constant; /* what was told us; kept for who asks */
} adjust = {
	.slew.tick = SLEW_TICK,
	.timer.fire = slew_over,
	.status = STA_UNSYNC,
	.max_error = ERROR_MAX,
	.error = ERROR_MAX,
	.constant = 2,
};

/* Lock held. */
static void apply(void)
{
	uint64_t left = slew_time(&adjust.slew);

	arch_clock_set_rate(slew_rate(&adjust.slew));
	timer_rearm();
	if (left)
		timer_start(&adjust.timer, time_now() + min(left, CLOCK_LONGEST));
}

/* Interrupt context. */
static void slew_over(struct timer *t)
{
	(void)t;
	spin_lock(&adjust.lock);
	slew_advance(&adjust.slew, time_raw());
	apply();
	spin_unlock(&adjust.lock);
}

/* Lock held. */
static void slew_by(int64_t offset)
{
	slew_advance(&adjust.slew, time_raw());
	slew_begin(&adjust.slew, offset, time_raw());
	apply();
}

bool time_correct(int64_t offset, bool may_step)
{
	unsigned long irq;
	bool step = may_step || offset > STEP_FROM || offset < -STEP_FROM;

	if (step && time_step(offset))
		return false;
	irq = spin_lock_irqsave(&adjust.lock);
	slew_by(step ? 0 : offset);
	adjust.status &= ~STA_UNSYNC;
	spin_unlock_irqrestore(&adjust.lock, irq);
	return step;
}

/* ---- setting ---- */

/* The clock was set by somebody who knows: what was being corrected no longer counts. */
static long set_realtime(const struct abi_timespec *t)
{
	unsigned long irq;
	uint64_t ns;
	int err;

	if (from_timespec(t, &ns) || t->tv_sec > SETTABLE_MAX)
		return -EINVAL;
	if (!process_privileged())
		return -EPERM;
	err = time_set_realtime(ns);
	if (err)
		return err;
	irq = spin_lock_irqsave(&adjust.lock);
	slew_by(0);
	adjust.status |= STA_UNSYNC;
	adjust.max_error = adjust.error = ERROR_MAX;
	spin_unlock_irqrestore(&adjust.lock, irq);
	return 0;
}

long sys_clock_settime(int clock, const struct abi_timespec __user *ts)
{
	struct cpu_clock cpu;
	struct abi_timespec t;

	if (clock != CLOCK_REALTIME)
		return clock < 0 && cpu_clock_find(clock, &cpu) ? -EPERM : -EINVAL;
	return copy_from_user(&t, ts, sizeof(t)) ? -EFAULT : set_realtime(&t);
}

/* Times are UTC: a time zone of the core's there is not. */
long sys_settimeofday(const struct abi_timeval __user *tv, const void __user *tz)
{
	struct abi_timeval t;
	int zone[2] = {0, 0};

	if (tv && copy_from_user(&t, tv, sizeof(t)))
		return -EFAULT;
	if (tz && copy_from_user(zone, tz, sizeof(zone)))
		return -EFAULT;
	if (zone[0] || (tv && (t.tv_usec < 0 || t.tv_usec >= 1000000)))
		return -EINVAL;
	return tv ? set_realtime(&(struct abi_timespec){t.tv_sec, t.tv_usec * 1000}) : 0;
}

/* ---- adjtimex ---- */

static int check_modes(const struct abi_timex *x)
{
	bool once = x->modes & ADJ_ADJTIME;

	if (once && !(x->modes & ADJ_OFFSET))
		return -EINVAL;
	if ((once ? !(x->modes & ADJ_READONLY) : x->modes) && !process_privileged())
		return -EPERM;
	if (once)
		return x->modes & ADJ_SETOFFSET ? -EINVAL : 0;
	if (x->modes & ADJ_TICK && (x->tick < SLEW_TICK * 9 / 10 || x->tick > SLEW_TICK * 11 / 10))
		return -EINVAL;
	if (x->modes & ADJ_SETOFFSET &&
	    (x->time.tv_usec < 0 ||
	     x->time.tv_usec >= (x->modes & ADJ_NANO ? 1000000000 : 1000000)))
		return -EINVAL;
	if (x->modes & ADJ_TAI && (x->constant < 0 || x->constant > TAI_MAX))
		return -EINVAL;
	/* Loops, leap seconds, pulses: not here. */
	if (x->modes & ADJ_STATUS && x->status & ~(STA_UNSYNC | STA_READ_ONLY))
		return -EOPNOTSUPP;
	return 0;
}

static long clamped(long v, long low, long high)
{
	return min(max(v, low), high);
}

/* Lock held. */
static void set_modes(const struct abi_timex *x)
{
	if (x->modes & ADJ_STATUS)
		adjust.status = (adjust.status & STA_READ_ONLY) | (x->status & STA_UNSYNC);
	if (x->modes & ADJ_NANO)
		adjust.status |= STA_NANO;
	if (x->modes & ADJ_MICRO)
		adjust.status &= ~STA_NANO;
	if (x->modes & ADJ_MAXERROR)
		adjust.max_error = clamped(x->maxerror, 0, ERROR_MAX);
	if (x->modes & ADJ_ESTERROR)
		adjust.error = clamped(x->esterror, 0, ERROR_MAX);
	if (x->modes & ADJ_TIMECONST)
		adjust.constant = clamped(x->constant, 0, CONSTANT_MAX);
	if (x->modes & ADJ_TAI)
		time_set_tai_offset((int)x->constant);
	if (!(x->modes & (ADJ_FREQUENCY | ADJ_TICK)))
		return;
	slew_advance(&adjust.slew, time_raw());
	if (x->modes & ADJ_FREQUENCY)
		adjust.slew.frequency = clamped(x->freq, -SLEW_FREQ_MAX, SLEW_FREQ_MAX);
	if (x->modes & ADJ_TICK)
		adjust.slew.tick = x->tick;
	apply();
}

/* adjtime's: what is left, in us, and perhaps another offset. Lock held. */
static void adjust_once(struct abi_timex *x)
{
	int64_t left;

	slew_advance(&adjust.slew, time_raw());
	left = adjust.slew.left / 1000;
	/* More than a year's work is none. */
	if (!(x->modes & ADJ_READONLY))
		slew_by(clamped(x->offset, -15768000000, 15768000000) * 1000);
	x->offset = left;
}

/* Lock held. */
static void tell(struct abi_timex *x)
{
	struct abi_timespec now = to_timespec(time_realtime());

	x->freq = adjust.slew.frequency;
	x->maxerror = adjust.max_error;
	x->esterror = adjust.error;
	x->status = adjust.status;
	x->constant = adjust.constant;
	x->precision = 1;
	x->tolerance = SLEW_FREQ_MAX;
	x->tick = adjust.slew.tick;
	x->tai = time_tai_offset();
	x->ppsfreq = x->jitter = x->stabil = 0;
	x->shift = 0;
	x->jitcnt = x->calcnt = x->errcnt = x->stbcnt = 0;
	x->time.tv_sec = now.tv_sec;
	x->time.tv_usec = adjust.status & STA_NANO ? now.tv_nsec : now.tv_nsec / 1000;
}

static int64_t offset_of(const struct abi_timex *x)
{
	int64_t sec = clamped(x->time.tv_sec, -SETTABLE_MAX, SETTABLE_MAX);

	return sec * (int64_t)NSEC_PER_SEC + x->time.tv_usec * (x->modes & ADJ_NANO ? 1 : 1000);
}

static long do_adjust(struct abi_timex *x)
{
	int err = check_modes(x);
	unsigned long irq;
	long state;

	if (!err && x->modes & ADJ_SETOFFSET)
		err = time_step(offset_of(x));
	if (err)
		return err;
	irq = spin_lock_irqsave(&adjust.lock);
	if (x->modes & ADJ_ADJTIME) {
		adjust_once(x);
	} else {
		set_modes(x);
		x->offset = 0;
	}
	tell(x);
	state = adjust.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
	spin_unlock_irqrestore(&adjust.lock, irq);
	return state;
}

long sys_clock_adjtime(int clock, struct abi_timex __user *ux)
{
	struct cpu_clock cpu;
	struct abi_timex x;
	long state;

	if (clock != CLOCK_REALTIME)
		return clock_can_wait(clock) != -EINVAL || cpu_clock_find(clock, &cpu) ? -EOPNOTSUPP
										       : -EINVAL;
	if (copy_from_user(&x, ux, sizeof(x)))
		return -EFAULT;
	state = do_adjust(&x);
	return state >= 0 && copy_to_user(ux, &x, sizeof(x)) ? -EFAULT : state;
}

long sys_adjtimex(struct abi_timex __user *ux)
{
	return sys_clock_adjtime(CLOCK_REALTIME, ux);
}
