/* SPDX-License-Identifier: MIT */
/*
 * Signals over the core's rt_ calls. Sets are 64 bits on both sides; only struct sigaction differs,
 * because the core wants to be told where to return from a handler.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include "cancel.h"
#include "thread.h"

/* Numbers the library keeps for itself, as on Linux: 32 cancels threads, 33 is spare. */
#define OWN_SIGNALS (3UL << (SIGCANCEL - 1))

static bool is_own(int sig)
{
	return sig == SIGCANCEL || sig == SIGCANCEL + 1;
}

/* The core's struct sigaction (Linux, x86-64). */
struct core_sigaction {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	sigset_t mask;
};

void __ringlet_restore(void);
__asm__(".pushsection .text.__ringlet_restore, \"ax\", @progbits\n"
	".globl __ringlet_restore\n"
	".type __ringlet_restore, @function\n"
	"__ringlet_restore:\n"
	"	movl $15, %eax\n" /* rt_sigreturn */
	"	syscall\n"
	".size __ringlet_restore, . - __ringlet_restore\n"
	".popsection");

int __ringlet_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct core_sigaction in, out;
	long ret;

	if (act) {
		in.handler = (void *)act->sa_handler;
		in.flags = (unsigned)act->sa_flags | SA_RESTORER;
		in.restorer = __ringlet_restore;
		in.mask = act->sa_mask;
	}
	ret = SYSCALL(SYS_rt_sigaction, sig, act ? &in : NULL, old ? &out : NULL, sizeof(sigset_t));
	if (ret == 0 && old) {
		old->sa_handler = (_sig_func_ptr)out.handler;
		old->sa_flags = (int)(out.flags & ~(unsigned long)SA_RESTORER);
		old->sa_mask = out.mask;
		old->sa_restorer = out.restorer;
	}
	return (int)ret;
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (is_own(sig)) {
		errno = EINVAL;
		return -1;
	}
	return __ringlet_sigaction(sig, act, old);
}

/* Signals whose handlers interrupt calls, by siginterrupt(): atomic. */
static sigset_t interrupting;

_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
	struct sigaction act = {.sa_flags = SA_RESTART}, old = {.sa_flags = 0};

	if (sig > 0 && sig < NSIG &&
	    __atomic_load_n(&interrupting, __ATOMIC_RELAXED) >> (sig - 1) & 1)
		act.sa_flags = 0;
	act.sa_handler = handler;
	return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int sig, int interrupts)
{
	struct sigaction act;

	if (sigaction(sig, NULL, &act) < 0)
		return -1;
	if (interrupts) {
		__atomic_fetch_or(&interrupting, 1UL << (sig - 1), __ATOMIC_RELAXED);
		act.sa_flags &= ~SA_RESTART;
	} else {
		__atomic_fetch_and(&interrupting, ~(1UL << (sig - 1)), __ATOMIC_RELAXED);
		act.sa_flags |= SA_RESTART;
	}
	return sigaction(sig, &act, NULL);
}

int kill(pid_t pid, int sig)
{
	return (int)SYSCALL(SYS_kill, pid, sig);
}

int killpg(pid_t group, int sig)
{
	return kill(-group, sig);
}

int sigqueue(pid_t pid, int sig, const union sigval value)
{
	siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return (int)SYSCALL(SYS_rt_sigqueueinfo, pid, sig, &info);
}

/* The library's own signals are never blocked for the program. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t own = set ? *set & ~OWN_SIGNALS : 0;

	return (int)-syscall4(SYS_rt_sigprocmask, how, (long)(set ? &own : NULL), (long)old,
			      sizeof(*set));
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return (int)syscall_result(-pthread_sigmask(how, set, old));
}

int sigpending(sigset_t *set)
{
	return (int)SYSCALL(SYS_rt_sigpending, set, sizeof(*set));
}

int sigsuspend(const sigset_t *mask)
{
	return (int)SYSCALL_CANCEL(SYS_rt_sigsuspend, mask, sizeof(*mask));
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return (int)SYSCALL_CANCEL(SYS_rt_sigtimedwait, set, info, timeout, sizeof(*set));
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *set, int *sig)
{
	int got;

	do {
		got = sigtimedwait(set, NULL, NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	*sig = got;
	return 0;
}

int sigaltstack(const stack_t *restrict ss, stack_t *restrict old)
{
	return (int)SYSCALL(SYS_sigaltstack, ss, old);
}

int pause(void)
{
	return (int)SYSCALL_CANCEL(SYS_pause);
}

void __sigjmp_save(struct __sigjmp *env, int save_mask)
{
	env->__has_mask = save_mask;
	if (save_mask)
		sigprocmask(SIG_SETMASK, NULL, &env->__mask);
}

_Noreturn void siglongjmp(sigjmp_buf env, int value)
{
	if (env->__has_mask)
		sigprocmask(SIG_SETMASK, &env->__mask, NULL);
	longjmp(env->__registers, value);
}

static int bad_signal(int sig)
{
	if (sig >= 1 && sig < NSIG)
		return 0;
	errno = EINVAL;
	return -1;
}

static int bad_change(int sig)
{
	if (is_own(sig)) {
		errno = EINVAL;
		return -1;
	}
	return bad_signal(sig);
}

int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	*set = ~OWN_SIGNALS;
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (bad_change(sig))
		return -1;
	*set |= 1UL << (sig - 1);
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (bad_change(sig))
		return -1;
	*set &= ~(1UL << (sig - 1));
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	return bad_signal(sig) ? -1 : (int)(*set >> (sig - 1) & 1);
}
