/* SPDX-License-Identifier: MIT */
/* System calls about time: clocks and sleeping. */
#include <abi/errno.h>
#include <abi/time.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>

static struct abi_timespec to_timespec(uint64_t ns)
{
	return (struct abi_timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

/* 0 or -EINVAL; times beyond what 64 bits hold mean never. */
static int from_timespec(const struct abi_timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || (uint64_t)ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = (uint64_t)ts->tv_sec >= TIME_NEVER / NSEC_PER_SEC
		      ? TIME_NEVER
		      : ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

#define NO_CLOCK TIME_NEVER

/* The clocks that are not the first two under other names: the app's are those of its only thread. */
static __noinline uint64_t clock_read_other(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME_COARSE:
		return time_realtime();
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return time_now();
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return sched_cpu_time();
	}
	return NO_CLOCK;
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
	if (clock_read(clock) == NO_CLOCK)
		return -EINVAL;
	return ts ? put_user_pair(ts, 0, 1) : 0;
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

static long restart_sleep(struct signal_restart *r);

/* Sleeps until deadline; broken off it writes what is left at rem (0: nowhere), and can go on. */
static long sleep_until(uint64_t deadline, uintptr_t rem)
{
	struct abi_timespec t;
	uint64_t now;
	int err;

	wait_event(err, NULL, deadline, false);
	now = time_now();
	if (err == -ETIMEDOUT || deadline <= now)
		return 0;
	t = to_timespec(deadline - now);
	if (rem && copy_to_user((void __user *)rem, &t, sizeof(t)))
		return -EFAULT;
	current_thread()->restart = (struct signal_restart){restart_sleep, deadline, {rem}};
	return -ERESTART_RESTARTBLOCK;
}

static long restart_sleep(struct signal_restart *r)
{
	return sleep_until(r->deadline, r->arg[0]);
}

/* To a moment of the clock: what is made again then waits for the same moment. */
static long sleep_to(uint64_t ns, uint64_t now)
{
	int err;

	if (ns <= now)
		return 0;
	wait_event(err, NULL, add_saturated(time_now(), ns - now), false);
	return err == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

long sys_clock_nanosleep(int clock, int flags, const struct abi_timespec __user *req,
			 struct abi_timespec __user *rem)
{
	struct abi_timespec t;
	uint64_t ns, now = clock_read(clock);
	int err;

	if (now == NO_CLOCK)
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EOPNOTSUPP;
	if (copy_from_user(&t, req, sizeof(t)))
		return -EFAULT;
	err = from_timespec(&t, &ns);
	if (err)
		return err;
	if (flags & TIMER_ABSTIME)
		return sleep_to(ns, now);
	return sleep_until(add_saturated(time_now(), ns), (uintptr_t)rem);
}

long sys_nanosleep(const struct abi_timespec __user *req, struct abi_timespec __user *rem)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);
}
