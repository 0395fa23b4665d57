/* SPDX-License-Identifier: MIT */
/* Interrupts at will: by the local APIC, by INT, by a timer; and a thread that competes with the app. */
#include <abi/errno.h>
#include <arch/cpu.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/percpu.h>
#include "ops.h"

#define SETTLE 1000

extern const char probe_int_stubs[]; /* INT n; RET for each vector, 4 bytes each */

static uint64_t seen, spins;
static struct timer timer;

static void settle(void)
{
	for (int i = 0; i < SETTLE; i++)
		arch_cpu_relax();
}

static void self(unsigned vector)
{
	apic_send_self(vector);
	settle();
}

static void fired(struct timer *t)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	(void)t;
	seen = IRQ_WAS_HERE | (flags & FLAGS_DF ? IRQ_WAS_DF : 0) |
	       (flags & FLAGS_AC ? IRQ_WAS_AC : 0);
}

static void spin(void *unused)
{
	(void)unused;
	for (;;) {
		WRITE_ONCE(spins, spins + 1);
		sched_yield();
	}
}

static long vector_op(unsigned op, unsigned vector)
{
	if (vector > 255)
		return -EINVAL;
	switch (op) {
	case IRQ_SELF:
		self(vector);
		return 0;
	case IRQ_INT:
		((void (*)(void))(probe_int_stubs + 4 * vector))();
		return 0;
	case IRQ_IN_SERVICE:
		return apic_in_service(vector);
	case IRQ_COUNT:
		return (long)percpu()->interrupts[vector];
	}
	return -EINVAL;
}

long sys_test_irq(unsigned op, uint64_t a)
{
	switch (op) {
	case IRQ_EOI:
		apic_eoi();
		return 0;
	case IRQ_SPURIOUS:
		return (long)irq_spurious;
	case IRQ_UNEXPECTED:
		return (long)irq_unexpected;
	case IRQ_TIMER:
		seen = 0;
		timer.fire = fired;
		timer_start(&timer, time_now() + a * NSEC_PER_MSEC);
		return 0;
	case IRQ_SEEN:
		return (long)READ_ONCE(seen);
	case IRQ_SPINNER:
		return thread_create("spinner", spin, NULL) ? 0 : -ENOMEM;
	case IRQ_SPINS:
		return (long)READ_ONCE(spins);
	}
	return vector_op(op, a);
}
