/* SPDX-License-Identifier: MIT */
/*
 * The program's first instruction. The core enters with RSP on argc (then argv, NULL, envp, NULL, the
 * auxiliary vector: System V ABI for AMD64, 3.4.1), all other registers zero or unspecified, DF clear.
 * Ends in C, which never returns. RBP = 0 ends backtraces here.
 */
	.section .text._start, "ax", @progbits
	.globl	_start
	.type	_start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	__ringlet_start
	ud2
	.cfi_endproc
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
