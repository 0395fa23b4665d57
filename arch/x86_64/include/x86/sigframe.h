/* SPDX-License-Identifier: MIT */
/*
 * What a signal handler finds on its stack: Linux's struct rt_sigframe on x86-64. From high
 * addresses to low: the app's stack, its red zone of 128 bytes, the FPU area (64-aligned), then this
 * frame, so placed that the stack pointer is 8 below a multiple of 16, as after a call.
 */
#ifndef X86_SIGFRAME_H
#define X86_SIGFRAME_H

#include <abi/signal.h>
#include <core/compiler.h>
#include <x86/fpu.h>

#define RED_ZONE 128 /* System V ABI for x86-64, section 3.2.2 */

/* context.flags */
#define UC_FP_XSTATE	     1 /* the FPU area is one of XSAVE */
#define UC_SIGCONTEXT_SS     2 /* registers.ss is told */
#define UC_STRICT_RESTORE_SS 4 /* and sigreturn takes it as it is */

struct sigframe_registers {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpu; /* address of the FPU area, or 0 */
	uint64_t reserved[8];
};

struct sigframe_context {
	uint64_t flags, link;
	struct abi_stack stack;
	struct sigframe_registers registers;
	uint64_t mask;
};

struct sigframe {
	uint64_t restorer; /* where the handler returns to: it calls rt_sigreturn */
	struct sigframe_context context;
	struct abi_siginfo info;
};

_Static_assert(sizeof(struct sigframe_registers) == 256, "Linux's struct sigcontext");
_Static_assert(sizeof(struct sigframe_context) == 304, "Linux's struct ucontext");
_Static_assert(sizeof(struct sigframe) == 440, "Linux's struct rt_sigframe");

/* In the FPU area, at the bytes that FXSAVE leaves to software: Linux's struct _fpx_sw_bytes. */
#define SIGFRAME_FPU_MARKS  offsetof(struct xsave_area, software)
#define SIGFRAME_FPU_MAGIC1 0x46505853u
#define SIGFRAME_FPU_MAGIC2 0x46505845u /* behind the area */
struct sigframe_fpu {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, reserved[7];
};
_Static_assert(sizeof(struct sigframe_fpu) == 48, "Linux's struct _fpx_sw_bytes");

#endif
