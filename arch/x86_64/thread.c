/* SPDX-License-Identifier: MIT */
/* Threads as the CPU sees them: stacks, switching, the first step into ring 3. */
#include <abi/errno.h>
#include <arch/thread.h>
#include <core/log.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/ioports.h>
#include <x86/percpu.h>
#include <x86/selectors.h>

#define THREAD_STACK_ORDER 2 /* 16 KiB */

extern void thread_switch(uint64_t *prev_sp, uint64_t next_sp);
extern const char thread_start[];
_Noreturn void thread_begin(void (*fn)(void *), void *arg);

/* What thread_switch() pops. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, bx, bp, ip;
};

int arch_thread_init(struct thread *t, void (*fn)(void *), void *arg)
{
	uintptr_t top = stack_alloc(THREAD_STACK_ORDER);
	struct switch_frame *f;

	if (!top)
		return -ENOMEM;
	/* The place of struct regs stays free: entering ring 3 fills it from below. */
	f = (struct switch_frame *)(top - sizeof(struct regs)) - 1;
	memset(f, 0, sizeof(*f));
	f->bx = (uintptr_t)fn;
	f->r12 = (uintptr_t)arg;
	f->ip = (uintptr_t)thread_start;
	t->arch.stack_top = top;
	t->arch.sp = (uintptr_t)f;
	t->arch.canary = random_u64();
	t->arch.canary &= ~0xffull; /* a string that runs over ends before it */
	return 0;
}

/* t is not running and never will again. */
void arch_thread_destroy(struct thread *t)
{
	struct percpu *p = percpu();

	if (p->fpu_owner == t)
		p->fpu_owner = NULL;
	fpu_free(t->arch.fpu);
	ioports_free(&t->arch);
	stack_free(t->arch.stack_top, THREAD_STACK_ORDER);
}

/* Kept out of line and unprotected: the canary changes in the middle. */
__attribute__((noinline, optimize("no-stack-protector"))) void arch_thread_switch(
	struct thread *prev, struct thread *next)
{
	struct percpu *p = percpu();
	uint32_t ss;

	fpu_switch(prev, next);
	if (likely(prev->arch.fpu && next->arch.fpu))
		selectors_switch(&prev->arch, &next->arch);
	else if (prev->arch.fpu)
		selectors_save(&prev->arch);
	else if (next->arch.fpu)
		selectors_load(&next->arch);
	if (next->arch.fpu)
		ioports_load(p, &next->arch);
	/*
	 * An interrupt from ring 3 leaves SS null; AMD's SYSRET would keep that descriptor's hidden
	 * part for the next thread. APM volume 3, SYSRET.
	 */
	__asm__ volatile("movl %%ss, %0" : "=r"(ss));
	if (ss != SEL_KERNEL_SS)
		__asm__ volatile("movl %0, %%ss" ::"r"(SEL_KERNEL_SS));
	p->current = next;
	p->canary = next->arch.canary;
	percpu_set_stack(p, next->arch.stack_top);
	thread_switch(&prev->arch.sp, next->arch.sp);
}

/* First C of a new thread, interrupts off. */
_Noreturn void thread_begin(void (*fn)(void *), void *arg)
{
	sched_switched();
	arch_irq_enable();
	fn(arg);
	thread_exit();
}

_Noreturn void arch_enter_user(uintptr_t pc, uintptr_t sp)
{
	struct thread *t = current_thread();
	struct regs *r = (struct regs *)(t->arch.stack_top - sizeof(struct regs));

	t->arch.fpu = fpu_alloc();
	if (!t->arch.fpu)
		panic("no memory for the first thread's FPU state");
	arch_irq_disable();
	fpu_switch(t, t);
	selectors_load(&t->arch);
	ioports_load(percpu(), &t->arch);
	memset(r, 0, sizeof(*r));
	r->orig_ax = -1;
	r->ip = pc;
	r->sp = sp;
	r->flags = FLAGS_FIXED | FLAGS_IF;
	r->cs = SEL_USER_CS;
	r->ss = SEL_USER_SS;
	__asm__ volatile("movq %0, %%rsp; jmp return_to_user" ::"r"(r) : "memory");
	__builtin_unreachable();
}

int arch_thread_clone(struct thread *t, uintptr_t sp, uintptr_t tls, bool set_tls)
{
	const struct arch_thread *now = &current_thread()->arch;
	struct regs *r = (struct regs *)(t->arch.stack_top - sizeof(*r));
	unsigned long irq;

	t->arch.fpu = fpu_copy();
	if (!t->arch.fpu || ioports_copy(&t->arch, now))
		return -ENOMEM;
	memcpy(t->arch.tls, now->tls, sizeof(now->tls));
	t->arch.tls_used = now->tls_used;
	*r = *(const struct regs *)(now->stack_top - sizeof(*r));
	r->orig_ax = -1;
	r->ax = 0;
	if (sp)
		r->sp = sp;
	irq = arch_irq_save();
	selectors_save(&t->arch);
	arch_irq_restore(irq);
	if (set_tls)
		selectors_set_fs_base(&t->arch, tls);
	return 0;
}

_Noreturn void arch_resume_user(void)
{
	arch_irq_disable();
	__asm__ volatile("movq %0, %%rsp; jmp return_to_user" ::"r"(
				 current_thread()->arch.stack_top - sizeof(struct regs))
			 : "memory");
	__builtin_unreachable();
}

#define HWCAP2_FSGSBASE 2

unsigned long arch_hwcap(unsigned word)
{
	if (word)
		return cpu_features.fsgsbase ? HWCAP2_FSGSBASE : 0;
	return cpu_features.hwcap;
}
