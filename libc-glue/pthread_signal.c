/* SPDX-License-Identifier: MIT */
/* Signals to one thread. Async-signal-safe, as POSIX asks of pthread_kill(). */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>
#include "thread.h"

static int send(struct thread_control *tcb, int sig, const siginfo_t *info)
{
	long pid = syscall0(SYS_getpid);

	return (int)-(info ? syscall4(SYS_rt_tgsigqueueinfo, pid, tcb->tid, sig, (long)info)
			   : syscall3(SYS_tgkill, pid, tcb->tid, sig));
}

/* A thread at its end has its lock once more and is "ending" then: its number stays its own so long. */
int thread_signal(struct thread_control *tcb, int sig, const siginfo_t *info)
{
	sigset_t old;
	int err = 0;

	if (tcb == thread_self())
		return send(tcb, sig, info);
	old = signals_block();
	word_lock(&tcb->kill_lock);
	if (!tcb->ending)
		err = send(tcb, sig, info);
	word_unlock(&tcb->kill_lock);
	signals_restore(old);
	return err;
}

static int check(const struct thread_control *tcb, int sig)
{
	if (tcb->life & LIFE_GONE)
		return ESRCH;
	return sig < 0 || sig >= NSIG || sig == SIGCANCEL || sig == SIGCANCEL + 1 ? EINVAL : 0;
}

int pthread_kill(pthread_t thread, int sig)
{
	int err = check(thread_of(thread), sig);

	return err ? err : thread_signal(thread_of(thread), sig, NULL);
}

int pthread_sigqueue(pthread_t thread, int sig, const union sigval value)
{
	siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};
	int err = check(thread_of(thread), sig);

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return err ? err : thread_signal(thread_of(thread), sig, &info);
}
