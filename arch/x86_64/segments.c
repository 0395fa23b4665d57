/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the MSRs of the system-call instructions, for each CPU; and the blocks of
 * per-CPU data themselves. The IDT is one for all CPUs and sealed after boot.
 */
#include <arch/thread.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/ioports.h>
#include <x86/percpu.h>
#include <x86/vdso.h>

extern struct thread boot_thread;
extern const char vector_stubs[], entry_syscall[], entry_syscall32[];

struct percpu percpu_boot; /* self and current are set by boot.S, before C */

/* SDM volume 3, section 6.14.1. */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};
static struct gate idt[256] __ro_after_init __aligned(16);

struct table_pointer {
	uint16_t limit;
	const void *base;
} __packed;

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0xee /* DPL 3: INT n may use it */

static void gate_set(unsigned vector, unsigned ist, uint8_t type)
{
	uintptr_t stub = (uintptr_t)vector_stubs + 16 * vector;

	idt[vector] = (struct gate){
		.offset_low = stub,
		.selector = SEL_KERNEL_CS,
		.ist = ist,
		.type = type,
		.offset_mid = stub >> 16,
		.offset_high = stub >> 32,
	};
}

static void idt_fill(void)
{
	for (unsigned v = 0; v < 256; v++)
		gate_set(v, 0, GATE_INTERRUPT);
	gate_set(VECTOR_BP, 0, GATE_USER);
	gate_set(VECTOR_OF, 0, GATE_USER);
	gate_set(VECTOR_INT80, 0, GATE_USER);
}

/* The IST stacks exist: from here on these four use them. Boot CPU, once. */
void segments_use_ist(void)
{
	gate_set(VECTOR_DF, IST_DF, GATE_INTERRUPT);
	gate_set(VECTOR_MC, IST_MC, GATE_INTERRUPT);
	gate_set(VECTOR_NMI, IST_NMI, GATE_INTERRUPT);
	gate_set(VECTOR_DB, IST_DB, GATE_INTERRUPT);
}

/* Also read-only data of ring 3 with the CPU's number as its limit: LSL tells it (the vDSO). */
void percpu_set_id(struct percpu *p, uint32_t id)
{
	p->id = id;
	p->gdt[SEL_CPU_NUMBER >> 3] = 0x0000f10000000000 | id;
}

static void gdt_fill(struct percpu *p)
{
	uintptr_t tss = (uintptr_t)&p->tss;

	p->gdt[SEL_KERNEL_CS32 >> 3] = 0x00cf9b000000ffff;
	p->gdt[SEL_KERNEL_CS >> 3] = 0x00af9b000000ffff;
	p->gdt[SEL_KERNEL_SS >> 3] = 0x00cf93000000ffff;
	p->gdt[SEL_USER_CS32 >> 3] = 0x00cffb000000ffff;
	p->gdt[SEL_USER_SS >> 3] = 0x00cff3000000ffff;
	p->gdt[SEL_USER_CS >> 3] = 0x00affb000000ffff;
	percpu_set_id(p, p->id);
	/* Available 64-bit TSS, SDM volume 3, section 8.2.3. */
	p->gdt[SEL_TSS >> 3] = (sizeof(p->tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
			       (tss >> 24 & 0xff) << 56;
	p->gdt[(SEL_TSS >> 3) + 1] = tss >> 32;
}

static void syscall_msrs_init(void)
{
	wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CS << 32 | (uint64_t)SEL_USER_CS32 << 48);
	wrmsr(MSR_LSTAR, (uintptr_t)entry_syscall);
	wrmsr(MSR_CSTAR, (uintptr_t)entry_syscall32);
	wrmsr(MSR_SFMASK, FLAGS_SYSCALL_MASK);
	/* A null code segment: SYSENTER is #GP. SDM volume 2, SYSENTER. */
	wrmsr(MSR_SYSENTER_CS, 0);
	wrmsr(MSR_SYSENTER_ESP, 0);
	wrmsr(MSR_SYSENTER_EIP, 0);
}

void percpu_set_stack(struct percpu *p, uint64_t top)
{
	p->stack_top = top;
	p->tss.rsp[0] = top;
}

void segments_init(struct percpu *p)
{
	struct table_pointer gdtr = {sizeof(p->gdt) - 1, p->gdt};
	struct table_pointer idtr = {sizeof(idt) - 1, idt};

	if (p == &percpu_boot) {
		idt_fill();
		boot_thread.arch.stack_top = (uintptr_t)boot_stack_top;
		percpu_set_stack(p, (uintptr_t)boot_stack_top);
	}
	gdt_fill(p);
	ioports_init(p);
	__asm__ volatile("lgdt %0" ::"m"(gdtr));
	__asm__ volatile(
		"pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SEL_KERNEL_CS)
		: "rax", "memory");
	__asm__ volatile("movl %0, %%ss; movl %1, %%ds; movl %1, %%es" ::"r"(SEL_KERNEL_SS),
			 "r"(0));
	__asm__ volatile("lidt %0" ::"m"(idtr));
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	ldt_load(p);
	syscall_msrs_init();
}
