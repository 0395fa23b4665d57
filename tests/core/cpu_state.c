/* SPDX-License-Identifier: MIT */
/* What a CPU's registers hold, told to tests/guest/smp.c, which knows what must be the same on all. */
#include <abi/errno.h>
#include <arch/smp.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include <x86/smp.h>

struct state {
	uint64_t apic_id, cr0, cr3, cr4, efer, star, lstar, cstar, sfmask;
	uint64_t gs_base, block, tr, tss_sp, stack_top, sp, idt, gdt, xcr0, canary, apic_base;
	uint64_t ist[4], interrupts_on, sysenter_cs;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __packed;

static uint64_t read_xcr0(void)
{
	uint32_t lo = 0, hi = 0;

	if (cpu_features.xsave)
		__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static void state_read(void *arg)
{
	struct percpu *p = percpu();
	struct table_pointer idt, gdt;
	struct state *s = arg;
	uint16_t tr;

	__asm__ volatile("sidt %0; sgdt %1; str %2" : "=m"(idt), "=m"(gdt), "=r"(tr));
	*s = (struct state){
		.apic_id = apic_id(),
		.cr0 = read_cr0(),
		.cr3 = read_cr3(),
		.cr4 = read_cr4(),
		.efer = rdmsr(MSR_EFER),
		.star = rdmsr(MSR_STAR),
		.lstar = rdmsr(MSR_LSTAR),
		.cstar = rdmsr(MSR_CSTAR),
		.sfmask = rdmsr(MSR_SFMASK),
		.gs_base = rdmsr(MSR_GS_BASE),
		.block = (uint64_t)p,
		.tr = tr,
		.tss_sp = p->tss.rsp[0],
		.stack_top = p->stack_top,
		.sp = (uint64_t)__builtin_frame_address(0),
		.idt = idt.base,
		.gdt = gdt.base - (uint64_t)p->gdt,
		.xcr0 = read_xcr0(),
		.canary = p->canary,
		.apic_base = rdmsr(MSR_APIC_BASE),
		.interrupts_on = arch_irq_enabled(),
		.sysenter_cs = rdmsr(MSR_SYSENTER_CS),
	};
	/* The word above each interrupt stack leads to the block. */
	for (unsigned i = 0; i < 4; i++)
		s->ist[i] = *(const uint64_t *)(p->ist_top[i + 1] - 8);
}

long sys_test_cpu_state(unsigned cpu, void __user *out)
{
	struct state s;

	if (!arch_cpu_online(cpu))
		return -ESRCH;
	arch_call_cpu(cpu, state_read, &s);
	return copy_to_user(out, &s, sizeof(s));
}
