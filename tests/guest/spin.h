/* SPDX-License-Identifier: MIT */
/* Keeps known values in every register while something interrupts; for tests/guest. */
#ifndef SPIN_H
#define SPIN_H

/*
 * Spins rounds times with known values in every register and in the red zone: how many of them had
 * changed at the end.
 */
long spin(long rounds);
__asm__(".text\n"
	".globl spin\n"
	"spin:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n	"
	"push %r15\n"
	"	mov $0x1001, %eax\n	mov $0x1002, %ebx\n	mov $0x1003, %ecx\n"
	"	mov $0x1004, %edx\n	mov $0x1005, %esi\n	mov $0x1006, %ebp\n"
	"	mov $0x1007, %r8d\n	mov $0x1008, %r9d\n	mov $0x1009, %r10d\n"
	"	mov $0x100a, %r11d\n	mov $0x100b, %r12d\n	mov $0x100c, %r13d\n"
	"	mov $0x100d, %r14d\n	mov $0x100e, %r15d\n"
	"	movq %rax, %xmm0\n	movq %rbx, %xmm7\n	movq %r15, %xmm15\n"
	"	fldpi\n"
	"	mov %rax, -8(%rsp)\n	mov %rbx, -64(%rsp)\n	mov %rcx, -128(%rsp)\n"
	"	std\n	stc\n"
	"1:	lea -1(%rdi), %rdi\n"
	"	jnc 2f\n"
	"	jrcxz 2f\n"
	"	xchg %rdi, %rcx\n"
	"	jrcxz 3f\n"
	"	xchg %rdi, %rcx\n"
	"	jmp 1b\n"
	"2:	mov $99, %eax\n	cld\n	fstp %st\n	jmp 9f\n"
	"3:	xchg %rdi, %rcx\n"
	"	pushf\n"
	"	pop %rdi\n"
	"	cld\n"
	"	and $0x401, %edi\n"
	"	xor $0x401, %edi\n"
	"	sub $0x1001, %rax\n	or %rax, %rdi\n	sub $0x1002, %rbx\n	or %rbx, %rdi\n"
	"	sub $0x1003, %rcx\n	or %rcx, %rdi\n	sub $0x1004, %rdx\n	or %rdx, %rdi\n"
	"	sub $0x1005, %rsi\n	or %rsi, %rdi\n	sub $0x1006, %rbp\n	or %rbp, %rdi\n"
	"	sub $0x1007, %r8\n	or %r8, %rdi\n	sub $0x1008, %r9\n	or %r9, %rdi\n"
	"	sub $0x1009, %r10\n	or %r10, %rdi\n	sub $0x100a, %r11\n	or %r11, %rdi\n"
	"	sub $0x100b, %r12\n	or %r12, %rdi\n	sub $0x100c, %r13\n	or %r13, %rdi\n"
	"	sub $0x100d, %r14\n	or %r14, %rdi\n	sub $0x100e, %r15\n	or %r15, %rdi\n"
	"	movq %xmm0, %rax\n	sub $0x1001, %rax\n	or %rax, %rdi\n"
	"	movq %xmm7, %rax\n	sub $0x1002, %rax\n	or %rax, %rdi\n"
	"	movq %xmm15, %rax\n	sub $0x100e, %rax\n	or %rax, %rdi\n"
	"	mov -64(%rsp), %rax\n	sub $0x1002, %rax\n	or %rax, %rdi\n"
	"	mov -128(%rsp), %rax\n	sub $0x1003, %rax\n	or %rax, %rdi\n"
	"	fldpi\n	fcomip %st(1), %st\n	setne %al\n	movzbl %al, %eax\n	or %rax, "
	"%rdi\n"
	"	fstp %st\n"
	"	mov %rdi, %rax\n"
	"9:	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	"
	"pop %rbx\n"
	"	ret\n");

#endif
