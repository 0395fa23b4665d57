/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that may come anywhere, on IST stacks: NMI from everywhere, #DB, #DF and #MC from the
 * core. Called from nmi.S and exceptions.S with interrupts off, which stay off, breakpoints off and
 * the core's GS.
 */
#include <core/log.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include <x86/smp.h>

void exception_nmi(struct regs *r);
void exception_paranoid(struct regs *r, unsigned vector, uint64_t error);

/*
 * Never nested (nmi.S). Counted and no more, unless it came to stop this CPU: whatever it interrupted
 * may hold the log's lock, or any other.
 */
void exception_nmi(struct regs *r)
{
	(void)r;
	percpu()->interrupts[VECTOR_NMI]++;
	smp_nmi();
}

/*
 * The core sets neither TF nor a breakpoint. A CPU (or an emulator of one) that traps here after
 * SYSCALL with the app's TF must not stop it; the app's own TF is in its frame. And MOV SS before
 * SYSCALL or INT holds the #DB of a watchpoint back until the entry's first instruction: SDM volume
 * 3, section 6.8.3. RF lets an instruction with a breakpoint on it run this once.
 */
static void debug_core(struct regs *r)
{
	r->flags = (r->flags & ~(uint64_t)FLAGS_TF) | FLAGS_RF;
}

/* error: see exceptions.S for #DB. */
void exception_paranoid(struct regs *r, unsigned vector, uint64_t error)
{
	percpu()->interrupts[vector]++;
	if (vector == VECTOR_DB) {
		debug_core(r);
		return;
	}
	if (vector == VECTOR_MC) {
		machine_check_core(r);
		return;
	}
	if (vector == VECTOR_DF && espfix_double_fault(r))
		return;
	core_fault(r, vector, error, 0);
}
