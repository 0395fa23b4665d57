/* SPDX-License-Identifier: MIT */
/* The running thread's stack below what is in use, for tests: filled with the pattern of poison.c. */
#include <generated/offsets.h>

#define STACK_SIZE 16384

	.text
/*
 * long sys_test_poison_stack(void): a system call's handler, interrupts on. Fills the stack from its
 * lowest byte up to the return address; in assembly, as a frame of its own would be left out, and be
 * what the next call finds. An interrupt meanwhile uses the same memory, but only while this stands
 * still. Out: RAX = 0; RCX, RDI changed.
 */
	.globl sys_test_poison_stack
sys_test_poison_stack:
	movq %gs:PERCPU_STACK_TOP, %rdi
	subq $STACK_SIZE, %rdi
	movq %rsp, %rcx
	subq %rdi, %rcx
	shrq $3, %rcx
	movq poison_pattern(%rip), %rax
	rep stosq
	xorl %eax, %eax
	ret
	.section .note.GNU-stack, "", @progbits
