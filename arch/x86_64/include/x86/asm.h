/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the manuals, for C and assembly: selectors, control-register bits, MSRs, flags.
 * Intel SDM volume 3 (chapters 2 to 6), AMD APM volume 2.
 */
#ifndef X86_ASM_H
#define X86_ASM_H

/* Selectors, at Linux's indices: programs hard-code them. */
#define SEL_KERNEL_CS32 0x08
#define SEL_KERNEL_CS	0x10
#define SEL_KERNEL_SS	0x18
#define SEL_USER_CS32	0x23
#define SEL_USER_SS	0x2b
#define SEL_USER_CS	0x33
#define SEL_TSS		0x40
#define SEL_LDT		0x50
#define GDT_ENTRIES	16
/* Each thread's areas, by index; a selector's bits 2 (it names the LDT) and 1:0. */
#define GDT_TLS_MIN 12
#define GDT_TLS_MAX 14
#define TLS_AREAS   (GDT_TLS_MAX - GDT_TLS_MIN + 1)
#define SEL_TI	    0x4
#define SEL_RPL	    0x3

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_TS (1 << 3)
#define CR0_ET (1 << 4)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_AM (1 << 18)
#define CR0_PG (1 << 31)

#define CPUID_TOPOLOGY 0x0b /* EDX: the x2APIC id. SDM volume 2, CPUID */

#define CR4_DE	       (1 << 3)
#define CR4_PSE	       (1 << 4)
#define CR4_PAE	       (1 << 5)
#define CR4_MCE	       (1 << 6)
#define CR4_PGE	       (1 << 7)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_UMIP       (1 << 11)
#define CR4_FSGSBASE   (1 << 16)
#define CR4_OSXSAVE    (1 << 18)
#define CR4_SMEP       (1 << 20)
#define CR4_SMAP       (1 << 21)
#define CR4_PKE	       (1 << 22)

/* SDM volume 3, section 17.2. What has happened is what DR6 has but DR6_CLEAR has not. */
#define DR6_CLEAR   0xffff0ff0
#define DR6_TRAPS   0xf
#define DR6_STEP    (1 << 14)
#define DR7_FIXED   (1 << 10)
#define DR7_ENABLES 0xff

#define EFER_SCE (1 << 0)
#define EFER_LME (1 << 8)
#define EFER_LMA (1 << 10)
#define EFER_NXE (1 << 11)

#define MSR_TSC		   0x00000010
#define MSR_APIC_BASE	   0x0000001b
#define MSR_TSC_ADJUST	   0x0000003b
#define MSR_SYSENTER_CS	   0x00000174
#define MSR_SYSENTER_ESP   0x00000175
#define MSR_SYSENTER_EIP   0x00000176
#define MSR_MCG_CAP	   0x00000179
#define MSR_MCG_STATUS	   0x0000017a
#define MSR_MCG_CTL	   0x0000017b
#define MSR_MC0_CTL	   0x00000400
#define MSR_TSC_DEADLINE   0x000006e0
#define MSR_X2APIC	   0x00000800
#define MSR_XSS		   0x00000da0
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SFMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define MCG_RESTART_IP (1 << 0) /* RIPV: the program can go on at the saved RIP */

#define FLAGS_FIXED (1 << 1)
#define FLAGS_TF    (1 << 8)
#define FLAGS_IF    (1 << 9)
#define FLAGS_DF    (1 << 10)
#define FLAGS_IOPL  (3 << 12)
#define FLAGS_NT    (1 << 14)
#define FLAGS_RF    (1 << 16)
#define FLAGS_AC    (1 << 18)
#define FLAGS_SYSCALL_MASK \
	(FLAGS_TF | FLAGS_IF | FLAGS_DF | FLAGS_IOPL | FLAGS_NT | FLAGS_AC) /* 0x47700 */

/* The flags an app changes at will: CF PF AF ZF SF OF, and those named here. */
#define FLAGS_APP (0x8d5 | FLAGS_TF | FLAGS_DF | FLAGS_RF | FLAGS_AC)

/* Exception vectors, SDM volume 3, table 6-1. */
#define VECTOR_DE  0
#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_OF  4
#define VECTOR_BR  5
#define VECTOR_UD  6
#define VECTOR_NM  7
#define VECTOR_DF  8
#define VECTOR_TS  10
#define VECTOR_NP  11
#define VECTOR_SS  12
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MF  16
#define VECTOR_AC  17
#define VECTOR_MC  18
#define VECTOR_XM  19
#define VECTOR_CP  21
#define VECTOR_VC  29
#define VECTOR_SX  30

#define VECTOR_PIC	  0x20 /* the 8259s, all masked: only their spurious interrupts land here */
#define VECTOR_DEVICE_MIN 0x30
#define VECTOR_INT80	  0x80
#define VECTOR_DEVICE_MAX 0xef
#define VECTOR_TIMER	  0xf0
#define VECTOR_CALL	  0xf1 /* from another CPU: run its call */
#define VECTOR_RESCHED	  0xf2 /* end idling, or look at the work word */
#define VECTOR_HALT	  0xf3 /* a panic elsewhere: stop for good */
#define VECTOR_MC_POLL	  0xf8 /* look at the machine-check banks */
#define VECTOR_SPURIOUS	  0xff

/* Interrupt stack table slots; 0 means none. */
#define IST_DF	  1
#define IST_MC	  2
#define IST_NMI	  3
#define IST_DB	  4
#define IST_COUNT 4
/* Each such stack, and the distance of its two words from the top: exceptions.S and nmi.S find them
 * by rounding RSP up. The state is the NMI stack's only. */
#define IST_STACK_SIZE 8192
#define IST_BLOCK      8
#define IST_NMI_STATE  16

#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_USER	   4
#define PF_INSTR   16
#define PF_PKEY	   32 /* PKRU forbids it */

/* Kinds of patched places in the text (cpu.c). */
#define PATCH_CLAC 0
#define PATCH_STAC 1

/* Where the image is linked to lie in physical memory; multiboot2 loaders may move it. */
#define IMAGE_LOAD_PHYS 0x200000
#define IMAGE_ALIGN	0x200000

#endif
