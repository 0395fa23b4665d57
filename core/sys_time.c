/* SPDX-License-Identifier: MIT */
/* System calls about time: clocks and sleeping. */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/cputime.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>
#include "clock.h"

struct abi_timespec to_timespec(uint64_t ns)
{
	return (struct abi_timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

int from_timespec(const struct abi_timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || (uint64_t)ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = (uint64_t)ts->tv_sec >= TIME_NEVER / NSEC_PER_SEC
		      ? TIME_NEVER
		      : ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

#define NO_CLOCK TIME_NEVER

int clock_can_wait(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

enum timer_base clock_timer_base(int clock, uint64_t *deadline)
{
	uint64_t ahead = clock == CLOCK_TAI ? (uint64_t)time_tai_offset() * NSEC_PER_SEC : 0;

	if (clock != CLOCK_REALTIME && clock != CLOCK_TAI)
		return TIMER_MONOTONIC;
	*deadline = *deadline > ahead ? *deadline - ahead : 0;
	return TIMER_REALTIME;
}

static __noinline uint64_t clock_read_other(int clock)
{
	struct cpu_clock cpu;

	switch (clock) {
	case CLOCK_REALTIME_COARSE:
		return time_realtime();
	case CLOCK_MONOTONIC_RAW:
		return time_raw();
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return time_now();
	case CLOCK_TAI:
		return time_realtime() + (uint64_t)time_tai_offset() * NSEC_PER_SEC;
	}
	return cpu_clock_find(clock, &cpu) ? cpu_clock_read(cpu) : NO_CLOCK;
}

/* Nanoseconds, or NO_CLOCK: a value and not a pointer, which would cost a stack canary. */
static inline uint64_t clock_read(int clock)
{
	if (likely(clock == CLOCK_MONOTONIC))
		return time_now();
	return clock == CLOCK_REALTIME ? time_realtime() : clock_read_other(clock);
}

long sys_clock_gettime(int clock, struct abi_timespec __user *ts)
{
	uint64_t ns = clock_read(clock);

	if (unlikely(ns == NO_CLOCK))
		return -EINVAL;
	return put_user_pair(ts, ns / NSEC_PER_SEC, ns % NSEC_PER_SEC);
}

long sys_clock_getres(int clock, struct abi_timespec __user *ts)
{
	struct cpu_clock cpu;
	uint64_t ns = 1;

	if (clock_read(clock) == NO_CLOCK)
		return -EINVAL;
	/* Sampled ones are not that fine. */
	if (cpu_clock_find(clock, &cpu) && cpu.kind != CPUCLOCK_SCHED)
		ns = CPUTIME_SAMPLE_NS;
	return ts ? put_user_pair(ts, 0, ns) : 0;
}

long sys_gettimeofday(struct abi_timeval __user *tv, void __user *tz)
{
	static const int utc[2];
	uint64_t us = time_realtime() / NSEC_PER_USEC;
	struct abi_timeval t = {us / 1000000, us % 1000000};

	if (tv && copy_to_user(tv, &t, sizeof(t)))
		return -EFAULT;
	return tz ? copy_to_user(tz, utc, sizeof(utc)) : 0;
}

long sys_time(long __user *out)
{
	long t = time_realtime() / NSEC_PER_SEC;

	return out && copy_to_user(out, &t, sizeof(t)) ? -EFAULT : t;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? TIME_NEVER : a + b;
}

int timeout_from_user(const struct abi_timespec __user *uts, uint64_t *deadline)
{
	struct abi_timespec ts;
	uint64_t ns;

	*deadline = TIME_NEVER;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (from_timespec(&ts, &ns))
		return -EINVAL;
	*deadline = ns ? add_saturated(time_now(), ns) : 0;
	return 0;
}

/* ---- sleeping ---- */

/* One who sleeps by another clock than the monotonic one. */
struct clock_sleep {
	struct cpu_timer timer; /* its timer, for a clock that is no CPU clock */
	struct thread *thread;
	bool over;
};

static void sleep_over(struct cpu_timer *t)
{
	struct clock_sleep *s = container_of(t, struct clock_sleep, timer);

	__atomic_store_n(&s->over, true, __ATOMIC_RELEASE);
	sched_wake(s->thread);
}

static void wall_sleep_over(struct timer *t)
{
	sleep_over(container_of(t, struct cpu_timer, timer));
}

/* Until the clock is at deadline: 0, or -ERESTARTSYS for a signal. */
static int wait_for(int clock, uint64_t deadline)
{
	struct clock_sleep s = {.thread = current_thread()};
	int err;

	if (clock == CLOCK_MONOTONIC) {
		wait_event(err, NULL, deadline, false);
		return err == -ETIMEDOUT || time_now() >= deadline ? 0 : err;
	}
	if (cpu_clock_find(clock, &s.timer.clock)) {
		s.timer.fire = sleep_over;
		cpu_timer_start(&s.timer, deadline);
	} else {
		s.timer.timer.fire = wall_sleep_over;
		timer_start_on(&s.timer.timer, clock_timer_base(clock, &deadline), deadline);
	}
	wait_event(err, NULL, TIME_NEVER, __atomic_load_n(&s.over, __ATOMIC_ACQUIRE));
	timer_cancel(&s.timer.timer);
	return s.over ? 0 : err;
}

static long restart_sleep(struct signal_restart *r);

/* Sleeps for some time; broken off it writes what is left at rem (0: nowhere), and can go on. */
static long sleep_for(int clock, uint64_t deadline, uintptr_t rem)
{
	struct abi_timespec t;
	uint64_t now;

	if (!wait_for(clock, deadline))
		return 0;
	now = clock_read(clock);
	t = to_timespec(deadline > now ? deadline - now : 0);
	if (rem && copy_to_user((void __user *)rem, &t, sizeof(t)))
		return -EFAULT;
	current_thread()->restart = (struct signal_restart){
		restart_sleep, deadline, {rem, (uint64_t)clock}};
	return -ERESTART_RESTARTBLOCK;
}

static long restart_sleep(struct signal_restart *r)
{
	return sleep_for((int)r->arg[1], r->deadline, r->arg[0]);
}

/* 0, or why nobody can sleep by the clock: nor can a thread by its own time. */
static int check_sleep_clock(int clock, bool *by_cpu)
{
	struct cpu_clock cpu;

	*by_cpu = cpu_clock_find(clock, &cpu);
	if (!*by_cpu)
		return clock_can_wait(clock);
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	return cpu.tid == current_thread()->tid ? -EINVAL : 0;
}

long sys_clock_nanosleep(int clock, int flags, const struct abi_timespec __user *req,
			 struct abi_timespec __user *rem)
{
	bool by_cpu;
	struct abi_timespec t;
	uint64_t ns;
	int err = check_sleep_clock(clock, &by_cpu);

	if (err)
		return err;
	if (copy_from_user(&t, req, sizeof(t)))
		return -EFAULT;
	err = from_timespec(&t, &ns);
	if (err)
		return err;
	if (!(flags & TIMER_ABSTIME)) {
		/* Setting the wall clock does not change how long a time is. */
		if (!by_cpu)
			clock = CLOCK_MONOTONIC;
		return sleep_for(clock, add_saturated(clock_read(clock), ns), (uintptr_t)rem);
	}
	if (clock == CLOCK_BOOTTIME)
		clock = CLOCK_MONOTONIC;
	/* What is made again waits for the same moment. */
	return ns > clock_read(clock) && wait_for(clock, ns) ? -ERESTARTNOHAND : 0;
}

long sys_nanosleep(const struct abi_timespec __user *req, struct abi_timespec __user *rem)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);
}
