/* SPDX-License-Identifier: MIT */
/*
 * Contract: the CPU the code runs on. Implemented by arch_impl/cpu.h of each architecture and, for
 * unit tests, of tests/unit. Everything here is callable in any context.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <core/compiler.h>

struct thread;

static inline struct thread *arch_current(void);
static inline unsigned arch_cpu_id(void); /* 0 .. ARCH_MAX_CPUS-1 */

/* Interrupts of this CPU. save returns what restore takes. */
static inline unsigned long arch_irq_save(void);
static inline void arch_irq_restore(unsigned long flags);
static inline void arch_irq_enable(void);
static inline void arch_irq_disable(void);
static inline bool arch_irq_enabled(void);

static inline void arch_cpu_relax(void);
/* What was written as instructions before, here or by another CPU, is what this CPU executes after. */
static inline void arch_sync_core(void);
/* A counter that never goes back on this CPU and is cheap; its unit is not told. */
static inline uint64_t arch_cycles(void);

#include <arch_impl/cpu.h>

/*
 * Called with interrupts off: enables them and halts until the next interrupt, in such a way that
 * one that came before is not slept through. Returns with interrupts on.
 */
void arch_idle(void);

/* Interrupt controllers, clock, timer of the boot CPU: once, interrupts off, memory is there. */
void arch_init(void);

/* 64 random bits of the CPU's own generator; false if it has none or it failed. */
bool arch_random(uint64_t *out);

/* Makes text and what is __ro_after_init read-only; called once, before the app starts. */
void arch_seal(void);

/* A symbolised backtrace of the caller to the log. */
void arch_backtrace(void);

/* The machine's end. status as in core/output.h's OUTPUT_STATUS. */
_Noreturn void arch_power_off(unsigned status);
_Noreturn void arch_reboot(void);
_Noreturn void arch_halt(void);

#endif
