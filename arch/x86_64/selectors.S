/* SPDX-License-Identifier: MIT */
/*
 * Loads of the app's selectors that may fault, because a descriptor may have changed since the app
 * loaded its selector. A fault continues at a landing that loads a null one.
 */
#include <generated/offsets.h>
#include <x86/asm.h>
#include "calling.inc"

	.section .text.entry, "ax"

/*
 * segment_load_ds, _es, _fs (EDI selector). The landing loads a flat segment first: AMD's CPUs keep
 * the base when a null selector is loaded (APM volume 2, section 4.5.3).
 */
.macro LOADER segment
	.globl segment_load_\segment
segment_load_\segment:
1:	movl %edi, %\segment
	ret
2:	movl $SEL_USER_SS, %edi
	movl %edi, %\segment
	xorl %edi, %edi
	jmp 1b
	EXTABLE 1b, 2b
.endm

	LOADER ds
	LOADER es
	LOADER fs

/*
 * segment_load_gs (EDI selector). Interrupts off. The load is done on the app's GS: a fault there
 * has ring 0 on the stack and the app's GS in the register, so exception_entry knows the address
 * and swaps; at the landing the core's GS is in place again.
 */
	.globl segment_load_gs, segment_gs_change
segment_load_gs:
	swapgs
segment_gs_change:
	movl %edi, %gs
	swapgs
	ret
3:	swapgs
	movl $SEL_USER_SS, %edi
	movl %edi, %gs
	xorl %edi, %edi
	jmp segment_gs_change
	EXTABLE segment_gs_change, 3b
	.section .note.GNU-stack, "", @progbits
