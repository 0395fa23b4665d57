/* SPDX-License-Identifier: MIT */
/*
 * The app's FPU and vector state: saved eagerly when a thread leaves its CPU, restored when it
 * comes back unless the registers still hold it. The core itself uses no FPU, so no system call or
 * interrupt touches it. In memory the state has the form that the save instruction of this CPU
 * makes, compacted where there is XSAVES or XSAVEC; signal frames have the standard form
 * (fpu_frame.c). SDM volume 1, chapter 13.
 *
 * The registers hold a thread's state if this CPU's fpu_owner is the thread and the thread's
 * fpu_cpu is this CPU: it may have run elsewhere since.
 */
#include <core/log.h>
#include <core/page.h>
#include <core/sched.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/percpu.h>

/* x87, SSE, AVX, AVX-512, PKRU: what a program may use without asking. */
#define XCR0_WANTED 0x2e7
#define FPU_ORDER   0 /* one page holds the state of every feature in XCR0_WANTED */

#define MXCSR_MASK_DEFAULT 0xffbf /* of a CPU whose FXSAVE tells none: SDM volume 1, 11.6.6 */

/* The state that the SDM calls initial; also room to learn the MXCSR mask in. */
static struct xsave_area init_state = {.fcw = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT};

struct fpu_features fpu __ro_after_init;

static void xsetbv(uint64_t v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

/* SDM volume 1, section 13.2. XCR0 is set, as the sizes depend on it. */
static void detect_xsave(void)
{
	struct cpuid sizes = cpuid(0xd, 0), variant = cpuid(0xd, 1);

	fpu.frame_size = sizes.ebx;
	fpu.area_size = sizes.ebx;
	if (variant.eax & 8)
		fpu.save = FPU_XSAVES;
	else if (variant.eax & 2)
		fpu.save = FPU_XSAVEC;
	else
		fpu.save = variant.eax & 1 ? FPU_XSAVEOPT : FPU_XSAVE;
	if (fpu.save == FPU_XSAVES || fpu.save == FPU_XSAVEC) {
		fpu.compacted = XCOMP_COMPACTED | cpu_features.xcr0;
		fpu.area_size = max(variant.ebx, sizes.ebx);
	}
	BUG_ON(fpu.area_size > PAGE_SIZE << FPU_ORDER);
}

static void detect_mxcsr_mask(void)
{
	struct xsave_area *area = &init_state;

	__asm__ volatile("fxsave64 %0" : "=m"(*area)::"memory");
	fpu.mxcsr_mask = area->mxcsr_mask ? area->mxcsr_mask : MXCSR_MASK_DEFAULT;
	*area = (struct xsave_area){.fcw = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT};
}

/* On each CPU, after CR4 is set; the boot CPU comes first and finds out for all. */
void fpu_init(void)
{
	struct cpu_features *f = &cpu_features;
	bool first = !fpu.area_size;

	if (f->xsave && first) {
		struct cpuid r = cpuid(0xd, 0);

		f->xcr0 = (r.eax | (uint64_t)r.edx << 32) & XCR0_WANTED;
	}
	if (f->xsave)
		xsetbv(f->xcr0);
	if (first) {
		fpu.area_size = fpu.frame_size = FXSAVE_SIZE;
		fpu.save = FPU_FXSAVE;
		if (f->xsave)
			detect_xsave();
		detect_mxcsr_mask();
	}
	/* Supervisor states, which XSAVES would save too, are not used. */
	if (fpu.save == FPU_XSAVES)
		wrmsr(MSR_XSS, 0);
}

static void save(void *area)
{
	uint32_t lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	switch (fpu.save) {
	case FPU_XSAVES:
		__asm__ volatile("xsaves64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
		break;
	case FPU_XSAVEC:
		__asm__ volatile("xsavec64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
		break;
	case FPU_XSAVEOPT:
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
		break;
	case FPU_XSAVE:
		__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
		break;
	case FPU_FXSAVE:
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
		break;
	}
}

static void restore(const void *area)
{
	uint32_t lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	if (fpu.save == FPU_XSAVES)
		__asm__ volatile("xrstors64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
	else if (fpu.save == FPU_FXSAVE)
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
}

void *fpu_alloc(void)
{
	struct xsave_area *area = page_alloc_zeroed(FPU_ORDER);

	if (!area)
		return NULL;
	/* An empty XSTATE_BV: every component is restored to its initial state. */
	area->fcw = FCW_DEFAULT;
	area->mxcsr = MXCSR_DEFAULT;
	area->xcomp_bv = fpu.compacted;
	return area;
}

void *fpu_copy(void)
{
	unsigned long irq;
	void *area = page_alloc_zeroed(FPU_ORDER);

	if (!area)
		return NULL;
	irq = arch_irq_save();
	save(area);
	arch_irq_restore(irq);
	return area;
}

void fpu_free(void *area)
{
	if (area)
		page_free(area, FPU_ORDER);
}

void fpu_reset(uint64_t components)
{
	if (fpu.save == FPU_FXSAVE)
		__asm__ volatile("fxrstor64 %0" ::"m"(init_state));
	else
		__asm__ volatile("xrstor64 %0" ::"m"(init_state), "a"((uint32_t)components),
				 "d"((uint32_t)(components >> 32)));
}

void fpu_switch(struct thread *prev, struct thread *next)
{
	struct percpu *p = percpu();
	uint32_t here = p->id + 1;

	if (prev->arch.fpu && p->fpu_owner == prev && prev->arch.fpu_cpu == here)
		save(prev->arch.fpu);
	if (next->arch.fpu && (p->fpu_owner != next || next->arch.fpu_cpu != here)) {
		restore(next->arch.fpu);
		p->fpu_owner = next;
		next->arch.fpu_cpu = here;
	}
}
