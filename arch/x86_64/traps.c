/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of ring 3 and of the core, but for those on IST stacks (paranoid.c). Called from
 * exceptions.S with interrupts off; each function says whether it turns them on.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/trace.h>
#include <core/vm.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

void exception_user(struct regs *r, unsigned vector, uint64_t error);
void exception_core(struct regs *r, unsigned vector, uint64_t error);
struct regs *exception_fix_iret(struct regs *bad);

struct exception {
	const char *name;
	int signal;
};

/* SDM volume 3, table 6-1; the signals are Linux's. */
static const struct exception exceptions[32] = {
	[VECTOR_DE] = {"divide error", SIGFPE},
	[VECTOR_DB] = {"debug exception", SIGTRAP},
	[VECTOR_NMI] = {"NMI", SIGBUS},
	[VECTOR_BP] = {"breakpoint", SIGTRAP},
	[VECTOR_OF] = {"overflow", SIGSEGV},
	[VECTOR_BR] = {"bound range exceeded", SIGSEGV},
	[VECTOR_UD] = {"invalid opcode", SIGILL},
	[VECTOR_NM] = {"device not available", SIGFPE},
	[VECTOR_DF] = {"double fault", SIGSEGV},
	[9] = {"coprocessor segment overrun", SIGFPE},
	[VECTOR_TS] = {"invalid TSS", SIGSEGV},
	[VECTOR_NP] = {"segment not present", SIGBUS},
	[VECTOR_SS] = {"stack segment fault", SIGBUS},
	[VECTOR_GP] = {"general protection fault", SIGSEGV},
	[VECTOR_PF] = {"page fault", SIGSEGV},
	[VECTOR_MF] = {"x87 floating-point error", SIGFPE},
	[VECTOR_AC] = {"alignment check", SIGBUS},
	[VECTOR_MC] = {"machine check", SIGBUS},
	[VECTOR_XM] = {"SIMD floating-point error", SIGFPE},
	[VECTOR_CP] = {"control protection fault", SIGSEGV},
};

static const char *exception_name(unsigned vector)
{
	if (vector < ARRAY_SIZE(exceptions) && exceptions[vector].name)
		return exceptions[vector].name;
	return "reserved exception";
}

static unsigned fault_access(uint64_t error)
{
	return (error & PF_WRITE ? VM_FAULT_WRITE : 0) | (error & PF_INSTR ? VM_FAULT_EXEC : 0);
}

/* Where and what, in the app's words; the registers and the backtrace follow. */
static _Noreturn void app_fault(struct regs *r, unsigned vector, uint64_t error, uintptr_t addr)
{
	int sig = vector < ARRAY_SIZE(exceptions) && exceptions[vector].signal
			  ? exceptions[vector].signal
			  : SIGSEGV;

	if (vector == VECTOR_PF)
		log_err("app: page fault: %s of %#lx, which is %s",
			error & PF_INSTR   ? "execution"
			: error & PF_WRITE ? "write"
					   : "read",
			(unsigned long)addr,
			addr >= ARCH_USER_END ? "not the app's"
			: error & PF_PRESENT  ? "mapped without that right"
					      : "not mapped");
	else
		log_err("app: %s (vector %u, error code %#llx)", exception_name(vector), vector,
			(unsigned long long)error);
	report_registers(r);
	report_app_backtrace(r->ip, r->sp, r->bp);
	process_kill(sig);
}

static void page_fault_user(struct regs *r, uint64_t error, uintptr_t addr)
{
	int err = -EFAULT;

	arch_irq_enable();
	/* An access of the CPU's own (a descriptor, say) is not one that mapping a page would help. */
	if (addr < ARCH_USER_END && (error & ~(PF_PRESENT | PF_WRITE | PF_INSTR)) == PF_USER)
		err = vm_fault(addr, fault_access(error));
	if (err == -ENOMEM) {
		log_err("app: out of memory at a page fault on %#lx", (unsigned long)addr);
		process_kill(SIGKILL);
	}
	if (err) {
		error = err == -EACCES ? error | PF_PRESENT : error & ~(uint64_t)PF_PRESENT;
		app_fault(r, VECTOR_PF, error, addr);
	}
	arch_irq_disable();
}

/* From ring 3, on the thread's stack. Turns interrupts on while it works. */
void exception_user(struct regs *r, unsigned vector, uint64_t error)
{
	/* Read before anything can fault again. */
	uintptr_t addr = vector == VECTOR_PF ? read_cr2() : 0;

	percpu()->interrupts[vector]++;
	if (vector == VECTOR_PF) {
		page_fault_user(r, error, addr);
		return;
	}
	if (vector == VECTOR_INT80) {
		r->ax = int80_call(r);
		return;
	}
	if (vector == VECTOR_MC) {
		struct abi_siginfo info;

		if (!machine_check_user(r, &info))
			return;
	}
	arch_irq_enable();
	app_fault(r, vector, error, addr);
}

#define FRAME_MAX 64 /* what the CPU pushes at an exception, aligned */

struct extable_entry {
	uint64_t from, to;
};
extern const struct extable_entry extable_start[], extable_end[];

static bool extable_fix(struct regs *r)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++)
		if (e->from == r->ip) {
			r->ip = e->to;
			return true;
		}
	return false;
}

static bool extable_has(uintptr_t ip)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++)
		if (e->from == ip)
			return true;
	return false;
}

/* A push below the stack is a page fault that cannot be pushed either, and so a double fault. */
static bool stack_overflown(const struct regs *r, unsigned vector, uintptr_t addr)
{
	if (vector == VECTOR_PF)
		return stack_is_guard(addr);
	return vector == VECTOR_DF && (stack_is_guard(r->sp) || stack_is_guard(r->sp - FRAME_MAX));
}

_Noreturn void core_fault(struct regs *r, unsigned vector, uint64_t error, uintptr_t addr)
{
	if (!log_emergency())
		panic_stop(); /* the report of a fault has faulted */
	log_err("core: %s (vector %u, error code %#llx) at %#llx%s", exception_name(vector), vector,
		(unsigned long long)error, (unsigned long long)r->ip,
		stack_overflown(r, vector, addr) ? ": core stack overflow" : "");
	if (vector == VECTOR_PF)
		log_err("core: page fault address %#lx", (unsigned long)addr);
	report_registers(r);
	report_backtrace(r->ip, r->bp);
	panic_reported(exception_name(vector));
}

/* From the core itself. A copy on the app's behalf may fault: only there is it not our bug. */
void exception_core(struct regs *r, unsigned vector, uint64_t error)
{
	uintptr_t addr = vector == VECTOR_PF ? read_cr2() : 0;
	bool irqs = r->flags & FLAGS_IF;

	percpu()->interrupts[vector]++;
	if (vector == VECTOR_PF && addr < ARCH_USER_END && irqs && extable_has(r->ip) &&
	    !(error & PF_INSTR)) {
		int err;

		arch_irq_enable();
		err = vm_fault(addr, fault_access(error));
		arch_irq_disable();
		if (!err)
			return;
	}
	if ((vector == VECTOR_PF || vector == VECTOR_GP || vector == VECTOR_NP) && extable_fix(r))
		return;
	core_fault(r, vector, error, addr);
}

/* The app's frame, whose IRET faulted, with the registers of the moment, at the stack's top. */
struct regs *exception_fix_iret(struct regs *bad)
{
	struct regs *r = (struct regs *)(percpu()->stack_top - sizeof(*r)), whole = *bad;

	/* The faulting IRET's stack pointer points at the five words it could not take. */
	memcpy(&whole.ip, (const void *)bad->sp, 5 * sizeof(uint64_t));
	*r = whole;
	return r;
}
