/* SPDX-License-Identifier: MIT */
/*
 * Offsets and sizes that the assembly needs: compiled, never linked; the build turns the marked
 * lines into generated/offsets.h. Where a number is also written by hand, it is asserted here.
 */
#include <core/sched.h>
#include <x86/percpu.h>
#include <x86/regs.h>
#include <x86/sigframe.h>
#include <x86/smp.h>

#define DEFINE(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" ::"i"(value))
#define REG(NAME, field)    DEFINE(REGS_##NAME, offsetof(struct regs, field))

_Static_assert(sizeof(struct regs) == 21 * 8, "the register file has 21 words");
_Static_assert(offsetof(struct percpu, current) == PERCPU_CURRENT, "see arch_current()");
_Static_assert(offsetof(struct percpu, id) == PERCPU_ID, "see arch_cpu_id()");
_Static_assert(offsetof(struct percpu, canary) == 40, "the compiler's stack protector");
_Static_assert(offsetof(struct tss, ports) == 104, "SDM volume 3, figure 8-11");
_Static_assert(offsetof(struct thread, work) == 0, "entry.S tests it by the thread's address");

void offsets(void);
void offsets(void)
{
	REG(R15, r15);
	REG(R14, r14);
	REG(R13, r13);
	REG(R12, r12);
	REG(BP, bp);
	REG(BX, bx);
	REG(R11, r11);
	REG(R10, r10);
	REG(R9, r9);
	REG(R8, r8);
	REG(AX, ax);
	REG(CX, cx);
	REG(DX, dx);
	REG(SI, si);
	REG(DI, di);
	REG(ORIG_AX, orig_ax);
	REG(IP, ip);
	REG(CS, cs);
	REG(FLAGS, flags);
	REG(SP, sp);
	REG(SS, ss);
	DEFINE(REGS_SIZE, sizeof(struct regs));
	DEFINE(PERCPU_SELF, offsetof(struct percpu, self));
	DEFINE(PERCPU_SCRATCH_SP, offsetof(struct percpu, scratch_sp));
	DEFINE(PERCPU_STACK_TOP, offsetof(struct percpu, stack_top));
	DEFINE(PERCPU_CURRENT, offsetof(struct percpu, current));
	DEFINE(PERCPU_SYSCALLS, offsetof(struct percpu, syscalls));
	DEFINE(PERCPU_SYSCALLS_OUTSIDE, offsetof(struct percpu, syscalls_outside));
	DEFINE(PERCPU_IRETS, offsetof(struct percpu, irets));
	DEFINE(SMP_SLOT_APIC_ID, offsetof(struct smp_slot, apic_id));
	DEFINE(SMP_SLOT_CPU, offsetof(struct smp_slot, cpu));
	DEFINE(SMP_SLOT_SIZE, sizeof(struct smp_slot));
	DEFINE(THREAD_SP, offsetof(struct thread, arch.sp));
	DEFINE(XSAVE_MXCSR, offsetof(struct xsave_area, mxcsr));
	DEFINE(XSAVE_BV, offsetof(struct xsave_area, xstate_bv));
	DEFINE(XSAVE_HEADER_WORDS, XSAVE_HEADER_SIZE / 8);
	DEFINE(XSAVE_LEGACY, XSTATE_X87 | XSTATE_SSE);
	DEFINE(FPU_MARKS, SIGFRAME_FPU_MARKS);
	DEFINE(FPU_MARKS_WORDS, sizeof(struct sigframe_fpu) / 8);
	DEFINE(FPU_MAGIC2, SIGFRAME_FPU_MAGIC2);
	DEFINE(WORK_ON_ENTRY, WORK_ON_ENTRY);
	DEFINE(WORK_ON_EXIT, WORK_ON_EXIT);
}
