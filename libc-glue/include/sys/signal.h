/* SPDX-License-Identifier: MIT */
/* Signals with Linux's numbers, sets of 64 and siginfo layout. sigaction() adds the restorer. */
#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <stdint.h>
#include <abi/signal.h>

#if !defined(_SIGSET_T_DECLARED)
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define SIGIOT	 SIGABRT
#define SIGPOLL	 SIGIO
#define SIGRTMIN 34
#define SIGRTMAX 64
#define NSIG	 65
#define _NSIG	 NSIG

typedef void (*_sig_func_ptr)(int);

union sigval {
	int sival_int;
	void *sival_ptr;
};

#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2
#define SIGEV_THREAD_ID 4

struct sigevent {
	union sigval sigev_value;
	int sigev_signo;
	int sigev_notify;
	int sigev_notify_thread_id;
	void (*sigev_notify_function)(union sigval);
	pthread_attr_t *sigev_notify_attributes;
	long __reserved[4];
};

typedef struct {
	int si_signo;
	int si_errno;
	int si_code;
	int __pad0;
	union {
		struct {
			union {
				struct {
					pid_t pid;
					uid_t uid;
				} user;
				struct {
					int id, overrun;
				} timer;
			} who;
			union {
				union sigval value;
				int status;
			} what;
		} sent;
		struct {
			void *addr;
			union {
				short lsb;
				struct {
					void *__pad, *lower, *upper;
				} bounds;
				struct {
					void *__pad;
					unsigned value;
				} key;
			} more;
		} fault;
		struct {
			long band;
			int fd;
		} io;
		struct {
			void *call_addr;
			int number;
			unsigned arch;
		} call;
		char bytes[112];
	} __fields;
} siginfo_t;

#define si_pid	     __fields.sent.who.user.pid
#define si_uid	     __fields.sent.who.user.uid
#define si_timerid   __fields.sent.who.timer.id
#define si_overrun   __fields.sent.who.timer.overrun
#define si_value     __fields.sent.what.value
#define si_int	     __fields.sent.what.value.sival_int
#define si_ptr	     __fields.sent.what.value.sival_ptr
#define si_status    __fields.sent.what.status
#define si_addr	     __fields.fault.addr
#define si_addr_lsb  __fields.fault.more.lsb
#define si_lower     __fields.fault.more.bounds.lower
#define si_upper     __fields.fault.more.bounds.upper
#define si_pkey	     __fields.fault.more.key.value
#define si_band	     __fields.io.band
#define si_fd	     __fields.io.fd
#define si_call_addr __fields.call.call_addr
#define si_syscall   __fields.call.number
#define si_arch	     __fields.call.arch

/* si_code: who sent it, and above zero for which reason. */
#define SI_USER	    0
#define SI_KERNEL   128
#define SI_QUEUE    (-1)
#define SI_TIMER    (-2)
#define SI_MESGQ    (-3)
#define SI_ASYNCIO  (-4)
#define SI_SIGIO    (-5)
#define SI_TKILL    (-6)
#define SI_DETHREAD (-7)
#define SI_ASYNCNL  (-60)

#define ILL_ILLOPC    1
#define ILL_ILLOPN    2
#define ILL_ILLADR    3
#define ILL_ILLTRP    4
#define ILL_PRVOPC    5
#define ILL_PRVREG    6
#define ILL_COPROC    7
#define ILL_BADSTK    8
#define FPE_INTDIV    1
#define FPE_INTOVF    2
#define FPE_FLTDIV    3
#define FPE_FLTOVF    4
#define FPE_FLTUND    5
#define FPE_FLTRES    6
#define FPE_FLTINV    7
#define FPE_FLTSUB    8
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define SEGV_BNDERR   3
#define SEGV_PKUERR   4
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define BUS_OBJERR    3
#define BUS_MCEERR_AR 4
#define BUS_MCEERR_AO 5
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define TRAP_BRANCH   3
#define TRAP_HWBKPT   4
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6
#define POLL_IN	      1
#define POLL_OUT      2
#define POLL_MSG      3
#define POLL_ERR      4
#define POLL_PRI      5
#define POLL_HUP      6
#define SYS_SECCOMP   1

struct sigaction {
	union {
		_sig_func_ptr handler;
		void (*action)(int, siginfo_t *, void *);
	} __sa;
	sigset_t sa_mask;
	int sa_flags;
	void (*sa_restorer)(void);
};
#define sa_handler   __sa.handler
#define sa_sigaction __sa.action

#define SA_NOCLDSTOP	  1
#define SA_NOCLDWAIT	  2
#define SA_SIGINFO	  4
#define SA_UNSUPPORTED	  0x00000400
#define SA_EXPOSE_TAGBITS 0x00000800
#define SA_RESTORER	  0x04000000
#define SA_ONSTACK	  0x08000000
#define SA_RESTART	  0x10000000
#define SA_NODEFER	  0x40000000
#define SA_RESETHAND	  0x80000000
#define SA_NOMASK	  SA_NODEFER
#define SA_ONESHOT	  SA_RESETHAND

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM 0x80000000
#define MINSIGSTKSZ   2048
#define SIGSTKSZ      8192

typedef struct sigaltstack {
	void *ss_sp;
	int ss_flags;
	size_t ss_size;
} stack_t;

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

__BEGIN_DECLS
int kill(pid_t pid, int sig);
int killpg(pid_t group, int sig);
int sigaction(int sig, const struct sigaction *act, struct sigaction *old);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
int sigfillset(sigset_t *set);
int sigemptyset(sigset_t *set);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *set, int *sig);
int sigwaitinfo(const sigset_t *set, siginfo_t *info);
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
int sigaltstack(const stack_t *__restrict ss, stack_t *__restrict old);
int sigqueue(pid_t pid, int sig, const union sigval value);
int pthread_kill(pthread_t thread, int sig);
#if __GNU_VISIBLE
int pthread_sigqueue(pthread_t thread, int sig, const union sigval value);
#endif
int siginterrupt(int sig, int interrupts);
#if __XSI_VISIBLE || __MISC_VISIBLE
#define SIG_HOLD ((_sig_func_ptr)2)
int sighold(int sig);
int sigrelse(int sig);
int sigignore(int sig);
int sigpause(int sig);
_sig_func_ptr sigset(int sig, _sig_func_ptr how);
#endif
#if __MISC_VISIBLE
#define SIG2STR_MAX 17
int sig2str(int sig, char *name);
int str2sig(const char *__restrict name, int *__restrict sig);
#endif
__END_DECLS

#include <sys/ucontext.h>

#ifndef _SIGNAL_H_
#include <signal.h>
#endif
#endif
