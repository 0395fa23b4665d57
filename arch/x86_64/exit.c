/* SPDX-License-Identifier: MIT */
/*
 * The ways out to ring 3 that need C: work found on the way, SYSRET or IRET; and system calls that
 * the tracer sees or that have no handler. Called from entry.S; interrupts off on entry and return.
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <arch/signal.h>
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

static struct regs *user_regs(void)
{
	return (struct regs *)(current_thread()->arch.stack_top - sizeof(struct regs));
}

uintptr_t arch_user_sp(void)
{
	return user_regs()->sp;
}

uintptr_t arch_user_pc(void)
{
	return user_regs()->ip;
}

void arch_report_user(void)
{
	const struct regs *r = user_regs();

	report_registers(r);
	report_app_backtrace(r->ip, r->sp, r->bp);
}

/* A call that a signal without a handler broke off is made again. */
static void restart_call(struct regs *r)
{
	long result = -(long)r->ax;

	if ((int32_t)r->orig_ax < 0 || result < ERESTARTSYS || result > ERESTART_RESTARTBLOCK)
		return;
	r->ax = result == ERESTART_RESTARTBLOCK ? SYS_restart_syscall : r->orig_ax;
	r->ip -= 2; /* the instruction */
}

/* Handlers' frames cannot be made yet: a signal that has one ends the app. */
static void deliver_signals(struct regs *r)
{
	struct signal_delivery d;

	while (signal_next(&d))
		signal_frame_failed(&d);
	restart_call(r);
	signal_restore_saved();
}

void exit_work(struct regs *r)
{
	for (;;) {
		uint32_t work = READ_ONCE(current_thread()->work) & WORK_ON_EXIT & ~WORK_TRACE;

		if (!work)
			return;
		sched_exit_work(work);
		if (work & WORK_SIGNAL) {
			arch_irq_enable();
			deliver_signals(r);
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

	arch_irq_enable();
	trace_enter(nr, arg);
	if ((uint32_t)nr < SYSCALL_COUNT) {
		percpu()->syscalls[nr]++;
		r->ax = ((whole_handler)(uintptr_t)syscall_table[nr])(arg[0], arg[1], arg[2],
								      arg[3], arg[4], arg[5]);
	} else {
		percpu()->syscalls_outside++;
		r->ax = syscall_outside(r);
	}
	trace_exit(nr, arg, r->ax);
	arch_irq_disable();
}
