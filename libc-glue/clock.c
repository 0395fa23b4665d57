/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping; reading the clock is vdso.c's. */
#include <errno.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include "cancel.h"

/* After <time.h>, which has the clocks by other numbers first. */
#include <abi/timex.h>

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return (int)SYSCALL(SYS_clock_getres, clock, ts);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	return (int)SYSCALL(SYS_clock_settime, clock, ts);
}

/* Answers with the error's number itself, as POSIX says. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem)
{
	long err = cancellable4(SYS_clock_nanosleep, clock, flags, (long)req, (long)rem);

	if (err == CANCELLED || err == -EINTR)
		pthread_testcancel();
	return (int)-err;
}

int nanosleep(const struct timespec *req, struct timespec *rem)
{
	return (int)SYSCALL_CANCEL(SYS_nanosleep, req, rem);
}

unsigned sleep(unsigned seconds)
{
	struct timespec ts = {.tv_sec = seconds};

	return nanosleep(&ts, &ts) < 0 ? (unsigned)ts.tv_sec + (ts.tv_nsec > 0) : 0;
}

int usleep(useconds_t us)
{
	struct timespec ts = {.tv_sec = (time_t)(us / 1000000),
			      .tv_nsec = (long)(us % 1000000) * 1000};

	return nanosleep(&ts, NULL);
}

/* The processor time used so far in units of 1/per_second, or -1. */
static long cpu_time(long per_second)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		return -1;
	return ts.tv_sec * per_second + ts.tv_nsec / (1000000000 / per_second);
}

clock_t clock(void)
{
	return cpu_time(CLOCKS_PER_SEC);
}

clock_t times(struct tms *t)
{
	return (clock_t)SYSCALL(SYS_times, t);
}

/* Linux's number of a process's processor time. Answers with the error's number, as POSIX says. */
int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
	clockid_t id = (clockid_t)(~(unsigned)pid << 3 | 2);

	if (syscall2(SYS_clock_getres, id, 0) < 0)
		return ESRCH;
	*clock = id;
	return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *tz)
{
	return (int)SYSCALL(SYS_settimeofday, tv, tz);
}

/* In microseconds: delta, if there is one, takes the place of what is still to be worked off. */
int adjtime(const struct timeval *delta, struct timeval *left)
{
	struct abi_timex x = {.modes = ADJ_ADJTIME | ADJ_OFFSET | (delta ? 0 : ADJ_READONLY)};

	if (delta)
		x.offset = delta->tv_sec * 1000000 + delta->tv_usec;
	if (SYSCALL(SYS_adjtimex, &x) < 0)
		return -1;
	if (left)
		*left = (struct timeval){x.offset / 1000000, (suseconds_t)(x.offset % 1000000)};
	return 0;
}

/* C11: the base, or 0. */
int timespec_get(struct timespec *ts, int base)
{
	return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, ts) ? base : 0;
}

/* The reverse of gmtime: days are counted with the year starting in March (leap days last). */
time_t timegm(struct tm *tm)
{
	long month = tm->tm_mon, year = tm->tm_year + 1900L, era, day;

	year += month / 12;
	month %= 12;
	if (month < 0) {
		month += 12;
		year--;
	}
	year -= month < 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year -= era * 400;
	day = (153 * (month + (month > 1 ? -2 : 10)) + 2) / 5 + tm->tm_mday - 1;
	day += year * 365 + year / 4 - year / 100 + era * 146097 - 719468;
	return ((day * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}
