/* SPDX-License-Identifier: MIT */
/* x86-64's side of arch/cpu.h. GS points at this CPU's block while in ring 0 (percpu.h). */
#ifndef ARCH_IMPL_CPU_H
#define ARCH_IMPL_CPU_H

#define ARCH_MAX_CPUS 64

#define X86_FLAGS_IF (1UL << 9)

/* Offsets in struct percpu, asserted in percpu.c: the assembly and these accessors share them. */
#define PERCPU_CURRENT 24
#define PERCPU_ID      32

static inline struct thread *arch_current(void)
{
	struct thread *t;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(t) : "i"(PERCPU_CURRENT));
	return t;
}

static inline unsigned arch_cpu_id(void)
{
	unsigned id;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(PERCPU_ID));
	return id;
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void arch_irq_restore(unsigned long flags)
{
	if (flags & X86_FLAGS_IF)
		arch_irq_enable();
}

static inline bool arch_irq_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags & X86_FLAGS_IF;
}

/* CPUID serializes: SDM volume 3, section 8.3. */
static inline void arch_sync_core(void)
{
	uint32_t leaf = 0;

	__asm__ volatile("cpuid" : "+a"(leaf)::"ebx", "ecx", "edx", "memory");
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline uint64_t arch_cycles(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

#endif
