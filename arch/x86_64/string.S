/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove and memset: C ABI, no vector registers (the core owns none), DF clear. Up to 64
 * bytes by overlapping words, above by REP MOVSQ/STOSQ, which the fast-string microcode takes as
 * whole cache lines (Intel optimization manual, section 3.7.6; with ERMS as good as the byte forms)
 * at an eighth of the iterations. The last word is handled apart, so no length needs a byte loop.
 * Clobbered: rax rcx rdx rsi rdi r8-r11.
 */
	.text

	.globl	memcpy
	.globl	memmove
	.type	memcpy, @function
	.type	memmove, @function
	.p2align 4
/*
 * rdi = destination, rsi = source, rdx = n; returns the destination. One body: every load of a
 * small block comes before its first store, and longer overlapping blocks are told apart.
 */
memcpy:
memmove:
	mov	%rdi, %rax
	cmp	$16, %rdx
	jb	.Lcopy_lt16
	cmp	$32, %rdx
	ja	.Lcopy_gt32
	mov	(%rsi), %r8
	mov	8(%rsi), %r9
	mov	-16(%rsi,%rdx), %r10
	mov	-8(%rsi,%rdx), %r11
	mov	%r8, (%rdi)
	mov	%r9, 8(%rdi)
	mov	%r10, -16(%rdi,%rdx)
	mov	%r11, -8(%rdi,%rdx)
	ret

.Lcopy_lt16:
	cmp	$8, %edx
	jb	.Lcopy_lt8
	mov	(%rsi), %r8
	mov	-8(%rsi,%rdx), %r9
	mov	%r8, (%rdi)
	mov	%r9, -8(%rdi,%rdx)
	ret
.Lcopy_lt8:
	cmp	$4, %edx
	jb	.Lcopy_lt4
	mov	(%rsi), %r8d
	mov	-4(%rsi,%rdx), %r9d
	mov	%r8d, (%rdi)
	mov	%r9d, -4(%rdi,%rdx)
	ret
.Lcopy_lt4:
	test	%edx, %edx
	jz	1f
	movzbl	(%rsi), %r8d
	movzbl	-1(%rsi,%rdx), %r9d
	mov	%rdx, %rcx
	shr	%rcx			/* 0, 1, 1 for 1, 2, 3 bytes: the middle one */
	movzbl	(%rsi,%rcx), %r10d
	mov	%r8b, (%rdi)
	mov	%r10b, (%rdi,%rcx)
	mov	%r9b, -1(%rdi,%rdx)
1:	ret

.Lcopy_gt32:
	mov	%rdi, %rcx
	sub	%rsi, %rcx
	cmp	%rdx, %rcx		/* unsigned: destination inside the source? */
	jb	.Lcopy_down
	cmp	$64, %rdx
	ja	.Lcopy_rep
	/* 33 to 64 bytes, or overlapping downwards: 32 from the start, 32 up to the end. */
	push	%rbx
	push	%rbp
	push	%r12
	mov	(%rsi), %r8
	mov	8(%rsi), %r9
	mov	16(%rsi), %r10
	mov	24(%rsi), %r11
	mov	-32(%rsi,%rdx), %rcx
	mov	-24(%rsi,%rdx), %rbx
	mov	-16(%rsi,%rdx), %rbp
	mov	-8(%rsi,%rdx), %r12
	mov	%r8, (%rdi)
	mov	%r9, 8(%rdi)
	mov	%r10, 16(%rdi)
	mov	%r11, 24(%rdi)
	mov	%rcx, -32(%rdi,%rdx)
	mov	%rbx, -24(%rdi,%rdx)
	mov	%rbp, -16(%rdi,%rdx)
	mov	%r12, -8(%rdi,%rdx)
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/*
	 * Upwards. The last word is read first (the copy may run over it) and written last.
	 */
.Lcopy_rep:
	mov	-8(%rsi,%rdx), %r8
	lea	-8(%rdi,%rdx), %r9
	lea	-1(%rdx), %rcx
	shr	$3, %rcx
	rep movsq
	mov	%r8, (%r9)
	ret

	/* Downwards by 32 bytes, since REP with DF set is slow; the first 32 read first. */
.Lcopy_down:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	mov	(%rsi), %rbx
	mov	8(%rsi), %rbp
	mov	16(%rsi), %r12
	mov	24(%rsi), %r13
2:	mov	-8(%rsi,%rdx), %r8
	mov	-16(%rsi,%rdx), %r9
	mov	-24(%rsi,%rdx), %r10
	mov	-32(%rsi,%rdx), %r11
	mov	%r8, -8(%rdi,%rdx)
	mov	%r9, -16(%rdi,%rdx)
	mov	%r10, -24(%rdi,%rdx)
	mov	%r11, -32(%rdi,%rdx)
	sub	$32, %rdx
	cmp	$32, %rdx
	ja	2b
	mov	%rbx, (%rdi)
	mov	%rbp, 8(%rdi)
	mov	%r12, 16(%rdi)
	mov	%r13, 24(%rdi)
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	memcpy, . - memcpy
	.size	memmove, . - memmove

	.globl	memset
	.type	memset, @function
	.p2align 4
/* rdi = destination, esi = byte, rdx = n; returns the destination. */
memset:
	mov	%rdi, %r9
	movzbl	%sil, %eax
	movabs	$0x0101010101010101, %r8
	imul	%r8, %rax
	cmp	$64, %rdx
	ja	.Lset_rep
	cmp	$16, %edx
	jb	.Lset_lt16
	mov	%rax, (%rdi)
	mov	%rax, 8(%rdi)
	mov	%rax, -16(%rdi,%rdx)
	mov	%rax, -8(%rdi,%rdx)
	cmp	$32, %edx
	jbe	3f
	mov	%rax, 16(%rdi)
	mov	%rax, 24(%rdi)
	mov	%rax, -32(%rdi,%rdx)
	mov	%rax, -24(%rdi,%rdx)
3:	mov	%r9, %rax
	ret
.Lset_lt16:
	cmp	$8, %edx
	jb	.Lset_lt8
	mov	%rax, (%rdi)
	mov	%rax, -8(%rdi,%rdx)
	mov	%r9, %rax
	ret
.Lset_lt8:
	cmp	$4, %edx
	jb	.Lset_lt4
	mov	%eax, (%rdi)
	mov	%eax, -4(%rdi,%rdx)
	mov	%r9, %rax
	ret
.Lset_lt4:
	test	%edx, %edx
	jz	4f
	mov	%al, (%rdi)
	mov	%al, -1(%rdi,%rdx)
	shr	%edx
	mov	%al, (%rdi,%rdx)
4:	mov	%r9, %rax
	ret
.Lset_rep:
	mov	%rax, -8(%rdi,%rdx)
	lea	-1(%rdx), %rcx
	shr	$3, %rcx
	rep stosq
	mov	%r9, %rax
	ret
	.size	memset, . - memset

	.section .note.GNU-stack, "", @progbits
