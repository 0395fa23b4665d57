/* SPDX-License-Identifier: MIT */
/* The interval timer, and alarms that are settings of it. */
#include <sys/time.h>
#include <unistd.h>
#include "syscall.h"

int getitimer(int which, struct itimerval *value)
{
	return (int)SYSCALL(SYS_getitimer, which, value);
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
	return (int)SYSCALL(SYS_setitimer, which, value, old);
}

unsigned alarm(unsigned seconds)
{
	return (unsigned)SYSCALL(SYS_alarm, seconds);
}

/* What was left, in microseconds. */
useconds_t ualarm(useconds_t us, useconds_t interval)
{
	struct itimerval new = {{interval / 1000000, (suseconds_t)(interval % 1000000)},
				{us / 1000000, (suseconds_t)(us % 1000000)}},
			 old;

	if (setitimer(ITIMER_REAL, &new, &old) < 0)
		return (useconds_t)-1;
	return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}
