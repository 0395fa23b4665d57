/* SPDX-License-Identifier: MIT */
/* Threads as the CPU sees them: stacks, switching, the first step into ring 3, FS and GS bases. */
#include <abi/errno.h>
#include <arch/thread.h>
#include <core/log.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

#define THREAD_STACK_ORDER 2 /* 16 KiB */

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

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
	random_bytes(&t->arch.canary, sizeof(t->arch.canary));
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
	stack_free(t->arch.stack_top, THREAD_STACK_ORDER);
}

static uint64_t read_fs_base(void)
{
	uint64_t v;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

static void write_fs_base(uint64_t v)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("wrfsbase %0" ::"r"(v));
	else
		wrmsr(MSR_FS_BASE, v);
}

/* The app's GS base waits in the other register while the core runs. */
static uint64_t read_user_gs_base(void)
{
	unsigned long irq;
	uint64_t v;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_KERNEL_GS_BASE);
	irq = arch_irq_save();
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v)::"memory");
	arch_irq_restore(irq);
	return v;
}

static void write_user_gs_base(uint64_t v)
{
	unsigned long irq;

	if (!cpu_features.fsgsbase) {
		wrmsr(MSR_KERNEL_GS_BASE, v);
		return;
	}
	irq = arch_irq_save();
	__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(v) : "memory");
	arch_irq_restore(irq);
}

/* Kept out of line and unprotected: the canary changes in the middle. */
__attribute__((noinline, optimize("no-stack-protector"))) void arch_thread_switch(
	struct thread *prev, struct thread *next)
{
	struct percpu *p = percpu();
	uint32_t ss;

	fpu_switch(prev, next);
	if (prev->arch.fpu) {
		prev->arch.fs_base = read_fs_base();
		prev->arch.gs_base = read_user_gs_base();
	}
	if (next->arch.fpu) {
		write_fs_base(next->arch.fs_base);
		write_user_gs_base(next->arch.gs_base);
	}
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
	write_fs_base(0);
	write_user_gs_base(0);
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

long sys_arch_prctl(int code, uintptr_t addr)
{
	uint64_t base;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		/* The paranoid entry tells whose GS it is by the sign where there is no FSGSBASE. */
		if (addr >= ARCH_USER_END)
			return -EPERM;
		if (code == ARCH_SET_FS)
			write_fs_base(addr);
		else
			write_user_gs_base(addr);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		base = code == ARCH_GET_FS ? read_fs_base() : read_user_gs_base();
		return copy_to_user((void __user *)addr, &base, sizeof(base));
	}
	return -EINVAL;
}

unsigned long arch_hwcap(void)
{
	return cpu_features.hwcap;
}

unsigned long arch_minsigstksz(void)
{
	/* Linux's frame: ucontext, siginfo, the FPU area with its two magic words, alignment. */
	return 2048 + cpu_features.xsave_size;
}
