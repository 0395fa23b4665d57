/* SPDX-License-Identifier: MIT */
/*
 * Signals: Linux's numbers, flags and structures on x86-64, seen by both rings. What the C library
 * names too is here without its names: struct abi_*.
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#define SIGHUP	  1
#define SIGINT	  2
#define SIGQUIT	  3
#define SIGILL	  4
#define SIGTRAP	  5
#define SIGABRT	  6
#define SIGBUS	  7
#define SIGFPE	  8
#define SIGKILL	  9
#define SIGUSR1	  10
#define SIGSEGV	  11
#define SIGUSR2	  12
#define SIGPIPE	  13
#define SIGALRM	  14
#define SIGTERM	  15
#define SIGSTKFLT 16
#define SIGCHLD	  17
#define SIGCONT	  18
#define SIGSTOP	  19
#define SIGTSTP	  20
#define SIGTTIN	  21
#define SIGTTOU	  22
#define SIGURG	  23
#define SIGXCPU	  24
#define SIGXFSZ	  25
#define SIGVTALRM 26
#define SIGPROF	  27
#define SIGWINCH  28
#define SIGIO	  29
#define SIGPWR	  30
#define SIGSYS	  31

/* struct abi_sigaction's flags. */
#define ABI_SA_NOCLDSTOP      0x00000001
#define ABI_SA_NOCLDWAIT      0x00000002
#define ABI_SA_SIGINFO	      0x00000004
#define ABI_SA_UNSUPPORTED    0x00000400
#define ABI_SA_EXPOSE_TAGBITS 0x00000800
#define ABI_SA_RESTORER	      0x04000000
#define ABI_SA_ONSTACK	      0x08000000
#define ABI_SA_RESTART	      0x10000000
#define ABI_SA_NODEFER	      0x40000000
#define ABI_SA_RESETHAND      0x80000000

#define ABI_SIG_DFL 0
#define ABI_SIG_IGN 1

/* Numbers 1 to 64; bit n - 1 of a set is number n; real-time ones from 32 on. */
#define ABI_SIGNALS  64
#define ABI_SIGRTMIN 32

/* How of rt_sigprocmask. */
#define ABI_SIG_BLOCK	0
#define ABI_SIG_UNBLOCK 1
#define ABI_SIG_SETMASK 2

/* si_code: who sent it; above zero what fault it was. */
#define ABI_SI_USER	  0
#define ABI_SI_KERNEL	  0x80
#define ABI_SI_QUEUE	  -1
#define ABI_SI_TIMER	  -2
#define ABI_SI_TKILL	  -6
#define ABI_ILL_ILLOPN	  2
#define ABI_FPE_INTDIV	  1
#define ABI_FPE_FLTDIV	  3
#define ABI_FPE_FLTOVF	  4
#define ABI_FPE_FLTUND	  5
#define ABI_FPE_FLTRES	  6
#define ABI_FPE_FLTINV	  7
#define ABI_SEGV_MAPERR	  1
#define ABI_SEGV_ACCERR	  2
#define ABI_SEGV_PKUERR	  4
#define ABI_BUS_ADRALN	  1
#define ABI_BUS_ADRERR	  2
#define ABI_BUS_MCEERR_AR 4
#define ABI_TRAP_BRKPT	  1
#define ABI_TRAP_TRACE	  2
#define ABI_TRAP_HWBKPT	  4
#define ABI_SYS_SECCOMP	  1

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What rt_sigaction takes. */
struct abi_sigaction {
	uint64_t handler, flags, restorer, mask;
};

/* Linux's siginfo, 128 bytes. */
struct abi_siginfo {
	int32_t signo, error, code, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt; /* kill (without value), tgkill, rt_sigqueueinfo */
		struct {
			int32_t id, overrun;
			uint64_t value;
		} timer;
		struct {
			uint64_t address;
			int16_t address_lsb;
		} fault;
		struct {
			int64_t band;
			int32_t fd;
		} poll;
		struct {
			uint64_t call_address;
			int32_t number;
			uint32_t arch;
		} syscall;
		uint8_t bytes[112];
	};
};

/* How a timer tells of its end: struct abi_sigevent's notify. */
#define ABI_SIGEV_SIGNAL    0
#define ABI_SIGEV_NONE	    1
#define ABI_SIGEV_THREAD    2 /* the library's: a signal to the process for the core */
#define ABI_SIGEV_THREAD_ID 4

struct abi_sigevent {
	uint64_t value;
	int32_t signo, notify, tid, pad[11];
};

#define ABI_SS_ONSTACK	  1
#define ABI_SS_DISABLE	  2
#define ABI_SS_AUTODISARM 0x80000000u
#define ABI_MINSIGSTKSZ	  2048

/* What sigaltstack takes. */
struct abi_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};
#endif

#endif
