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

/* 0 or -EINVAL. */
static int clock_read(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = time_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_now();
		return 0;
	/* The app has one thread. */
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = sched_cpu_time();
		return 0;
	}
	return -EINVAL;
}

long sys_clock_gettime(int clock, struct abi_timespec __user *ts)
{
	struct abi_timespec t;
	uint64_t ns;
	int err = clock_read(clock, &ns);

	if (err)
		return err;
	t = to_timespec(ns);
	return copy_to_user(ts, &t, sizeof(t));
}

long sys_clock_getres(int clock, struct abi_timespec __user *ts)
{
	struct abi_timespec t = {0, 1};
	uint64_t ns;
	int err = clock_read(clock, &ns);

	return err || !ts ? err : copy_to_user(ts, &t, sizeof(t));
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

/* Sleeps until deadline; on a signal writes what is left (unless the deadline was absolute). */
static long sleep_until(uint64_t deadline, struct abi_timespec __user *rem)
{
	struct abi_timespec t;
	uint64_t now;
	int err;

	wait_event(err, NULL, deadline, false);
	if (err == -ETIMEDOUT)
		return 0;
	now = time_now();
	t = to_timespec(deadline > now ? deadline - now : 0);
	return rem && copy_to_user(rem, &t, sizeof(t)) ? -EFAULT : err;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? TIME_NEVER : a + b;
}

long sys_clock_nanosleep(int clock, int flags, const struct abi_timespec __user *req,
			 struct abi_timespec __user *rem)
{
	struct abi_timespec t;
	uint64_t ns, now;
	int err = clock_read(clock, &now);

	if (err)
		return err;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EOPNOTSUPP;
	if (copy_from_user(&t, req, sizeof(t)))
		return -EFAULT;
	err = from_timespec(&t, &ns);
	if (err)
		return err;
	if (!(flags & TIMER_ABSTIME))
		return sleep_until(add_saturated(time_now(), ns), rem);
	if (ns <= now)
		return 0;
	return sleep_until(add_saturated(time_now(), ns - now), NULL);
}

long sys_nanosleep(const struct abi_timespec __user *req, struct abi_timespec __user *rem)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);
}
