// SPDX-License-Identifier: MIT
/*
 * Deferred work: one word of pending kinds for each CPU. Raising also sets WORK_DEFERRED in the
 * running thread's work word, which the exit to ring 3 tests; the scheduler sets it in a thread it
 * switches to while work is pending. No lock: words are changed with atomics, a CPU runs its own
 * only. Called by interrupt handlers (raise), the exit path, the idle loop, and net's unlock (run).
 */
#include <arch/cpu.h>
#include <core/deferred.h>
#include <core/log.h>
#include <core/sched.h>

static void (*handlers[DEFERRED_KINDS])(void);

static struct {
	uint32_t pending; /* a bit a kind */
	bool running; /* a handler's own call of deferred_run() leaves the work to the outer one */
} __aligned(64) cpus[ARCH_MAX_CPUS];

void deferred_register(enum deferred_kind kind, void (*handler)(void))
{
	BUG_ON(handlers[kind]);
	handlers[kind] = handler;
}

void deferred_raise(enum deferred_kind kind)
{
	unsigned long flags = arch_irq_save();

	__atomic_or_fetch(&cpus[arch_cpu_id()].pending, 1u << kind, __ATOMIC_RELEASE);
	__atomic_or_fetch(&current_thread()->work, WORK_DEFERRED, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
}

bool deferred_pending(void)
{
	return READ_ONCE(cpus[arch_cpu_id()].pending);
}

static void run_kinds(uint32_t kinds)
{
	for (unsigned kind = 0; kind < DEFERRED_KINDS; kind++)
		if (kinds & 1u << kind && handlers[kind])
			handlers[kind]();
}

void deferred_run(void)
{
	unsigned cpu = arch_cpu_id();
	uint32_t kinds;

	if (cpus[cpu].running)
		return;
	cpus[cpu].running = true;
	do {
		/* First the thread's bit, then the work: what is raised between sets it again. */
		__atomic_and_fetch(&current_thread()->work, ~WORK_DEFERRED, __ATOMIC_ACQ_REL);
		kinds = __atomic_exchange_n(&cpus[cpu].pending, 0, __ATOMIC_ACQ_REL);
		run_kinds(kinds);
	} while (kinds);
	cpus[cpu].running = false;
}
