/* SPDX-License-Identifier: MIT */
/*
 * Zeroing and copying a page of the direct map: C ABI, DF clear. Quadword REP: aligned whole pages
 * are the fast-string microcode's best case, and 512 iterations an instruction counter sees.
 */
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
