/* SPDX-License-Identifier: MIT */
/*
 * The handlers of clone and clone3: they store what the SYSCALL fast path has left to C, because the
 * new thread begins with a copy of the whole register file. On the slow path that is done already,
 * and the registers are no longer the app's: RSP tells which.
 */
#include <generated/offsets.h>
#include "calling.inc"

	.text
/* RAX: clobbered. RSP: the return address, above it struct regs on the fast path. */
.macro STORE_CALLEE_SAVED
	leaq 8 + REGS_SIZE(%rsp), %rax
	cmpq %gs:PERCPU_STACK_TOP, %rax
	jne 1f
	movq %rbx, 8 + REGS_BX(%rsp)
	movq %rbp, 8 + REGS_BP(%rsp)
	movq %r12, 8 + REGS_R12(%rsp)
	movq %r13, 8 + REGS_R13(%rsp)
	movq %r14, 8 + REGS_R14(%rsp)
	movq %r15, 8 + REGS_R15(%rsp)
1:
.endm

	.globl sys_clone, sys_clone3
sys_clone:
	STORE_CALLEE_SAVED
	jmp clone_with_registers
sys_clone3:
	STORE_CALLEE_SAVED
	jmp clone3_with_registers
	.section .note.GNU-stack, "", @progbits
