/* SPDX-License-Identifier: MIT */
/*
 * The 256 vectors of the IDT, ring 3 and ring 0 alike; what NMI does is in nmi.S. Every gate is an
 * interrupt gate, so interrupts are off; gates clear neither DF nor AC, so each entry does. CLAC is
 * patched in where the CPU has SMAP (cpu.c).
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"
#include "paranoid.inc"

	.section .text.entry, "ax"

/*
 * Stubs, 16 bytes each, in the order of the vectors: vector_stubs + 16 * vector is the gate.
 * Exceptions leave the error code (0 if the CPU pushes none) at orig_ax, RDI saved, EDI = vector.
 * Interrupts leave ~vector at orig_ax.
 * Vectors whose exceptions push an error code: SDM volume 3, table 6-1.
 */
	.globl vector_stubs
	.balign 16
vector_stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector == VECTOR_NMI
	jmp entry_nmi
	.elseif vector < 32 || vector == VECTOR_INT80
	.if vector != VECTOR_DF && (vector < VECTOR_TS || vector > VECTOR_PF) && vector != VECTOR_AC && vector != VECTOR_CP && vector != VECTOR_VC && vector != VECTOR_SX
	pushq $0
	.endif
	pushq %rdi
	movl $vector, %edi
	.if vector == VECTOR_DB || vector == VECTOR_DF || vector == VECTOR_MC
	jmp exception_paranoid_entry
	.else
	jmp exception_entry
	.endif
	.else
	pushq $~vector
	jmp interrupt_entry
	.endif
	vector = vector + 1
	.endr

/* Handler's arguments: RDI = struct regs, ESI = vector, RDX = error code; orig_ax becomes -1. */
.macro EXCEPTION_ARGUMENTS
	movl %edi, %esi
	movq REGS_ORIG_AX(%rsp), %rdx
	movq $-1, REGS_ORIG_AX(%rsp)
	movq %rsp, %rdi
.endm

.macro RESTORE_ALL_AND_IRET
	POP_CALLEE_SAVED
	POP_CALLER_SAVED
	addq $8, %rsp
	iretq
.endm

/*
 * Exceptions that use the thread's stack.
 *
 * The CPU:  pushed ss to cs:ip (and error code) on the thread's stack.
 * In:       EDI = vector, stack from di up. GS: the app's if CS says ring 3, or if the fault is
 *           at return_iret; else the core's.
 * Out:      return_to_user, or IRET back into the core.
 */
exception_entry:
	cld
	CLAC_PATCHED
	PUSH_REGS_BUT_RDI
	testb $3, REGS_CS(%rsp)
	jz entry_error_from_core
	swapgs
exception_from_user:
	lfence				/* no speculation past a swapgs decided wrongly */
	CLEAR_REGS
	EXCEPTION_ARGUMENTS
	call exception_user		/* interrupts off on entry and return */
	jmp return_to_user

entry_error_from_core:
	cmpq $return_iret, REGS_IP(%rsp)
	je 1f
	cmpq $segment_gs_change, REGS_IP(%rsp)
	jne 2f
	swapgs				/* selectors.S: goes on at its landing, with the core's GS */
2:	lfence
	EXCEPTION_ARGUMENTS
	call exception_core
	RESTORE_ALL_AND_IRET
	/*
	 * The IRET to ring 3 faulted (a bad CS, SS or RIP in the frame): ring 0 on the stack, the
	 * app's GS and registers. Make it an exception of the app at the place it was returning to.
	 */
1:	swapgs
	lfence
	movl %edi, %ebx
	movq %rsp, %rdi
	call exception_fix_iret		/* the new frame at the thread's stack top */
	movq %rax, %rsp
	movl %ebx, %edi
	jmp exception_from_user

/*
 * #DB, #DF, #MC: may come anywhere, also between an entry and its SWAPGS, so the CPU takes a stack
 * of its own (IST) and GS cannot be told from CS when ring 0 was interrupted.
 *
 * In:    as above, on the IST stack, whose topmost word holds this CPU's block.
 * Out:   From ring 3 they go on on the thread's stack, so that C may sleep or end the app, and the
 *        IST stack is free again; else IRET back into the core.
 * #DB's error code for C: the causes, DR6 without the bits that are always set; 0: ICEBP.
 */
	.globl exception_paranoid_entry, exception_paranoid_ready
exception_paranoid_entry:
	cld
	CLAC_PATCHED
	PUSH_REGS_BUT_RDI
	CLEAR_REGS
	DEBUG_OFF
exception_paranoid_ready:
	cmpl $VECTOR_DB, %edi
	jne 1f
	/* DR6 only collects: what is left in it would be told as a cause of the next #DB. */
	movq %dr6, %rax
	xorl $DR6_CLEAR, %eax
	movq %rax, REGS_ORIG_AX(%rsp)
	movl $DR6_CLEAR, %eax
	movq %rax, %dr6
1:	testb $3, REGS_CS(%rsp)
	jz paranoid_from_core
	swapgs
	lfence
	movl %edi, %eax
	movq %rsp, %rsi
	movq %gs:PERCPU_STACK_TOP, %rdi
	subq $REGS_SIZE, %rdi
	movq %rdi, %rdx
	movl $REGS_SIZE / 8, %ecx
	rep movsq
	movq %rdx, %rsp
	movl %eax, %edi
	DEBUG_ON
	jmp exception_from_user

paranoid_from_core:
	GS_ENTER
	EXCEPTION_ARGUMENTS
	call exception_paranoid
	GS_LEAVE
	DEBUG_ON
	RESTORE_ALL_AND_IRET

/*
 * Interrupts: the thread's stack, orig_ax = ~vector.
 * GS: the app's if CS says ring 3 (interrupts are off round every SWAPGS).
 */
interrupt_entry:
	cld
	CLAC_PATCHED
	PUSH_REGS
	testb $3, REGS_CS(%rsp)
	jz 1f
	swapgs
	lfence
	CLEAR_REGS
	movq %rsp, %rdi
	call interrupt_dispatch
	jmp return_to_user
1:	lfence
	movq %rsp, %rdi
	call interrupt_dispatch
	RESTORE_ALL_AND_IRET
	.globl exceptions_end
exceptions_end:
	.section .note.GNU-stack, "", @progbits
