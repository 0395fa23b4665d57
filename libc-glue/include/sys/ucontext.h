/* SPDX-License-Identifier: MIT */
/* The interrupted context in a signal frame: Linux's layout on x86-64. Needs stack_t, sigset_t. */
#ifndef _SYS_UCONTEXT_H
#define _SYS_UCONTEXT_H

#include <stdint.h>
#include <sys/features.h>
#include <sys/signal.h>

typedef long long greg_t;
#define NGREG 23
typedef greg_t gregset_t[NGREG];

#if __GNU_VISIBLE
/* Indexes of uc_mcontext.gregs. */
enum {
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	REG_RDI,
	REG_RSI,
	REG_RBP,
	REG_RBX,
	REG_RDX,
	REG_RAX,
	REG_RCX,
	REG_RSP,
	REG_RIP,
	REG_EFL,
	REG_CSGSFS, /* CS, GS, FS, SS: 16 bits each */
	REG_ERR,
	REG_TRAPNO,
	REG_OLDMASK,
	REG_CR2,
};
/* Programs ask with #ifdef. */
#define REG_R8	    REG_R8
#define REG_R9	    REG_R9
#define REG_R10	    REG_R10
#define REG_R11	    REG_R11
#define REG_R12	    REG_R12
#define REG_R13	    REG_R13
#define REG_R14	    REG_R14
#define REG_R15	    REG_R15
#define REG_RDI	    REG_RDI
#define REG_RSI	    REG_RSI
#define REG_RBP	    REG_RBP
#define REG_RBX	    REG_RBX
#define REG_RDX	    REG_RDX
#define REG_RAX	    REG_RAX
#define REG_RCX	    REG_RCX
#define REG_RSP	    REG_RSP
#define REG_RIP	    REG_RIP
#define REG_EFL	    REG_EFL
#define REG_CSGSFS  REG_CSGSFS
#define REG_ERR	    REG_ERR
#define REG_TRAPNO  REG_TRAPNO
#define REG_OLDMASK REG_OLDMASK
#define REG_CR2	    REG_CR2
#endif

struct _libc_fpxreg {
	unsigned short significand[4], exponent, __reserved[3];
};

struct _libc_xmmreg {
	uint32_t element[4];
};

/* FXSAVE's 512 bytes; with XSAVE more follow, as sw_reserved in the last 48 tell. */
struct _libc_fpstate {
	uint16_t cwd, swd, ftw, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcr_mask;
	struct _libc_fpxreg _st[8];
	struct _libc_xmmreg _xmm[16];
	uint32_t __reserved[24];
};
typedef struct _libc_fpstate *fpregset_t;

typedef struct {
	gregset_t gregs;
	fpregset_t fpregs; /* on the same stack */
	unsigned long long __reserved[8];
} mcontext_t;

typedef struct ucontext_t {
	unsigned long uc_flags;
	struct ucontext_t *uc_link;
	stack_t uc_stack;
	mcontext_t uc_mcontext;
	sigset_t uc_sigmask; /* restored when the handler returns */
} ucontext_t;

#endif
