/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that may come anywhere, on IST stacks: NMI, #DB, #DF, #MC, from the core; NMI also from
 * ring 3. Called from exceptions.S with interrupts off, which stay off.
 */
#include <core/log.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

void exception_paranoid(struct regs *r, unsigned vector, uint64_t error);

/* From the core on an IST stack; NMI also from ring 3. Interrupts stay off. */
void exception_paranoid(struct regs *r, unsigned vector, uint64_t error)
{
	percpu()->interrupts[vector]++;
	/* Counted above and no more: whatever it interrupted may hold the log's lock, or any other. */
	if (vector == VECTOR_NMI)
		return;
	/*
	 * The core sets neither TF nor a breakpoint. A CPU (or an emulator of one) that traps here
	 * after SYSCALL with the app's TF must not stop it; the app's own TF is in its frame.
	 */
	if (vector == VECTOR_DB) {
		write_dr6(DR6_CLEAR);
		r->flags &= ~(uint64_t)FLAGS_TF;
		return;
	}
	if (vector == VECTOR_DF && (stack_is_guard(r->sp) || stack_is_guard(r->sp - 8)))
		log_err("core: stack overflow, RSP %#llx", (unsigned long long)r->sp);
	core_fault(r, vector, error, 0);
}
