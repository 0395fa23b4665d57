/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C. Two ways in, both with 32-bit protected mode, paging off, interrupts
 * off, no usable stack:
 *
 *  boot_multiboot2  EAX = magic, EBX = information structure; the image may lie anywhere below
 *                   4 GiB at a multiple of 2 MiB (Multiboot2 specification 2.0, sections 3.1, 3.3).
 *  boot_pvh         EBX = struct hvm_start_info; the image lies where it is linked (Xen's
 *                   docs/misc/pvh.pandoc).
 *
 * Both leave in EBP the physical address of the image, in EDI the protocol, in EBX the structure,
 * and go on to 64-bit mode with provisional page tables: the first 4 GiB at 0 and at the direct map,
 * the image in the top 2 GiB. paging.c replaces them.
 */
#include <generated/offsets.h>
#include <x86/asm.h>

#define IMAGE_BASE 0xffffffff80000000 /* see core.lds */

#define MULTIBOOT2_MAGIC      0xe85250d6
#define MULTIBOOT2_BOOTLOADER 0x36d76289
#define MB2_TAG_END	      0
#define MB2_TAG_MODULE_ALIGN  6
#define MB2_TAG_RELOCATABLE   10
#define PVH_NOTE_PHYS32_ENTRY 18

#define PTE_PRESENT_WRITE 0x03
#define PTE_LARGE	  0x83
#define LARGE_PAGE	  0x200000

#define COM1_DATA 0x3f8
#define COM1_LSR  0x3fd

/* Link-time address to offset from the image's start. */
#define OFF(sym) ((sym) - IMAGE_BASE)

	.section .multiboot2, "a"
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2_header
	.long -(MULTIBOOT2_MAGIC + 0 + (multiboot2_end - multiboot2_header))
	.short MB2_TAG_RELOCATABLE, 0
	.long 24, IMAGE_LOAD_PHYS, 0xfff00000, IMAGE_ALIGN, 1 /* as low as possible */
	.short MB2_TAG_MODULE_ALIGN, 0
	.long 8
	.short MB2_TAG_END, 0
	.long 8
multiboot2_end:

	.section .note.pvh, "a"
	.balign 4
	.long 4, 8, PVH_NOTE_PHYS32_ENTRY
	.asciz "Xen"
	.quad OFF(boot_pvh) + IMAGE_LOAD_PHYS

	.section .text.boot, "ax"
	.code32
	.globl boot_multiboot2
boot_multiboot2:
	cli
	cld
	movl %eax, %esi
	/* Where are we? The call's return address goes into the structure's reserved word. */
	leal 8(%ebx), %esp
	call 1f
1:	popl %ebp
	subl $OFF(1b), %ebp
	rdtsc
	movl %eax, OFF(boot_tsc)(%ebp)
	movl %edx, OFF(boot_tsc + 4)(%ebp)
	movl $1, %edi
	cmpl $MULTIBOOT2_BOOTLOADER, %esi
	je boot_common
	leal OFF(boot_bad_loader)(%ebp), %esi
	jmp boot_stop

	.globl boot_pvh
boot_pvh:
	cli
	cld
	movl $IMAGE_LOAD_PHYS, %ebp
	rdtsc
	movl %eax, OFF(boot_tsc)(%ebp)
	movl %edx, OFF(boot_tsc + 4)(%ebp)
	movl $2, %edi

boot_common:
	leal OFF(boot_stack_top)(%ebp), %esp
	pushl %ebx

	/* Long mode or one line and the end. AMD APM volume 3, CPUID Fn8000_0001_EDX[29]. */
	leal OFF(boot_no_long_mode)(%ebp), %esi
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb boot_stop
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc boot_stop
	popl %ebx

	/* One PDPT for the first 4 GiB, seen at 0 and at the direct map; one for the image. */
	leal OFF(boot_pdpt_low) + PTE_PRESENT_WRITE(%ebp), %eax
	movl %eax, OFF(boot_pml4)(%ebp)
	movl %eax, OFF(boot_pml4) + 256 * 8(%ebp)
	leal OFF(boot_pdpt_image) + PTE_PRESENT_WRITE(%ebp), %eax
	movl %eax, OFF(boot_pml4) + 511 * 8(%ebp)
	leal OFF(boot_pd_image) + PTE_PRESENT_WRITE(%ebp), %eax
	movl %eax, OFF(boot_pdpt_image) + 510 * 8(%ebp)
	leal OFF(boot_pd_low) + PTE_PRESENT_WRITE(%ebp), %eax
	xorl %ecx, %ecx
1:	movl %eax, OFF(boot_pdpt_low)(%ebp, %ecx, 8)
	addl $4096, %eax
	incl %ecx
	cmpl $4, %ecx
	jb 1b
	movl $PTE_LARGE, %eax
	xorl %ecx, %ecx
1:	movl %eax, OFF(boot_pd_low)(%ebp, %ecx, 8)
	addl $LARGE_PAGE, %eax
	incl %ecx
	cmpl $4 * 512, %ecx
	jb 1b
	leal PTE_LARGE(%ebp), %eax
	movl $OFF(core_image_end), %edx
	leal OFF(boot_pd_image)(%ebp), %ecx
1:	movl %eax, (%ecx)
	addl $LARGE_PAGE, %eax
	addl $8, %ecx
	subl $LARGE_PAGE, %edx
	ja 1b

	movl $CR4_PAE | CR4_PGE, %eax
	movl %eax, %cr4
	leal OFF(boot_pml4)(%ebp), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE, %eax
	movl %eax, %cr0

	/* The descriptor table's address is only known now: build the pointer on the stack. */
	leal OFF(boot_gdt)(%ebp), %eax
	subl $8, %esp
	movw $boot_gdt_end - boot_gdt - 1, (%esp)
	movl %eax, 2(%esp)
	lgdt (%esp)
	leal OFF(boot_64)(%ebp), %eax
	pushl $SEL_KERNEL_CS
	pushl %eax
	lretl

/* Prints the line at ESI on COM1 and halts. */
boot_stop:
	movw $COM1_LSR, %dx
1:	inb %dx, %al
	testb $0x20, %al
	jz 1b
	movb (%esi), %al
	incl %esi
	testb %al, %al
	jz 2f
	movw $COM1_DATA, %dx
	outb %al, %dx
	jmp boot_stop
2:	hlt
	jmp 2b

	.code64
boot_64:
	movabsq $1f, %rax
	jmp *%rax
1:	movl $SEL_KERNEL_SS, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	leaq boot_stack_top(%rip), %rsp
	/* C's stack protector reads the canary from this CPU's block, and the log who runs. */
	leaq percpu_boot(%rip), %rax
	movq %rax, PERCPU_SELF(%rax)
	leaq boot_thread(%rip), %rdx
	movq %rdx, PERCPU_CURRENT(%rax)
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	/* boot_main(protocol, information, image) */
	movl %ebx, %esi
	movl %ebp, %edx
	xorl %ebp, %ebp
	call boot_main
	ud2

	.section .rodata
boot_bad_loader:
	.asciz "ringlet: not started by a multiboot2 loader: use GRUB's multiboot2 command\r\n"
boot_no_long_mode:
	.asciz "ringlet: this CPU has no 64-bit mode: an x86-64 CPU is needed\r\n"

	.data
	.balign 16
	/* Flat 64-bit code and data at the selectors of the final table. SDM volume 3, 3.4.5. */
boot_gdt:
	.quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_end:

	/* The core's first instruction in TSC ticks: clock.c counts from here. */
	.globl boot_tsc
boot_tsc:
	.quad 0

	.bss
	.balign 4096
	/* The other CPUs come through the same tables (smp_boot.S). */
	.globl boot_pml4
boot_pml4:	.skip 4096
boot_pdpt_low:	.skip 4096
boot_pd_low:	.skip 4 * 4096
boot_pdpt_image: .skip 4096
boot_pd_image:	.skip 4096
	/* paging.c takes the guard page out of the image's mapping. */
	.globl boot_stack_guard, boot_stack_top
boot_stack_guard: .skip 4096
	.skip 16384
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
