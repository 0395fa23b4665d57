/* SPDX-License-Identifier: MIT */
/*
 * Zeroing and copying a page of the direct map: C ABI, DF clear. Quadword REP: aligned whole pages
 * are the fast-string microcode's best case, and 512 iterations an instruction counter sees.
 */
#define LARGE_LINES (2 << 20 >> 6)

	.text

	.globl	arch_zero_page
	.type	arch_zero_page, @function
	.p2align 4
/* rdi = page. */
arch_zero_page:
	xor	%eax, %eax
	mov	$512, %ecx
	rep stosq
	ret
	.size	arch_zero_page, . - arch_zero_page

	.globl	arch_zero_large
	.type	arch_zero_large, @function
	.p2align 4
/* rdi = block of 2 MiB. Non-temporal: what the caches hold is worth more than zeros by the MiB. */
arch_zero_large:
	xor	%eax, %eax
	mov	$LARGE_LINES, %ecx
1:	movnti	%rax, (%rdi)
	movnti	%rax, 8(%rdi)
	movnti	%rax, 16(%rdi)
	movnti	%rax, 24(%rdi)
	movnti	%rax, 32(%rdi)
	movnti	%rax, 40(%rdi)
	movnti	%rax, 48(%rdi)
	movnti	%rax, 56(%rdi)
	add	$64, %rdi
	dec	%ecx
	jnz	1b
	sfence				/* before anyone learns where the page is */
	ret
	.size	arch_zero_large, . - arch_zero_large

	.globl	arch_copy_page
	.type	arch_copy_page, @function
	.p2align 4
/* rdi = destination page, rsi = source page. */
arch_copy_page:
	mov	$512, %ecx
	rep movsq
	ret
	.size	arch_copy_page, . - arch_copy_page

	.section .note.GNU-stack, "", @progbits
