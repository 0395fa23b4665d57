/* SPDX-License-Identifier: MIT */
/*
 * Signals as x86-64 has them: the frame a handler finds on its stack (x86/sigframe.h), rt_sigreturn
 * that takes it back, and which system calls are made again. What to deliver is core/signal.h's
 * business. Everything read back from a frame is the app's word: it becomes registers only as far
 * as ring 3 could have set them itself, and IRET has the last say about CS, SS and RIP.
 */
#include <abi/errno.h>
#include <arch/signal.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/trace.h>
#include <core/uaccess.h>
#include <generated/syscall_numbers.h>
#include <x86/arch.h>
#include <x86/asm.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/sigframe.h>

#define SYSCALL_LENGTH 2 /* of the instruction */

#define STACK_ALIGN 16ul
#define FPU_ALIGN   64ul

/* LAR's answer for a data segment that ring 3 may use as its stack. SDM volume 3, section 3.4.5. */
#define LAR_DPL_S_P_TYPE 0xfe00
#define LAR_USER_DATA	 0xf200 /* read and write, accessed or not */
#define LAR_EXPAND_DOWN	 0x0400

/* Keeps a stack segment that IRET to 64-bit code would take; else sets the usual one. */
static void make_ss_valid(struct regs *r)
{
	uint32_t rights = 0;

	__asm__("larl %1, %0; jz 1f; xorl %0, %0; 1:" : "+r"(rights) : "r"((uint32_t)r->ss) : "cc");
	rights &= LAR_DPL_S_P_TYPE & ~LAR_EXPAND_DOWN;
	if (rights != LAR_USER_DATA)
		r->ss = SEL_USER_SS;
}

static bool in_64bit_code(const struct regs *r)
{
	return r->cs == SEL_USER_CS;
}

/* ---- the way in ---- */

static void registers_save(struct sigframe_registers *to, const struct regs *r)
{
	const struct arch_thread *t = &current_thread()->arch;

	*to = (struct sigframe_registers){
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.di = r->di,
		.si = r->si,
		.bp = r->bp,
		.bx = r->bx,
		.dx = r->dx,
		.ax = r->ax,
		.cx = r->cx,
		.sp = r->sp,
		.ip = r->ip,
		.cs = r->cs,
		.flags = r->flags,
		.ss = r->ss,
		.err = t->error_code,
		.trapno = t->trap_nr,
		.cr2 = t->cr2,
	};
}

/* True if sp lies on the alternate stack. Where the app has it disarmed, none is in use. */
static bool on_altstack(uintptr_t sp)
{
	const struct abi_stack *a = &current_thread()->signals.altstack;

	return sp > a->sp && sp - a->sp <= a->size;
}

/* Where the frame goes, and its FPU area; 0 if it would run over the alternate stack's end. */
static uintptr_t frame_place(const struct regs *r, const struct signal_delivery *d, uintptr_t *fpu)
{
	const struct abi_stack *a = &current_thread()->signals.altstack;
	bool nested = on_altstack(r->sp) && !((uint32_t)a->flags & ABI_SS_AUTODISARM);
	uintptr_t below = r->sp - RED_ZONE, sp = signal_stack(d, below), frame;

	*fpu = ALIGN_DOWN(sp - fpu_frame_bytes(), FPU_ALIGN);
	frame = ALIGN_DOWN(*fpu - sizeof(struct sigframe), STACK_ALIGN) - 8;
	if ((nested || sp != below) && !on_altstack(frame)) {
		log_warn("app: the frame of signal %d overflows the alternate stack",
			 d->info.signo);
		return 0;
	}
	return frame;
}

static bool frame_write(const struct regs *r, const struct signal_delivery *d, uintptr_t frame,
			uintptr_t fpu)
{
	struct sigframe f;

	f.restorer = d->action.restorer;
	f.context.flags = UC_SIGCONTEXT_SS | (cpu_features.xsave ? UC_FP_XSTATE : 0) |
			  (in_64bit_code(r) ? UC_STRICT_RESTORE_SS : 0);
	f.context.link = 0;
	f.context.stack = current_thread()->signals.altstack;
	registers_save(&f.context.registers, r);
	f.context.registers.fpu = fpu;
	f.context.registers.oldmask = d->frame_mask;
	f.context.mask = d->frame_mask;
	if (copy_to_user((void __user *)frame, &f, offsetof(struct sigframe, info)))
		return false;
	return !(d->action.flags & ABI_SA_SIGINFO) ||
	       !copy_to_user((void __user *)(frame + offsetof(struct sigframe, info)), &d->info,
			     sizeof(d->info));
}

/* Puts the frame of d on the app's stack and its registers into the handler; false: it cannot. */
static bool handler_enter(struct regs *r, const struct signal_delivery *d)
{
	uintptr_t fpu, frame = frame_place(r, d, &fpu);

	if (!(d->action.flags & ABI_SA_RESTORER) || !frame || !fpu_frame_save(fpu) ||
	    !frame_write(r, d, frame, fpu))
		return false;
	r->di = d->info.signo;
	r->si = frame + offsetof(struct sigframe, info);
	r->dx = frame + offsetof(struct sigframe, context);
	r->ax = 0;
	r->ip = d->action.handler;
	r->sp = frame;
	r->flags &= ~(uint64_t)(FLAGS_DF | FLAGS_RF | FLAGS_TF);
	r->orig_ax = -1;
	r->cs = SEL_USER_CS;
	if (r->ss != SEL_USER_SS)
		make_ss_valid(r);
	fpu_reset(cpu_features.xcr0);
	return true;
}

/* A call that a signal broke off: made again, or EINTR. handler: one runs, with sa_flags. */
static void restart_call(struct regs *r, bool handler, uint64_t sa_flags)
{
	bool again = !handler;

	if ((int32_t)r->orig_ax < 0)
		return;
	switch (-r->ax) {
	case ERESTARTNOINTR:
		again = true;
		break;
	case ERESTARTSYS:
		again = again || sa_flags & ABI_SA_RESTART;
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		break;
	default:
		return;
	}
	if (!again) {
		r->ax = -EINTR;
		return;
	}
	r->ax = -r->ax == ERESTART_RESTARTBLOCK ? SYS_restart_syscall : r->orig_ax;
	r->ip -= SYSCALL_LENGTH;
}

/* One signal; the exit asks again while there is work. */
void signal_deliver(struct regs *r)
{
	struct signal_delivery d;

	if (!signal_next(&d)) {
		restart_call(r, false, 0);
		signal_restore_saved();
		return;
	}
	trace_signal(&d.info);
	restart_call(r, true, d.action.flags);
	if (handler_enter(r, &d)) {
		signal_handler_begins(&d);
		signal_altstack_entered();
	} else {
		signal_frame_failed(&d);
	}
}

/* ---- the way back ---- */

static void registers_restore(struct regs *r, const struct sigframe_registers *from)
{
	*r = (struct regs){
		.r15 = from->r15,
		.r14 = from->r14,
		.r13 = from->r13,
		.r12 = from->r12,
		.bp = from->bp,
		.bx = from->bx,
		.r11 = from->r11,
		.r10 = from->r10,
		.r9 = from->r9,
		.r8 = from->r8,
		.ax = from->ax,
		.cx = from->cx,
		.dx = from->dx,
		.si = from->si,
		.di = from->di,
		.orig_ax = -1, /* no call to be made again */
		.ip = from->ip,
		.cs = from->cs | 3,
		.flags = (r->flags & ~(uint64_t)FLAGS_APP) | (from->flags & FLAGS_APP),
		.sp = from->sp,
		.ss = from->ss | 3,
	};
}

/*
 * The stack pointer is where the handler found the frame, less the return address that it popped.
 * Leaves by IRET straight from here, as C's way back would not take the registers it preserves from
 * the file; but a frame that cannot be read leaves them alone, and the call returns.
 */
long sys_rt_sigreturn(void)
{
	static const struct abi_siginfo bad = {.signo = SIGSEGV, .code = ABI_SI_KERNEL};
	struct regs *r = user_regs();
	struct sigframe_context c;
	bool readable = !copy_from_user(
		&c, (void __user *)(r->sp - 8 + offsetof(struct sigframe, context)), sizeof(c));
	bool good = false;

	if (readable) {
		current_thread()->restart.fn = NULL;
		signal_set_blocked(c.mask);
		registers_restore(r, &c.registers);
		if (!(c.flags & UC_STRICT_RESTORE_SS) && in_64bit_code(r))
			make_ss_valid(r);
		good = fpu_frame_restore(c.registers.fpu);
	}
	/* What the app may not have as its alternate stack is not an error here: Linux's rule. */
	if (good)
		(void)signal_altstack_set(&c.stack, r->sp);
	if (!good && !signal_force(&bad)) {
		log_err("app: the frame for rt_sigreturn is %s", readable ? "corrupt" : "gone");
		if (readable)
			arch_report_user();
		process_kill(SIGSEGV);
	}
	if (!readable)
		return 0;
	exit_to_user();
}

/* ---- what the core asks ---- */

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

/*
 * The most that a frame takes of an alternate stack: FPU area and frame, each as badly aligned as
 * can be, and the byte by which the stack pointer must stay above the end.
 */
unsigned long arch_minsigstksz(void)
{
	size_t frame = ALIGN_UP(sizeof(struct sigframe), STACK_ALIGN) + 8;

	return ALIGN_UP(fpu_frame_bytes() + FPU_ALIGN - 1 + frame + 1, STACK_ALIGN);
}
