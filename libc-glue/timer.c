/* SPDX-License-Identifier: MIT */
/*
 * Timers (timer_create). The core knows them by small numbers, and so does the program, but for those
 * that start a thread when they expire: these are known by the address of a struct thread_timer, with
 * the topmost bit set. One thread of the library's waits for their signals and starts the threads.
 * timers_lock guards the list of them: a signal may come for one that is no more.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include "thread.h"

#define SIGTIMER  (SIGCANCEL + 1)
#define IS_THREAD (1UL << 63)

struct thread_timer {
	struct thread_timer *next;
	int id;
	void (*function)(union sigval);
	union sigval value;
	pthread_attr_t attr;
};

static uint32_t timers_lock;
static struct thread_timer *timers;
static pthread_once_t waiter_once = PTHREAD_ONCE_INIT;
static struct thread_control *waiter; /* NULL: could not be made */

static struct thread_timer *thread_timer_of(timer_t timer)
{
	return (unsigned long)timer & IS_THREAD
		       ? (struct thread_timer *)((unsigned long)timer & ~IS_THREAD)
		       : NULL;
}

static int id_of(timer_t timer)
{
	struct thread_timer *t = thread_timer_of(timer);

	return t ? t->id : (int)(unsigned long)timer;
}

/* What a started thread is told; its own to free. */
struct call {
	void (*function)(union sigval);
	union sigval value;
};

static void *run_call(void *arg)
{
	struct call call = *(struct call *)arg;
	sigset_t none = 0;

	free(arg);
	/* It begins with the waiter's mask. */
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	call.function(call.value);
	return NULL;
}

/* A timer that has expired, if it is still there: what to call, and how its thread is made. */
static struct call *find_call(const struct thread_timer *expired, pthread_attr_t *attr)
{
	struct call *call = malloc(sizeof(*call));
	struct thread_timer *t;

	word_lock(&timers_lock);
	for (t = timers; t && t != expired; t = t->next)
		continue;
	if (t && call) {
		*call = (struct call){t->function, t->value};
		*attr = t->attr;
	}
	word_unlock(&timers_lock);
	if (t)
		return call;
	free(call);
	return NULL;
}

static void *wait_for_timers(void *arg)
{
	sigset_t set = 1UL << (SIGTIMER - 1);
	siginfo_t info;

	for (;;) {
		pthread_attr_t attr;
		struct call *call;
		pthread_t thread;

		if (syscall4(SYS_rt_sigtimedwait, (long)&set, (long)&info, 0, sizeof(set)) !=
			    SIGTIMER ||
		    info.si_code != SI_TIMER)
			continue;
		call = find_call(info.si_value.sival_ptr, &attr);
		if (call && pthread_create(&thread, &attr, run_call, call))
			free(call);
	}
	return arg;
}

static void start_waiter(void)
{
	sigset_t old = signals_block();
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 4 * PTHREAD_STACK_MIN);
	if (!pthread_create(&thread, &attr, wait_for_timers, NULL))
		waiter = thread_of(thread);
	signals_restore(old);
}

static int create_thread_timer(clockid_t clock, const struct sigevent *event, timer_t *timer)
{
	struct sigevent to_waiter = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGTIMER};
	struct thread_timer *t = malloc(sizeof(*t));
	long err;

	if (!t)
		return -1;
	pthread_once(&waiter_once, start_waiter);
	pthread_attr_init(&t->attr);
	if (event->sigev_notify_attributes)
		t->attr = *event->sigev_notify_attributes;
	t->attr.__cpuset = NULL;
	t->attr.__flags |= ATTR_DETACHED;
	t->function = event->sigev_notify_function;
	t->value = event->sigev_value;
	to_waiter.sigev_value.sival_ptr = t;
	to_waiter.sigev_notify_thread_id = waiter ? (int)waiter->tid : 0;
	err = waiter ? syscall3(NR_timer_create, clock, (long)&to_waiter, (long)&t->id) : -EAGAIN;
	if (err) {
		free(t);
		return (int)syscall_result(err);
	}
	word_lock(&timers_lock);
	t->next = timers;
	timers = t;
	word_unlock(&timers_lock);
	*timer = (timer_t)((unsigned long)t | IS_THREAD);
	return 0;
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
	int id;

	if (event && event->sigev_notify == SIGEV_THREAD)
		return create_thread_timer(clock, event, timer);
	if (SYSCALL(NR_timer_create, clock, event, &id) < 0)
		return -1;
	*timer = (timer_t)(unsigned)id;
	return 0;
}

int timer_delete(timer_t timer)
{
	struct thread_timer *t = thread_timer_of(timer), **place = &timers;
	long ret = SYSCALL(NR_timer_delete, id_of(timer));

	if (t && ret == 0) {
		word_lock(&timers_lock);
		while (*place != t)
			place = &(*place)->next;
		*place = t->next;
		word_unlock(&timers_lock);
		free(t);
	}
	return (int)ret;
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict value,
		  struct itimerspec *restrict old)
{
	return (int)SYSCALL(NR_timer_settime, id_of(timer), flags, value, old);
}

int timer_gettime(timer_t timer, struct itimerspec *value)
{
	return (int)SYSCALL(NR_timer_gettime, id_of(timer), value);
}

int timer_getoverrun(timer_t timer)
{
	return (int)SYSCALL(NR_timer_getoverrun, id_of(timer));
}
