/* SPDX-License-Identifier: MIT */
/*
 * The app's FPU and vector state: saved eagerly when a thread leaves its CPU, restored when it
 * comes back unless the registers still hold it. The core itself uses no FPU, so no system call or
 * interrupt touches it. SDM volume 1, chapter 13.
 */
#include <core/log.h>
#include <core/page.h>
#include <core/sched.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

/* x87, SSE, AVX, AVX-512: what a program may use without asking. */
#define XCR0_WANTED   0xe7
#define FXSAVE_SIZE   512
#define FCW_DEFAULT   0x37f
#define MXCSR_DEFAULT 0x1f80
#define FPU_ORDER     0 /* one page holds the state of every feature in XCR0_WANTED */

static void xsetbv(uint64_t v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

/* On each CPU, after CR4 is set. */
void fpu_init(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid r;

	if (!f->xsave) {
		f->xsave_size = FXSAVE_SIZE;
		return;
	}
	r = cpuid(0xd, 0);
	f->xcr0 = (r.eax | (uint64_t)r.edx << 32) & XCR0_WANTED;
	xsetbv(f->xcr0);
	f->xsave_size = cpuid(0xd, 0).ebx;
	BUG_ON(f->xsave_size > PAGE_SIZE << FPU_ORDER);
}

static void save(void *area)
{
	uint32_t lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	if (cpu_features.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
	else if (cpu_features.xsave)
		__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static void restore(const void *area)
{
	uint32_t lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	if (cpu_features.xsave)
		__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
}

/* A fresh state; 64-aligned. NULL without memory. */
void *fpu_alloc(void)
{
	char *area = page_alloc_zeroed(FPU_ORDER);

	if (!area)
		return NULL;
	*(uint16_t *)area = FCW_DEFAULT;
	*(uint32_t *)(area + 24) = MXCSR_DEFAULT;
	return area;
}

void fpu_free(void *area)
{
	if (area)
		page_free(area, FPU_ORDER);
}

/* Interrupts off; on the CPU where prev ran and next will. A thread without an area is the core's. */
void fpu_switch(struct thread *prev, struct thread *next)
{
	struct percpu *p = percpu();

	if (prev->arch.fpu && p->fpu_owner == prev)
		save(prev->arch.fpu);
	if (next->arch.fpu && p->fpu_owner != next) {
		restore(next->arch.fpu);
		p->fpu_owner = next;
	}
}
