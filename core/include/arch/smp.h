/* SPDX-License-Identifier: MIT */
/*
 * Contract: the machine's CPUs and what one asks of another. CPUs come up during boot, before the
 * app, and stay; their ids are 0 (the boot CPU) to arch_cpu_count() - 1.
 *
 * Calls and shootdowns wait for other CPUs, so their caller holds no spin lock; interrupts may be
 * on or off: who waits serves what is asked of it meanwhile, so two that call each other both go on.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include <core/compiler.h>

unsigned arch_cpu_count(void);
bool arch_cpu_online(unsigned id);

/*
 * Runs fn(arg) on CPU id, or on every CPU but this one at the same time, in interrupt context there:
 * interrupts off, no sleeping, no access to the app's memory, no call of its own. All that the caller
 * wrote before is seen by fn; with wait, fn is done on all when the call returns, and what it wrote
 * is seen. Without wait arg must live on. CPU id may be this one. Thread context.
 */
void arch_call_cpu(unsigned id, void (*fn)(void *arg), void *arg);
void arch_call_others(void (*fn)(void *arg), void *arg, bool wait);

/* Ends CPU id's idling, or makes its running thread look at its work word. Any context. */
void arch_send_resched(unsigned id);

/*
 * For a panic: stops every other CPU for good, those that do not answer by NMI, and returns; takes at
 * most a second. If another CPU has called it already, does not return. Any context, locks or not.
 */
void arch_halt_others(void);

#endif
