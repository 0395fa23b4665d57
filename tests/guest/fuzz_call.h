/* SPDX-License-Identifier: MIT */
/*
 * One system call with every register known before and looked at after: general registers, flags,
 * selectors, FS and GS bases (with FSGSBASE), x87 and SSE, and the 128 bytes below the stack pointer.
 * While it runs FS may be anything: no C with thread-local storage or a canary in between.
 */
#ifndef FUZZ_CALL_H
#define FUZZ_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RAX,
	RBX,
	RCX,
	RDX,
	RSI,
	RDI,
	RBP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	FLAGS,
	REGISTERS
};

#define CALL_RED_WORDS 16

/* Offsets are used by the assembly below. */
struct call {
	uint64_t in[REGISTERS];	   /* 0 */
	uint64_t out[REGISTERS];   /* 128 */
	uint64_t fs_in, gs_in;	   /* 256 */
	uint64_t fs_out, gs_out;   /* 272 */
	uint64_t own_fs;	   /* 288 */
	uint64_t fsgsbase;	   /* 296: the bases may be written */
	uint64_t red_changed;	   /* 304: words of the red zone that are not as they were */
	uint16_t selectors_in[6];  /* 312: cs ds es fs gs ss */
	uint16_t selectors_out[6]; /* 324 */
	uint8_t fx_in[512] __attribute__((aligned(64)));  /* 384 */
	uint8_t fx_out[512] __attribute__((aligned(64))); /* 896 */
};
_Static_assert(offsetof(struct call, selectors_in) == 312 && offsetof(struct call, fx_in) == 384 &&
		       offsetof(struct call, fx_out) == 896,
	       "the assembly's offsets");

extern const char fuzz_call_after[];
void fuzz_call(struct call *c);
__asm__(".text\n"
	".globl fuzz_call, fuzz_call_after\n"
	".balign 16\n"
	"fuzz_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n"
	"	push %r15\n	push %rdi\n"
	"	mov %cs, 312(%rdi)\n	mov %ds, 314(%rdi)\n	mov %es, 316(%rdi)\n"
	"	mov %fs, 318(%rdi)\n	mov %gs, 320(%rdi)\n	mov %ss, 322(%rdi)\n"
	"	fxrstor64 384(%rdi)\n"
	"	cmpq $0, 296(%rdi)\n"
	"	je 1f\n"
	"	rdfsbase %rax\n	mov %rax, 288(%rdi)\n"
	"	mov 256(%rdi), %rax\n	wrfsbase %rax\n"
	"	mov 264(%rdi), %rax\n	wrgsbase %rax\n"
	"1:	mov $0x5ca1ab1e0ddba11, %rax\n"
	"	mov $-16, %rcx\n"
	"2:	mov %rax, (%rsp,%rcx,8)\n"
	"	inc %rcx\n"
	"	cmp $-1, %rcx\n" /* the topmost word is the flags' */
	"	jne 2b\n"
	"	mov 0*8(%rdi), %rax\n	mov 1*8(%rdi), %rbx\n	mov 2*8(%rdi), %rcx\n"
	"	mov 3*8(%rdi), %rdx\n	mov 4*8(%rdi), %rsi\n	mov 6*8(%rdi), %rbp\n"
	"	mov 7*8(%rdi), %r8\n	mov 8*8(%rdi), %r9\n	mov 9*8(%rdi), %r10\n"
	"	mov 10*8(%rdi), %r11\n	mov 11*8(%rdi), %r12\n	mov 12*8(%rdi), %r13\n"
	"	mov 13*8(%rdi), %r14\n	mov 14*8(%rdi), %r15\n"
	"	push 15*8(%rdi)\n"
	"	mov 5*8(%rdi), %rdi\n"
	"	popf\n"
	"	syscall\n"
	"fuzz_call_after:\n"
	"	pushf\n"
	"	push %rdi\n"
	"	mov 16(%rsp), %rdi\n"
	"	mov %rax, 128+0*8(%rdi)\n	mov %rbx, 128+1*8(%rdi)\n"
	"	mov %rcx, 128+2*8(%rdi)\n	mov %rdx, 128+3*8(%rdi)\n"
	"	mov %rsi, 128+4*8(%rdi)\n	popq 128+5*8(%rdi)\n"
	"	mov %rbp, 128+6*8(%rdi)\n	mov %r8, 128+7*8(%rdi)\n"
	"	mov %r9, 128+8*8(%rdi)\n	mov %r10, 128+9*8(%rdi)\n"
	"	mov %r11, 128+10*8(%rdi)\n	mov %r12, 128+11*8(%rdi)\n"
	"	mov %r13, 128+12*8(%rdi)\n	mov %r14, 128+13*8(%rdi)\n"
	"	mov %r15, 128+14*8(%rdi)\n"
	"	popq 128+15*8(%rdi)\n"
	"	pushq $0x202\n"
	"	popf\n"
	"	mov $0x5ca1ab1e0ddba11, %rax\n"
	"	mov $-16, %rcx\n"
	"	xor %edx, %edx\n"
	"3:	xor %ebx, %ebx\n"
	"	cmp %rax, (%rsp,%rcx,8)\n"
	"	setne %bl\n"
	"	add %rbx, %rdx\n"
	"	inc %rcx\n"
	"	cmp $-2, %rcx\n" /* two words were pushed here since */
	"	jl 3b\n"
	"	mov %rdx, 304(%rdi)\n"
	"	cmpq $0, 296(%rdi)\n"
	"	je 4f\n"
	"	rdfsbase %rax\n	mov %rax, 272(%rdi)\n"
	"	rdgsbase %rax\n	mov %rax, 280(%rdi)\n"
	"	mov 288(%rdi), %rax\n	wrfsbase %rax\n"
	"4:	fxsave64 896(%rdi)\n"
	"	mov %cs, 324(%rdi)\n	mov %ds, 326(%rdi)\n	mov %es, 328(%rdi)\n"
	"	mov %fs, 330(%rdi)\n	mov %gs, 332(%rdi)\n	mov %ss, 334(%rdi)\n"
	"	pop %rdi\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n");

#endif
