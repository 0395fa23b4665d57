/* SPDX-License-Identifier: MIT */
/*
 * NMI. It may come between any two instructions with interrupts on or off: also before an entry's
 * SWAPGS or behind an exit's, on the app's stack, and inside #DB or #MC. The CPU blocks further NMIs
 * until the next IRET, and that may be one inside the handler: of a fault, a breakpoint, an SMI. So
 * a second NMI may arrive while the first is handled, and the CPU pushes its frame over the first
 * one's, as the IST entry always starts at the same place. Hence:
 *
 *	ist_top -> +---------+
 *		   | block   |	this CPU's struct percpu
 *		   | state   |	0: no NMI is handled; 1: one is; 2: one is and another has come
 *		   +---------+
 *		   | arrival |	ss sp flags cs ip: where the CPU pushes for each NMI
 *		   +---------+
 *		   | return  |	the same of the one that is handled, and the upper part of its
 *		   | ...     |	struct regs, which continues below
 *		   +---------+
 *
 * - The first copies arrival to return and sets state to 1, all before anything can fault.
 * - One that finds state set changes nothing but state (2) and goes back by its own arrival frame.
 * - The first, done and all registers restored, decrements state: not zero, the handler runs again
 *   for the one that came; zero, IRET by the return frame.
 * - Between that decrement and the end of the IRET state is 0 but return still in use. An NMI that
 *   comes just there (ring 0 on the frame and RIP at nmi_leave: nothing that an app can bring
 *   about, whatever its RSP) finds every register as what is returned to has it: it takes over the
 *   return frame as its own and forgets the one that arrived.
 *
 * Breakpoints are off while an NMI is handled (DEBUG_OFF), CR2 is kept. The first instructions, up
 * to nmi_run, must not be watched by a breakpoint: a #DB's IRET there lets the next NMI in before
 * return is filled. The core sets no breakpoints, and the testing core's call refuses these.
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"
#include "paranoid.inc"

	.section .text.entry, "ax"

#define FRAME	  (5 * 8)   /* what the CPU pushes */
#define STATE(at) FRAME(at) /* with a register that points at the arrival frame */

/*
 * The CPU:  pushed ss to cs:ip on the IST stack; NMIs are blocked.
 * GS:       unknown if ring 0 was interrupted, else the app's. Interrupts: off.
 * Out:      IRET; to ring 3 by way of the thread's stack and return_restore, as that knows of
 *           ESPFIX and of an IRET that faults. No work is looked for: it could sleep, and NMIs are
 *           blocked.
 */
	.globl entry_nmi, nmi_run, nmi_leave, nmi_end
entry_nmi:
	cld
	CLAC_PATCHED
	cmpl $0, STATE(%rsp)
	jne nmi_nested
	testb $3, REGS_CS - REGS_IP(%rsp)
	jnz 1f
	cmpq $nmi_leave, (%rsp)
	jb 1f
	cmpq $nmi_leave_end, (%rsp)
	jae 1f
	subq $FRAME, %rsp		/* return holds what this one goes back to */
	jmp 2f
1:	.rept FRAME / 8
	pushq FRAME - 8(%rsp)
	.endr
2:	movl $1, FRAME + STATE(%rsp)
nmi_run:
	/* RSP: at return; all registers as the interrupted code has them. */
	pushq $-1			/* orig_ax */
	PUSH_REGS
	CLEAR_REGS
	DEBUG_OFF
	movq %cr2, %r13			/* a fault of the handler's must not change what a page fault reads */
	testb $3, REGS_CS(%rsp)
	jnz nmi_from_user
	GS_ENTER
	movq %rsp, %rdi
	call exception_nmi		/* interrupts off on entry and return */
	GS_LEAVE
	DEBUG_ON
	movq %r13, %cr2
	POP_CALLEE_SAVED
	POP_CALLER_SAVED
	addq $8, %rsp			/* orig_ax */
	decl FRAME + STATE(%rsp)
nmi_leave:
	jnz nmi_run
	iretq
nmi_leave_end:

nmi_nested:
	movl $2, STATE(%rsp)
	iretq

nmi_from_user:
	swapgs
	lfence
3:	movq %rsp, %rdi
	call exception_nmi
	movq %rsp, %rsi
	movq %gs:PERCPU_STACK_TOP, %rdi
	subq $REGS_SIZE, %rdi
	movq %rdi, %rdx
	movl $REGS_SIZE / 8, %ecx
	rep movsq			/* RSI ends at the arrival frame */
	/* From here on nothing on this stack is needed: the next NMI may have it. */
	decl STATE(%rsi)
	jnz 3b
	movq %r13, %cr2
	DEBUG_ON
	movq %rdx, %rsp
	jmp return_restore
nmi_end:
	.section .note.GNU-stack, "", @progbits
