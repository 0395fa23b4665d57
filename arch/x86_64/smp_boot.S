/* SPDX-License-Identifier: MIT */
/*
 * The way of an application processor from its start-up IPI to C (SDM volume 3, section 8.4). smp.c
 * copies the trampoline to a page below 1 MiB and fills smp_trampoline_words in.
 */
#include <generated/offsets.h>
#include <x86/asm.h>

#define IN_PAGE(sym) ((sym) - smp_trampoline)

	.section .rodata
	.balign 16
	.globl smp_trampoline, smp_trampoline_words, smp_trampoline_end

/*
 * The CPU:  real mode, CS = the page's address / 16, IP = 0; caches off by CR0, interrupts off.
 * Stack:    none. GS: not set.
 * Out:      smp_start_64, in 64-bit mode on boot.S's provisional tables: they show the first 4 GiB
 *           at 0, so this page too, and the image. All CPUs may be in here at once.
 */
	.code16
smp_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	xorl %ebx, %ebx
	movw %ax, %bx
	shll $4, %ebx
	lgdtl IN_PAGE(trampoline_gdtr)
	movl $CR0_PE | CR0_ET | CR0_NE, %eax
	movl %eax, %cr0
	ljmpl *IN_PAGE(trampoline_to_32)

	.code32
trampoline_32:
	movl $SEL_KERNEL_SS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE | CR4_PGE, %eax
	movl %eax, %cr4
	movl IN_PAGE(trampoline_pml4)(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl IN_PAGE(trampoline_efer)(%ebx), %eax
	wrmsr
	movl $CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE, %eax
	movl %eax, %cr0
	ljmpl *IN_PAGE(trampoline_to_64)(%ebx)

	.code64
trampoline_64:
	movabsq $smp_start_64, %rax
	jmp *%rax

	.balign 16
	/* As boot.S's, and 32-bit code between. */
trampoline_gdt:
	.quad 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff
trampoline_gdt_end:

	/* struct trampoline_words of smp.c, which adds the page's address to the three offsets. */
smp_trampoline_words:
trampoline_gdtr:
	.word trampoline_gdt_end - trampoline_gdt - 1
	.long IN_PAGE(trampoline_gdt)
trampoline_to_32:
	.long IN_PAGE(trampoline_32)
	.word SEL_KERNEL_CS32
trampoline_to_64:
	.long IN_PAGE(trampoline_64)
	.word SEL_KERNEL_CS
trampoline_pml4:
	.long 0
trampoline_efer:
	.long 0
smp_trampoline_end:

	.section .text.boot, "ax"
/*
 * In:    64-bit mode, interrupts off, provisional tables; any number of CPUs at once.
 * Stack: none; GS: not set, until this CPU has found its block by its local APIC id.
 * Out:   smp_begin(block) on the idle thread's stack and the final tables, GS the block's. A CPU
 *        that is not expected halts for good.
 */
	.globl smp_start_64
smp_start_64:
	movq smp_cr3(%rip), %rax
	movq %rax, %cr3
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	/* Which one is this? x2APIC id, or the 8 bits every CPU has. SDM volume 2, CPUID 1, 0x0b. */
	cpuid
	movl %eax, %r9d
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movl %ebx, %r8d
	cmpl $CPUID_TOPOLOGY, %r9d
	jb 1f
	movl $CPUID_TOPOLOGY, %eax
	xorl %ecx, %ecx
	cpuid
	testl %ebx, %ebx
	cmovnzl %edx, %r8d
1:	movl smp_slots_used(%rip), %ecx
	leaq smp_slots(%rip), %rsi
2:	subl $1, %ecx
	js 4f
	cmpl %r8d, SMP_SLOT_APIC_ID(%rsi)
	je 3f
	addq $SMP_SLOT_SIZE, %rsi
	jmp 2b
3:	movq SMP_SLOT_CPU(%rsi), %rdi
	movq PERCPU_STACK_TOP(%rdi), %rsp
	movl $MSR_GS_BASE, %ecx
	movq %rdi, %rdx
	movl %edi, %eax
	shrq $32, %rdx
	wrmsr
	xorl %ebp, %ebp
	call smp_begin
4:	cli
	hlt
	jmp 4b
	.section .note.GNU-stack, "", @progbits
