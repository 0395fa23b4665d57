/* SPDX-License-Identifier: MIT */
/*
 * FPU state straight between the registers and the app's memory, for signal frames; and with it the
 * words round it, in one stretch between STAC and CLAC (patched in where the CPU has SMAP). Each
 * function gives 0, or 1 after a fault that was not resolved (#PF, or #GP for what the area holds),
 * or if the area holds what XRSTOR would refuse. Thread context, interrupts on.
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"

	.text

/* An instruction on the app's memory: a fault ends the function. */
.macro USER instruction:vararg
8:	\instruction
	.pushsection .extable, "a"
	.quad 8b, 9f
	.popsection
.endm

.macro END
	CLAC_PATCHED
	xorl %eax, %eax
	ret
9:	CLAC_PATCHED
	movl $1, %eax
	ret
.endm

/* RSI = components, to EDX:EAX. */
.macro COMPONENTS
	movq %rsi, %rdx
	movl %esi, %eax
	shrq $32, %rdx
.endm

/*
 * int fpu_xsave_user(RDI area, RSI components, RDX marks, RCX end): the header is zeroed first, as
 * XSAVE writes a part of it only; x87 and SSE are marked as in use, since a handler that changes
 * them need not know of the header. marks (six words) go to the FXSAVE area's last bytes, the
 * second magic word to end.
 */
	.globl fpu_xsave_user
	.balign 16
fpu_xsave_user:
	movq %rdx, %r8
	COMPONENTS
	STAC_PATCHED
	xorl %r9d, %r9d
	at = XSAVE_BV
	.rept XSAVE_HEADER_WORDS
	USER movq %r9, at(%rdi)
	at = at + 8
	.endr
	USER xsave64 (%rdi)
	USER orq $XSAVE_LEGACY, XSAVE_BV(%rdi)
	at = 0
	.rept FPU_MARKS_WORDS
	movq at(%r8), %r9
	USER movq %r9, FPU_MARKS + at(%rdi)
	at = at + 8
	.endr
	USER movl $FPU_MAGIC2, (%rcx)
	END

/* int fpu_fxsave_user(RDI area) */
	.globl fpu_fxsave_user
	.balign 16
fpu_fxsave_user:
	STAC_PATCHED
	USER fxsave64 (%rdi)
	END

/*
 * int fpu_xrstor_user(RDI area, RSI components, RDX bits that XSTATE_BV may not have, ECX those that
 * MXCSR may not): the rest of the header must be zero. SDM volume 1, section 13.8.1.
 */
	.globl fpu_xrstor_user
	.balign 16
fpu_xrstor_user:
	movq %rdx, %r8
	COMPONENTS
	STAC_PATCHED
	USER testl %ecx, XSAVE_MXCSR(%rdi)
	jnz 9f
	USER testq %r8, XSAVE_BV(%rdi)
	jnz 9f
	xorl %r9d, %r9d
	at = XSAVE_BV + 8
	.rept XSAVE_HEADER_WORDS - 1
	USER orq at(%rdi), %r9
	at = at + 8
	.endr
	jnz 9f				/* flags of the last OR */
	USER xrstor64 (%rdi)
	END

/* int fpu_fxrstor_user(RDI area, ESI bits that MXCSR may not have) */
	.globl fpu_fxrstor_user
	.balign 16
fpu_fxrstor_user:
	STAC_PATCHED
	USER testl %esi, XSAVE_MXCSR(%rdi)
	jnz 9f
	USER fxrstor64 (%rdi)
	END
	.section .note.GNU-stack, "", @progbits
