/* SPDX-License-Identifier: MIT */
/* What the tests of the vectors need and C cannot say. */
#include <generated/offsets.h>
#include <x86/asm.h>

	.text
/* INT n; RET for each n, four bytes each. */
	.globl probe_int_stubs
	.balign 4
probe_int_stubs:
	n = 0
	.rept 256
	.balign 4
	.byte 0xcd, n
	ret
	n = n + 1
	.endr

/*
 * void probe_stub(RDI stub, RSI error code or VECTORS_NO_ERROR): enters it as the CPU does from ring
 * 0 on this stack, with the frame that an exception here has. Returns when the stub does.
 */
	.globl probe_stub
probe_stub:
	movq %rsp, %rax
	pushq $0
	pushq %rax
	pushfq
	pushq $SEL_KERNEL_CS
	leaq 1f(%rip), %rcx
	pushq %rcx
	testl $65536, %esi
	jnz 2f
	pushq %rsi
2:	cli
	jmp *%rdi
1:	ret
	.section .note.GNU-stack, "", @progbits
