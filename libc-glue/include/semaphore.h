/* SPDX-License-Identifier: MIT */
/* POSIX semaphores. Named ones are known within the program: there is no other. */
#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/_timespec.h>

typedef union {
	unsigned long __value; /* in the high half the number of threads that sleep */
	char __size[32];
} sem_t;

#define SEM_FAILED    ((sem_t *)0)
#define SEM_VALUE_MAX 2147483647

__BEGIN_DECLS
int sem_init(sem_t *sem, int shared, unsigned value);
int sem_destroy(sem_t *sem);
sem_t *sem_open(const char *name, int flags, ...);
int sem_close(sem_t *sem);
int sem_unlink(const char *name);
int sem_wait(sem_t *sem);
int sem_trywait(sem_t *sem);
int sem_timedwait(sem_t *__restrict sem, const struct timespec *__restrict abstime);
#if __GNU_VISIBLE || __POSIX_VISIBLE >= 202405
int sem_clockwait(sem_t *__restrict sem, clockid_t clock,
		  const struct timespec *__restrict abstime);
#endif
int sem_post(sem_t *sem);
int sem_getvalue(sem_t *__restrict sem, int *__restrict value);
__END_DECLS

#endif
