/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of ring 3 and of the core, but for those on IST stacks (paranoid.c). Called from
 * exceptions.S with interrupts off; each function says whether it turns them on.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <arch/mmu.h>
#include <arch/signal.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/trace.h>
#include <core/uaccess.h>
#include <core/vm.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/percpu.h>

void exception_user(struct regs *r, unsigned vector, uint64_t error);
void exception_core(struct regs *r, unsigned vector, uint64_t error);
struct regs *exception_fix_iret(struct regs *bad);

/* What ring 3's exception is to the app: SDM volume 3, table 6-1; signals and codes are Linux's. */
struct exception {
	const char *name;
	uint8_t signal;
	uint8_t code; /* si_code; 0: SI_KERNEL, which tells no address */
	bool at_ip;   /* si_addr is the instruction */
};

static const struct exception exceptions[32] = {
	[VECTOR_DE] = {"divide error", SIGFPE, ABI_FPE_INTDIV, true},
	[VECTOR_DB] = {"debug exception", SIGTRAP, ABI_TRAP_BRKPT, true},
	[VECTOR_NMI] = {"NMI", SIGBUS, 0, false},
	[VECTOR_BP] = {"breakpoint", SIGTRAP, 0, false},
	[VECTOR_OF] = {"overflow", SIGSEGV, 0, false},
	[VECTOR_BR] = {"bound range exceeded", SIGSEGV, 0, false},
	[VECTOR_UD] = {"invalid opcode", SIGILL, ABI_ILL_ILLOPN, true},
	[VECTOR_NM] = {"device not available", SIGFPE, 0, false},
	[VECTOR_DF] = {"double fault", SIGSEGV, 0, false},
	[9] = {"coprocessor segment overrun", SIGFPE, 0, false},
	[VECTOR_TS] = {"invalid TSS", SIGSEGV, 0, false},
	[VECTOR_NP] = {"segment not present", SIGBUS, 0, false},
	[VECTOR_SS] = {"stack segment fault", SIGBUS, 0, false},
	[VECTOR_GP] = {"general protection fault", SIGSEGV, 0, false},
	[VECTOR_PF] = {"page fault", SIGSEGV, ABI_SEGV_MAPERR, false},
	[VECTOR_MF] = {"x87 floating-point error", SIGFPE, 0, true},
	[VECTOR_AC] = {"alignment check", SIGBUS, ABI_BUS_ADRALN, false},
	[VECTOR_MC] = {"machine check", SIGBUS, 0, false},
	[VECTOR_XM] = {"SIMD floating-point error", SIGFPE, 0, true},
	[VECTOR_CP] = {"control protection fault", SIGSEGV, 0, false},
};

static const struct exception *exception_of(unsigned vector)
{
	static const struct exception reserved = {"reserved exception", SIGSEGV, 0, false};

	if (vector < ARRAY_SIZE(exceptions) && exceptions[vector].name)
		return &exceptions[vector];
	return &reserved;
}

static unsigned fault_access(uint64_t error)
{
	return (error & PF_WRITE ? VM_FAULT_WRITE : 0) | (error & PF_INSTR ? VM_FAULT_EXEC : 0);
}

/* Where and what, in the app's words; the registers and the backtrace follow. */
static _Noreturn void app_ends(unsigned vector, uint64_t error, const struct abi_siginfo *info)
{
	if (vector == VECTOR_PF)
		log_err("app: page fault: %s of %#llx, which is %s",
			error & PF_INSTR   ? "execution"
			: error & PF_WRITE ? "write"
					   : "read",
			(unsigned long long)info->fault.address,
			info->fault.address >= ARCH_USER_END ? "not the app's"
			: info->signo == SIGBUS		     ? "behind the end of its file"
			: info->code == ABI_SEGV_MAPERR	     ? "not mapped"
							     : "mapped without that right");
	else
		log_err("app: %s (vector %u, error code %#llx)", exception_of(vector)->name, vector,
			(unsigned long long)error);
	arch_report_user();
	process_kill(info->signo);
}

/* The exception becomes the signal of info, or the app's end. Interrupts on. */
static void app_signal(unsigned vector, uint64_t error, const struct abi_siginfo *info)
{
	struct arch_thread *t = &current_thread()->arch;

	t->trap_nr = vector;
	t->error_code = error;
	if (vector == VECTOR_PF)
		t->cr2 = info->fault.address;
	if (!signal_force(info))
		app_ends(vector, error, info);
}

static __noinline void page_fault_signal(uint64_t error, uintptr_t addr, int err)
{
	struct abi_siginfo info = {.signo = SIGSEGV, .fault.address = addr};

	if (err == -ENOMEM) {
		vm_out_of_memory(addr);
		process_kill(SIGKILL);
	}
	/* Which of the core's addresses are mapped is not told: all look as if they were. */
	error |= PF_USER | (addr >= ARCH_USER_END ? PF_PRESENT : 0);
	if (err == -ENXIO) {
		info.signo = SIGBUS;
		info.code = ABI_BUS_ADRERR;
		app_signal(VECTOR_PF, error, &info);
		return;
	}
	info.code = err == -EACCES ? ABI_SEGV_ACCERR : ABI_SEGV_MAPERR;
	/* Every page has key 0, which is what siginfo tells. */
	if (error & PF_PKEY)
		info.code = ABI_SEGV_PKUERR;
	app_signal(VECTOR_PF, error, &info);
}

static void page_fault_user(uint64_t error, uintptr_t addr)
{
	int err = -EFAULT;

	arch_irq_enable();
	/* What the CPU does for itself (a descriptor, say) or PKRU forbids, mapping a page won't help. */
	if (addr < ARCH_USER_END && (error & ~(PF_PRESENT | PF_WRITE | PF_INSTR)) == PF_USER)
		err = vm_fault(addr, fault_access(error));
	if (unlikely(err))
		page_fault_signal(error, addr, err);
	arch_irq_disable();
}

/* si_code of a #DB, by its causes as DR6 has them (exceptions.S); INT1 leaves none. */
static int debug_code(uint64_t causes)
{
	if (causes & DR6_STEP)
		return ABI_TRAP_TRACE;
	return causes & DR6_TRAPS ? ABI_TRAP_HWBKPT : ABI_TRAP_BRKPT;
}

/*
 * SYSENTER keeps neither RIP nor RSP and so has no way back: its code segment is null (segments.c),
 * which makes it #GP. Who tries it learns by RAX that there is no such system call, as on Linux; the
 * signal follows. Not for code segments with a base: reading there would be guessing.
 */
static void sysenter_answer(struct regs *r)
{
	static const uint8_t sysenter[] = {0x0f, 0x34};
	uint8_t code[sizeof(sysenter)];

	if ((r->cs == SEL_USER_CS || r->cs == SEL_USER_CS32) &&
	    !copy_from_user(code, (const void __user *)r->ip, sizeof(code)) &&
	    !memcmp(code, sysenter, sizeof(code)))
		r->ax = -ENOSYS;
}

/* Every exception but #PF that is a signal. */
static __noinline void exception_signal(struct regs *r, unsigned vector, uint64_t error)
{
	const struct exception *e = exception_of(vector);
	struct abi_siginfo info = {.signo = e->signal, .code = e->code};

	arch_irq_enable();
	if (vector == VECTOR_GP && error == 0)
		sysenter_answer(r);
	if (vector == VECTOR_MF || vector == VECTOR_XM)
		info.code = fpu_exception_code(vector);
	else if (vector == VECTOR_DB)
		info.code = debug_code(error);
	else if (!info.code)
		info.code = ABI_SI_KERNEL;
	if (e->at_ip)
		info.fault.address = r->ip;
	/* Without a code the x87 unit has taken its exception back: the instruction runs again. */
	if (info.code)
		app_signal(vector, vector == VECTOR_AC || vector == VECTOR_DB ? 0 : error, &info);
	arch_irq_disable();
}

/* One machine check may mean nothing to the app, as what the hardware has mended. */
static __noinline void machine_check_signal(struct regs *r, uint64_t error)
{
	struct abi_siginfo info;

	if (!machine_check_user(r, &info))
		return;
	arch_irq_enable();
	app_signal(VECTOR_MC, error, &info);
	arch_irq_disable();
}

/* From ring 3, on the thread's stack. Turns interrupts on while it works. */
void exception_user(struct regs *r, unsigned vector, uint64_t error)
{
	percpu()->interrupts[vector]++;
	if (vector == VECTOR_PF)
		page_fault_user(error, read_cr2());
	else if (vector == VECTOR_INT80)
		r->ax = int80_call(r);
	else if (vector == VECTOR_MC)
		machine_check_signal(r, error);
	else
		exception_signal(r, vector, error);
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
	log_err("core: %s (vector %u, error code %#llx) at %#llx%s", exception_of(vector)->name,
		vector, (unsigned long long)error, (unsigned long long)r->ip,
		stack_overflown(r, vector, addr) ? ": core stack overflow" : "");
	if (vector == VECTOR_PF)
		log_err("core: page fault address %#lx", (unsigned long)addr);
	report_registers(r);
	report_backtrace(r->ip, r->bp);
	panic_reported(exception_of(vector)->name);
}

/* From the core itself. A copy on the app's behalf may fault: only there is it not our bug. */
void exception_core(struct regs *r, unsigned vector, uint64_t error)
{
	uintptr_t addr = vector == VECTOR_PF ? read_cr2() : 0;
	bool irqs = r->flags & FLAGS_IF;

	percpu()->interrupts[vector]++;
	if (vector == VECTOR_PF && addr < ARCH_USER_END && irqs && extable_has(r->ip) &&
	    !(error & (PF_INSTR | PF_PKEY))) {
		int err;

		arch_irq_enable();
		err = vm_fault(addr, fault_access(error));
		/* The copy fails; the app ends where the call does. */
		if (unlikely(err == -ENOMEM)) {
			vm_out_of_memory(addr);
			signal_send_self(SIGKILL);
		}
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
