/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL, and every way back to ring 3. The frame on the stack is struct regs (x86/regs.h); the
 * reader's guide is docs/ENTRY.md.
 */
#include <generated/offsets.h>
#include <generated/syscall_numbers.h>
#include <x86/asm.h>
#include "calling.inc"

	.section .text.entry, "ax"

/*
 * SYSCALL from 64-bit code (SDM volume 2, SYSCALL).
 *
 * The CPU:    RCX = return address, R11 = flags; CS, SS = the core's; flags &= ~SFMASK, so
 *             interrupts, TF, DF, NT, AC are off. RSP is untouched.
 * In:         RAX = number; RDI RSI RDX R10 R8 R9 = arguments.
 * GS:         the app's. Stack: the app's. Interrupts: off.
 * Out:        SYSRET with everything but RAX, RCX, R11 as it was; or the slow path below, when
 *             the thread has work, which ends in SYSRET or IRET.
 */
	.globl entry_syscall
	.balign 64
entry_syscall:
	swapgs
	movq %rsp, %gs:PERCPU_SCRATCH_SP
	movq %gs:PERCPU_STACK_TOP, %rsp
	pushq $SEL_USER_SS		/* ss */
	pushq %gs:PERCPU_SCRATCH_SP	/* sp */
	pushq %r11			/* flags */
	pushq $SEL_USER_CS		/* cs */
	pushq %rcx			/* ip */
	pushq %rax			/* orig_ax */
	pushq %rdi			/* di */
	pushq %rsi			/* si */
	pushq %rdx			/* dx */
	pushq %rcx			/* cx */
	pushq $-ENOSYS_VALUE		/* ax */
	pushq %r8			/* r8 */
	pushq %r9			/* r9 */
	pushq %r10			/* r10 */
	pushq %r11			/* r11 */
	subq $REGS_R11, %rsp		/* bx bp r12-r15: C preserves them */

	/* The tracer and the filter see the call before it is dispatched. */
	movq %gs:PERCPU_CURRENT, %r11
	testl $WORK_ON_ENTRY, (%r11)
	jnz syscall_slow
	sti
	cltq				/* bits 63:32 of the number are ignored */
	cmpq $SYSCALL_COUNT, %rax
	jae syscall_unknown
	sbbq %rcx, %rcx			/* all ones: below the count; zero under misspeculation */
	andq %rcx, %rax
	incq %gs:PERCPU_SYSCALLS(, %rax, 8)
	movq %r10, %rcx			/* the C ABI's fourth argument */
	call *syscall_table(, %rax, 8)
syscall_done:
	movq %rax, REGS_AX(%rsp)
	cli
	movq %gs:PERCPU_CURRENT, %r11
	testl $WORK_ON_EXIT, (%r11)
	jnz syscall_exit_slow
	/*
	 * The frame is as SYSCALL made it: RCX == RIP, R11 == flags, CS and SS the app's. RIP follows
	 * a SYSCALL instruction, and the last page below the canonical hole is never mapped, so it is
	 * canonical. SYSRET cannot restore RF and would trap at once with TF: those take the slow way.
	 */
	testl $FLAGS_TF | FLAGS_RF, REGS_FLAGS(%rsp)
	jnz syscall_exit_slow
	addq $REGS_R11, %rsp
syscall_sysret:
	/* RSP at r11; GS: the core's; interrupts: off. */
	POP_CALLER_SAVED
	movq REGS_SP - REGS_ORIG_AX(%rsp), %rsp
	swapgs
	sysretq

syscall_unknown:
	incq %gs:PERCPU_SYSCALLS_OUTSIDE
	movq %rsp, %rdi
	call syscall_outside
	jmp syscall_done

/* Work before the dispatch: the whole register file is saved, C does the call. */
syscall_slow:
	SAVE_CALLEE_SAVED
	movq %rsp, %rdi
	call syscall_trace		/* interrupts off on entry and return */
	jmp 1f
/* Work found on the way out, interrupts off. */
syscall_exit_slow:
	SAVE_CALLEE_SAVED
1:	movq %rsp, %rdi
	call syscall_exit_work		/* true if SYSRET may be used for what the frame says now */
	testb %al, %al
	jz return_restore
	POP_CALLEE_SAVED
	jmp syscall_sysret

/*
 * The exit of exceptions, interrupts and new threads to ring 3, and of slow system calls that need
 * IRET.
 *
 * In:    RSP = struct regs of an entry from ring 3, whole. GS: the core's. Interrupts: off.
 * Out:   IRET with every register from the frame. return_restore: the same without a look at work,
 *        on any stack.
 */
	.globl return_to_user
return_to_user:
	movq %gs:PERCPU_CURRENT, %rax
	testl $WORK_ON_EXIT, (%rax)
	jz return_restore
	movq %rsp, %rdi
	call exit_work			/* interrupts off on entry and return */
	.globl return_restore
return_restore:
	incq %gs:PERCPU_IRETS
	testb $SEL_TI, REGS_SS(%rsp)
	jnz return_espfix
	POP_CALLEE_SAVED
	POP_CALLER_SAVED
	addq $8, %rsp			/* orig_ax */
return_swapgs:
	swapgs
	/*
	 * An IRET that faults does so here, in ring 0 with the app's GS: entry_error_from_core knows
	 * this address and makes of it a fault of the app; from an ESPFIX stack, which cannot take
	 * the fault's frame, espfix_double_fault() does.
	 */
	.globl return_iret
return_iret:
	iretq

/*
 * SS is a segment of the LDT, which may be a 16-bit one: IRET from the stack of espfix.c. Nothing may
 * be pushed once RSP is there: interrupts are off, and NMI, #DB, #MC and the #DF that a fault of this
 * IRET becomes have stacks of their own.
 */
return_espfix:
	movq %rsp, %rdi
	call espfix_frame		/* RAX = the copy of the frame */
	movq %rax, %gs:PERCPU_SCRATCH_SP
	POP_CALLEE_SAVED
	POP_CALLER_SAVED
	movq %gs:PERCPU_SCRATCH_SP, %rsp
	jmp return_swapgs

/*
 * The first instruction of a thread after its creation: arch_thread_switch() returns here.
 * RBX = function, R12 = argument; stack empty; interrupts off.
 */
	.globl thread_start
thread_start:
	movq %rbx, %rdi
	movq %r12, %rsi
	call thread_begin
	ud2

/*
 * thread_switch(&prev->arch.sp, next->arch.sp): changes stacks. Callee-saved registers on the
 * stack left behind; interrupts off.
 */
	.globl thread_switch
thread_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/* SYSCALL from 32-bit code of a compatibility segment: there is no 32-bit ABI. CX holds EIP, R11
 * the flags; the answer is ENOSYS by SYSRET to that 32-bit code. GS and stack: the app's. */
	.globl entry_syscall32
entry_syscall32:
	movl $-ENOSYS_VALUE, %eax
	sysretl
	.section .note.GNU-stack, "", @progbits
