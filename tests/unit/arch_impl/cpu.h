/* SPDX-License-Identifier: MIT */
/* The fake architecture's side of arch/cpu.h: one CPU, one thread, interrupts a variable. */
#ifndef ARCH_IMPL_CPU_H
#define ARCH_IMPL_CPU_H

#define ARCH_MAX_CPUS 64

extern struct thread *fake_current;
extern bool fake_irq_on;
extern uint64_t fake_clock;

static inline struct thread *arch_current(void)
{
	return fake_current;
}

static inline unsigned arch_cpu_id(void)
{
	return 0;
}

static inline unsigned long arch_irq_save(void)
{
	bool was = fake_irq_on;

	fake_irq_on = false;
	return was;
}

static inline void arch_irq_restore(unsigned long flags)
{
	if (flags)
		fake_irq_on = true;
}

static inline void arch_irq_enable(void)
{
	fake_irq_on = true;
}

static inline void arch_irq_disable(void)
{
	fake_irq_on = false;
}

static inline bool arch_irq_enabled(void)
{
	return fake_irq_on;
}

/* One CPU: a lock that is waited for is a lock taken twice. */
static inline void arch_sync_core(void)
{
}

static inline void arch_cpu_relax(void)
{
	__builtin_trap();
}

static inline uint64_t arch_cycles(void)
{
	static uint64_t n;

	return fake_clock + n++;
}

#endif
