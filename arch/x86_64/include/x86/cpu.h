/* SPDX-License-Identifier: MIT */
/* Instructions and features of the CPU (cpu.c). */
#ifndef X86_CPU_H
#define X86_CPU_H

#include <core/compiler.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t read_cr0(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr0, %0" : "=r"(v));
	return v;
}

static inline void write_cr0(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr0" ::"r"(v) : "memory");
}

static inline uint64_t read_cr2(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr2, %0" : "=r"(v));
	return v;
}

static inline uint64_t read_cr3(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr3, %0" : "=r"(v));
	return v;
}

static inline void write_cr3(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(v) : "memory");
}

static inline uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr4(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr4" ::"r"(v) : "memory");
}

static inline uint64_t read_dr6(void)
{
	uint64_t v;

	__asm__ volatile("movq %%db6, %0" : "=r"(v));
	return v;
}

static inline void write_dr6(uint64_t v)
{
	__asm__ volatile("movq %0, %%db6" ::"r"(v));
}

/* What the boot CPU has; fixed once cpu_init() ran. */
struct cpu_features {
	bool nx, smep, smap, umip, fsgsbase, gbpages, pge, mca, pku, xsave, x2apic;
	bool tsc, tsc_deadline, tsc_invariant, tsc_adjust, rdrand, rdseed, rdcl_no, hypervisor;
	uint32_t max_leaf, max_ext_leaf;
	uint64_t xcr0;
	uint32_t hwcap;
	uint8_t phys_bits;
	char vendor[13], model[49];
};
extern struct cpu_features cpu_features;

/* Reads CPUID and logs what is missing; boot CPU, once. */
void cpu_detect(void);
/* Sets CR0, CR4, EFER, XCR0 on this CPU and, on the boot CPU, patches text for the features. */
void cpu_enable(void);
void cpu_patch_text(void);

#endif
