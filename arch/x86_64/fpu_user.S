/* SPDX-License-Identifier: MIT */
/*
 * FPU state straight between the registers and the app's memory, for signal frames. Each function:
 * RDI = the area, RSI = the components (XSAVE and XRSTOR); RAX = 0, or 1 after a fault that was not
 * resolved (#PF, or #GP for what the area holds). Thread context, interrupts on. STAC and CLAC are
 * patched in where the CPU has SMAP.
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"

	.text

.macro FPU_USER name:req instruction:req
	.globl \name
	.balign 16
\name:
	movq %rsi, %rdx
	movl %esi, %eax
	shrq $32, %rdx
	STAC_PATCHED
1:	\instruction (%rdi)
	CLAC_PATCHED
	xorl %eax, %eax
	ret
2:	CLAC_PATCHED
	movl $1, %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection
.endm

	FPU_USER fpu_xsave_user xsave64
	FPU_USER fpu_xrstor_user xrstor64
	FPU_USER fpu_fxsave_user fxsave64
	FPU_USER fpu_fxrstor_user fxrstor64
	.section .note.GNU-stack, "", @progbits
