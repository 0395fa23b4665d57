/* SPDX-License-Identifier: MIT */
/*
 * Signals as the system calls have them, without a C library between: structures, actions, and
 * catching a fault on the way: trap_call(fn) runs fn and tells whether it was left by a signal,
 * which caught then describes. For programs of tests/guest; they run on Linux as well.
 */
#ifndef SIGRAW_H
#define SIGRAW_H

#include <stdint.h>
#include <string.h>
#include "tap.h"

enum {
	NR_mmap = 9,
	NR_mprotect = 10,
	NR_sigaction = 13,
	NR_sigprocmask = 14,
	NR_sigreturn = 15
};
enum {
	NR_getpid = 39,
	NR_gettid = 186,
	NR_sigaltstack = 131,
	NR_tgkill = 234
};

enum {
	RAW_SIGINFO = 4,
	RAW_RESTORER = 0x04000000,
	RAW_ONSTACK = 0x08000000
};
enum {
	RAW_RESTART = 0x10000000,
	RAW_NODEFER = 0x40000000
};

enum {
	S_ILL = 4,
	S_TRAP = 5,
	S_BUS = 7,
	S_FPE = 8,
	S_USR1 = 10,
	S_SEGV = 11,
	S_USR2 = 12
};
enum {
	C_USER = 0,
	C_KERNEL = 0x80,
	C_TKILL = -6
};

struct raw_action {
	uint64_t handler, flags, restorer, mask;
};

struct raw_info {
	int32_t signo, error, code, pad;
	uint64_t addr;
	uint8_t rest[104];
};

struct raw_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};

struct raw_context {
	uint64_t flags, link;
	struct raw_stack stack;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint8_t *fpu;
	uint64_t reserved[8];
	uint64_t mask;
};

struct raw_frame {
	uint64_t restorer;
	struct raw_context context;
	struct raw_info info;
};

/* In the FPU area, at 464. */
struct raw_marks {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, reserved[7];
};
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

/* Offsets in the FPU area. */
enum {
	FPU_FCW = 0,
	FPU_MXCSR = 24,
	FPU_ST = 32,
	FPU_XMM = 160,
	FPU_MARKS = 464
};
enum {
	FPU_BV = 512,
	FPU_COMP = 520,
	FPU_HEADER_REST = 528
};

__attribute__((unused)) static uint64_t get64(const uint8_t *p, unsigned at)
{
	uint64_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

__attribute__((unused)) static void put64(uint8_t *p, unsigned at, uint64_t v)
{
	memcpy(p + at, &v, sizeof(v));
}

__attribute__((unused)) static uint32_t get32(const uint8_t *p, unsigned at)
{
	uint32_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

__attribute__((unused)) static void put32(uint8_t *p, unsigned at, uint32_t v)
{
	memcpy(p + at, &v, sizeof(v));
}

typedef void raw_handler(int sig, struct raw_info *info, struct raw_context *context);

extern char raw_restorer[], trap_recover[];
extern uint64_t trap_sp; /* 0 outside of trap_call() */
int trap_call(void (*fn)(void));
__asm__(".text\n"
	".globl raw_restorer, trap_call, trap_recover\n"
	"raw_restorer:\n"
	"	movl $15, %eax\n"
	"	syscall\n"
	"	hlt\n"
	"trap_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	push trap_sp(%rip)\n" /* so that these may be nested */
	"	mov %rsp, trap_sp(%rip)\n"
	"	call *%rdi\n"
	"	xorl %eax, %eax\n"
	"	jmp 1f\n"
	"trap_recover:\n"
	"	mov trap_sp(%rip), %rsp\n"
	"	movl $1, %eax\n"
	"1:	popq trap_sp(%rip)\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".pushsection .bss\n"
	".globl trap_sp\n"
	".balign 8\n"
	"trap_sp: .skip 8\n"
	".popsection\n");

__attribute__((unused)) static long raw1(long n, long a)
{
	return raw(n, a, 0, 0, 0, 0, 0);
}

/* Sets the action of sig; SA_RESTORER is added. 0 or -errno. */
__attribute__((unused)) static long action(int sig, void *handler, uint64_t flags, uint64_t mask)
{
	struct raw_action a = {(uintptr_t)handler, flags | RAW_RESTORER | RAW_SIGINFO,
			       (uintptr_t)raw_restorer, mask};

	return raw(NR_sigaction, sig, (long)&a, 0, 8, 0, 0);
}

__attribute__((unused)) static long send_self(int sig)
{
	return raw(NR_tgkill, raw1(NR_getpid, 0), raw1(NR_gettid, 0), sig, 0, 0, 0);
}

/* The blocked set becomes this; the old one is returned. */
__attribute__((unused)) static uint64_t block(uint64_t set)
{
	uint64_t old = 0;

	raw(NR_sigprocmask, 2, (long)&set, (long)&old, 8, 0, 0);
	return old;
}

__attribute__((unused)) static long altstack(void *sp, uint64_t size, int flags)
{
	struct raw_stack s = {(uintptr_t)sp, flags, 0, size};

	return raw1(NR_sigaltstack, (long)&s);
}

/* What a trap_call() was left by. */
static struct {
	int sig;
	struct raw_info info;
	struct raw_context context;
	uint8_t fpu[512];
} caught;
static uint16_t caught_ss; /* the handler's own */

/* The handler that does it; on an alternate stack, as the fault may be the stack's. */
__attribute__((unused)) static void catch (int sig, struct raw_info *info, struct raw_context *c)
{
	if (!trap_sp) { /* nobody waits for it: the program's end */
		action(sig, 0, 0, 0);
		return;
	}
	__asm__ volatile("movw %%ss, %0" : "=r"(caught_ss));
	caught.sig = sig;
	caught.info = *info;
	caught.context = *c;
	if (c->fpu)
		memcpy(caught.fpu, c->fpu, sizeof(caught.fpu));
	c->ip = (uintptr_t)trap_recover;
	c->cs = 0x33;
	c->ss = 0x2b;
	c->eflags = 0x202;
	c->flags |= 4;
}

__attribute__((unused)) static void catch_all(void)
{
	static uint8_t stack[32768] __attribute__((aligned(64)));
	static const int faults[] = {S_ILL, S_TRAP, S_BUS, S_FPE, S_SEGV};

	altstack(stack, sizeof(stack), 0);
	for (unsigned i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		action(faults[i], catch, RAW_ONSTACK | RAW_NODEFER, 0);
}

#endif
