/* SPDX-License-Identifier: MIT */
/*
 * The ways out to ring 3 that need C: work found on the way, SYSRET or IRET; and system calls that
 * the tracer or the filter sees. Called from entry.S; interrupts off on entry and return.
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/filter.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/trace.h>
#include <x86/arch.h>
#include <x86/percpu.h>

void exit_work(struct regs *r);
bool syscall_exit_work(struct regs *r);
void syscall_trace(struct regs *r);

struct regs *user_regs(void)
{
	return (struct regs *)(current_thread()->arch.stack_top - sizeof(struct regs));
}

_Noreturn void exit_to_user(void)
{
	arch_irq_disable();
	percpu()->returns_iret++;
	__asm__ volatile("movq %0, %%rsp; jmp return_to_user" ::"r"(user_regs()) : "memory");
	__builtin_unreachable();
}

/* Until nothing is left to do: what is raised meanwhile is found, as interrupts are off between. */
void exit_work(struct regs *r)
{
	for (;;) {
		uint32_t work = READ_ONCE(current_thread()->work) & WORK_ON_EXIT & ~WORK_TRACE;

		if (!work)
			return;
		sched_exit_work(work);
		if (work & WORK_SIGNAL) {
			arch_irq_enable();
			signal_deliver(r);
			arch_irq_disable();
		}
	}
}

/* Every condition for SYSRET; anything else goes by IRET. See docs/ENTRY.md. */
static bool sysret_allowed(const struct regs *r)
{
	return r->cx == r->ip && r->ip < ARCH_USER_END && r->r11 == r->flags &&
	       !(r->flags & (FLAGS_RF | FLAGS_TF)) && r->cs == SEL_USER_CS && r->ss == SEL_USER_SS;
}

bool syscall_exit_work(struct regs *r)
{
	bool sysret;

	exit_work(r);
	sysret = sysret_allowed(r);
	if (sysret)
		percpu()->returns_sysret++;
	else
		percpu()->returns_iret++;
	return sysret;
}

typedef long (*whole_handler)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* A call with work before its dispatch. Turns interrupts on meanwhile. */
void syscall_trace(struct regs *r)
{
	const uint64_t arg[6] = {r->di, r->si, r->dx, r->r10, r->r8, r->r9};
	int32_t nr = r->orig_ax;

	bool inside = (uint32_t)nr < SYSCALL_COUNT;

	if (inside)
		percpu()->syscalls[nr]++;
	else
		percpu()->syscalls_outside++;
	arch_irq_enable();
	trace_enter(nr, arg);
	if (!filter_allows(nr))
		r->ax = filter_refuse(nr, r->ip, r->orig_ax);
	else if (inside)
		r->ax = ((whole_handler)(uintptr_t)syscall_table[nr])(arg[0], arg[1], arg[2],
								      arg[3], arg[4], arg[5]);
	else
		r->ax = syscall_outside(r);
	trace_exit(nr, arg, r->ax);
	arch_irq_disable();
}
