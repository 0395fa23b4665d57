/* SPDX-License-Identifier: MIT */
/* The machine behind the CPU: what the portable core asks for once memory is there. */
#include <arch/cpu.h>
#include <core/compiler.h>
#include <x86/arch.h>
#include <x86/smp.h>

void arch_init(void)
{
	arch_describe_cpu();
	apic_init();
	clock_init();
	ioapic_init();
}

INITCALL(4, uart_enable_input);

void arch_idle(void)
{
	tlb_idle_enter();
	/* The interrupt shadow of STI covers HLT: nothing comes between. SDM volume 2, STI. */
	__asm__ volatile("sti; hlt" ::: "memory");
	tlb_idle_leave();
}
