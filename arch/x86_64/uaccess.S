/* SPDX-License-Identifier: MIT */
/*
 * Raw copies between the core and the app (contract: arch/uaccess.h). STAC and CLAC are patched in
 * where the CPU has SMAP. An instruction that may fault has an entry in the exception table: the
 * fault continues at its landing.
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"

#define EFAULT_VALUE 14

	.text
/*
 * size_t arch_copy_{from,to}_user(RDI dst, RSI src, RDX n): words, then the tail bytes. RAX = bytes
 * not copied: RCX counts what is left of the unit that faulted.
 */
	.globl arch_copy_from_user, arch_copy_to_user
	.balign 16
arch_copy_from_user:
arch_copy_to_user:
	STAC_PATCHED
	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
	cmpq $8, %rcx
	ja 3f
	jrcxz 2f
1:	movq (%rsi), %rax
11:	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	decq %rcx
	jnz 1b
2:	movl %edx, %ecx
	jrcxz 5f
4:	movb (%rsi), %al
41:	movb %al, (%rdi)
	incq %rsi
	incq %rdi
	decq %rcx
	jnz 4b
5:	CLAC_PATCHED
	xorl %eax, %eax
	ret
3:	rep movsq
	jmp 2b
6:	/* a word faulted: rcx words and edx bytes are left */
	CLAC_PATCHED
	leaq (%rdx, %rcx, 8), %rax
	ret
7:	/* a byte faulted: rcx bytes are left */
	CLAC_PATCHED
	movq %rcx, %rax
	ret
	EXTABLE 1b, 6b
	EXTABLE 11b, 6b
	EXTABLE 3b, 6b
	EXTABLE 4b, 7b
	EXTABLE 41b, 7b

/* size_t arch_clear_user(RDI dst, RSI n) */
	.globl arch_clear_user
	.balign 16
arch_clear_user:
	STAC_PATCHED
	movl %esi, %edx
	andl $7, %edx
	movq %rsi, %rcx
	shrq $3, %rcx
	xorl %eax, %eax
1:	rep stosq
	movl %edx, %ecx
2:	rep stosb
	CLAC_PATCHED
	ret
3:	CLAC_PATCHED
	leaq (%rdx, %rcx, 8), %rax
	ret
4:	CLAC_PATCHED
	movq %rcx, %rax
	ret
	EXTABLE 1b, 3b
	EXTABLE 2b, 4b

/* long arch_strncpy_from_user(RDI dst, RSI src, RDX n): bytes up to and with the NUL, at most n; -1. */
	.globl arch_strncpy_from_user
	.balign 16
arch_strncpy_from_user:
	STAC_PATCHED
	xorl %ecx, %ecx
1:	cmpq %rdx, %rcx
	jae 3f
2:	movb (%rsi, %rcx), %al
	movb %al, (%rdi, %rcx)
	incq %rcx
	testb %al, %al
	jnz 1b
3:	CLAC_PATCHED
	movq %rcx, %rax
	ret
4:	CLAC_PATCHED
	movq $-1, %rax
	ret
	EXTABLE 2b, 4b

/*
 * One aligned word of 32 bits, in one access each; the result is 0 or -EFAULT.
 * arch_get_user32(RDI dst, RSI src), arch_put_user32(RDI dst, ESI value).
 */
	.globl arch_get_user32, arch_put_user32, arch_cmpxchg_user32
	.balign 16
arch_get_user32:
	STAC_PATCHED
1:	movl (%rsi), %eax
	CLAC_PATCHED
	movl %eax, (%rdi)
	xorl %eax, %eax
	ret
	EXTABLE 1b, user_fault

	.balign 16
arch_put_user32:
	STAC_PATCHED
1:	movl %esi, (%rdi)
	CLAC_PATCHED
	xorl %eax, %eax
	ret
	EXTABLE 1b, user_fault

/* arch_cmpxchg_user32(RDI at, RSI expected, EDX new): *expected becomes what was there. */
	.balign 16
arch_cmpxchg_user32:
	movl (%rsi), %eax
	STAC_PATCHED
1:	lock cmpxchgl %edx, (%rdi)
	CLAC_PATCHED
	movl %eax, (%rsi)
	xorl %eax, %eax
	ret
	EXTABLE 1b, user_fault

/* arch_put_user_pair(RDI at, RSI first, RDX second). */
	.globl arch_put_user_pair
	.balign 16
arch_put_user_pair:
	STAC_PATCHED
1:	movq %rsi, (%rdi)
2:	movq %rdx, 8(%rdi)
	CLAC_PATCHED
	xorl %eax, %eax
	ret
	EXTABLE 1b, user_fault
	EXTABLE 2b, user_fault

user_fault:
	CLAC_PATCHED
	movl $-EFAULT_VALUE, %eax
	ret
	.section .note.GNU-stack, "", @progbits
