/* SPDX-License-Identifier: MIT */
/*
 * The counts of arch/counters.h, read from the CPUs' blocks (x86/percpu.h). Each is written by its
 * own CPU in one instruction, so a reader elsewhere sees a value that was true.
 *
 * SYSCALL's fast path counts a call by its number and nothing on its way out; how many left by it
 * follows from the calls that left otherwise. See proc_ringlet.c.
 */
#include <arch/counters.h>
#include <core/sched.h>
#include <x86/arch.h>
#include <x86/asm.h>
#include <x86/percpu.h>
#include <x86/smp.h>

static const struct percpu *block(unsigned cpu)
{
	return percpu_table[cpu];
}

unsigned arch_count_cpus(void)
{
	return smp_cpus;
}

uint64_t arch_count_syscall(unsigned number)
{
	uint64_t n = 0;

	for (unsigned cpu = 0; cpu < arch_count_cpus(); cpu++)
		n += READ_ONCE(block(cpu)->syscalls[number]);
	return n;
}

uint64_t arch_count_outside(void)
{
	uint64_t n = 0;

	for (unsigned cpu = 0; cpu < arch_count_cpus(); cpu++)
		n += READ_ONCE(block(cpu)->syscalls_outside);
	return n;
}

void arch_count_returns(struct arch_returns *r)
{
	*r = (struct arch_returns){.calls = arch_count_outside()};
	for (unsigned i = 0; i < SYSCALL_COUNT; i++)
		r->calls += arch_count_syscall(i);
	for (unsigned cpu = 0; cpu < arch_count_cpus(); cpu++) {
		r->sysret_slow += READ_ONCE(block(cpu)->returns_sysret);
		r->iret_syscall += READ_ONCE(block(cpu)->returns_iret);
		r->iret += READ_ONCE(block(cpu)->irets);
	}
}

long arch_syscall_of(const struct thread *t)
{
	const struct regs *r = (const struct regs *)(t->arch.stack_top - sizeof(*r));

	return t->arch.fpu ? (int32_t)r->orig_ax : -1;
}

uint64_t arch_count_vector(unsigned cpu, unsigned vector)
{
	return READ_ONCE(block(cpu)->interrupts[vector]);
}

uint64_t arch_count_spurious(void)
{
	return READ_ONCE(irq_spurious);
}

uint64_t arch_count_unexpected(void)
{
	return READ_ONCE(irq_unexpected);
}

/* The manuals' mnemonics: SDM volume 3, table 6-1; APM volume 2, table 8-1. */
static const char exception_names[ARCH_EXCEPTION_MAX + 1][4] = {
	[VECTOR_DE] = "#DE", [VECTOR_DB] = "#DB", [VECTOR_NMI] = "NMI", [VECTOR_BP] = "#BP",
	[VECTOR_OF] = "#OF", [VECTOR_BR] = "#BR", [VECTOR_UD] = "#UD",	[VECTOR_NM] = "#NM",
	[VECTOR_DF] = "#DF", [VECTOR_TS] = "#TS", [VECTOR_NP] = "#NP",	[VECTOR_SS] = "#SS",
	[VECTOR_GP] = "#GP", [VECTOR_PF] = "#PF", [VECTOR_MF] = "#MF",	[VECTOR_AC] = "#AC",
	[VECTOR_MC] = "#MC", [VECTOR_XM] = "#XM", [VECTOR_CP] = "#CP",	[VECTOR_VC] = "#VC",
	[VECTOR_SX] = "#SX",
};

const char *arch_vector_name(unsigned vector)
{
	if (vector <= ARCH_EXCEPTION_MAX)
		return *exception_names[vector] ? exception_names[vector] : "reserved";
	switch (vector) {
	case VECTOR_PIC ... VECTOR_PIC + 15:
		return "8259";
	case VECTOR_INT80:
		return "int80";
	case VECTOR_TIMER:
		return "timer";
	case VECTOR_CALL:
		return "call";
	case VECTOR_RESCHED:
		return "resched";
	case VECTOR_HALT:
		return "halt";
	case VECTOR_MC_POLL:
		return "mcpoll";
	case VECTOR_SPURIOUS:
		return "spurious";
	}
	return vector >= VECTOR_DEVICE_MIN && vector <= VECTOR_DEVICE_MAX ? "device" : "apic";
}
