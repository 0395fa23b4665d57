/* SPDX-License-Identifier: MIT */
/* What the tests of NMI need and C cannot say. */
#include <generated/offsets.h>
#include <x86/asm.h>

	.text
/* long probe_read(RDI address): reads there; 1 if that faulted. */
	.globl probe_read
probe_read:
	xorl %eax, %eax
1:	movq (%rdi), %rdi
	ret
2:	movl $1, %eax
	ret
	.pushsection .extable, "a"
	.quad 1b, 2b
	.popsection

/*
 * void nmi_window(RDI return frame, RSI where to write, EDX what): goes the last steps of an NMI's way
 * back, by its return frame, with an NMI on the way since the instruction before. Interrupts off.
 */
	.globl nmi_window
nmi_window:
	movq %rsp, %rcx
	leaq 1f(%rip), %rax
	movq %rax, (%rdi)
	movq $SEL_KERNEL_CS, 8(%rdi)
	pushfq
	popq 16(%rdi)
	movq %rcx, 24(%rdi)
	movq $0, 32(%rdi)
	movq %rdi, %rsp
	xorl %eax, %eax			/* as the decrement to zero left the flags */
	movl %edx, (%rsi)
	jmp nmi_leave
1:	ret
	.section .note.GNU-stack, "", @progbits
