/* SPDX-License-Identifier: MIT */
/*
 * Spin locks. The core is not preempted, so a plain spin_lock needs no more than the lock itself;
 * the irqsave form is for what an interrupt handler takes too. Never held over an access to the
 * app's memory nor over anything that sleeps.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include <arch/cpu.h>
#include <core/compiler.h>

struct spinlock {
	uint32_t locked;
};

#define SPINLOCK_INIT \
	{             \
		0     \
	}

static inline void spin_lock(struct spinlock *l)
{
	while (unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		while (READ_ONCE(l->locked))
			arch_cpu_relax();
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

/* Whoever held l when something was seen that it wrote has given it back, if this is false after. */
static inline bool spin_is_locked(const struct spinlock *l)
{
	return __atomic_load_n(&l->locked, __ATOMIC_ACQUIRE);
}

static inline unsigned long spin_lock_irqsave(struct spinlock *l)
{
	unsigned long flags = arch_irq_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *l, unsigned long flags)
{
	spin_unlock(l);
	arch_irq_restore(flags);
}

#endif
