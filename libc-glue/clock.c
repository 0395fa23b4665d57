/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping; reading the clock is vdso.c's. */
#include <errno.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include "cancel.h"

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return (int)SYSCALL(SYS_clock_getres, clock, ts);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	return (int)SYSCALL(NR_clock_settime, clock, ts);
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

/* All processor time counts as the user's; there are no children. */
clock_t times(struct tms *t)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct timespec now;

	*t = (struct tms){.tms_utime = cpu_time(ticks)};
	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return -1;
	return now.tv_sec * ticks + now.tv_nsec / (1000000000 / ticks);
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
