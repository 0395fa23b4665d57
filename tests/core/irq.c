/* SPDX-License-Identifier: MIT */
/* Interrupts at will: by the local APIC, by INT, by a timer; and a thread that competes with the app. */
#include <abi/errno.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/percpu.h>
#include "ops.h"

#define APIC_PHYS 0xfee00000
#define APIC_TPR  0x80
#define SETTLE	  1000

extern const char probe_int_stubs[]; /* INT n; RET for each vector, 4 bytes each */

static volatile uint32_t *apic;
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

/* The CPU is told of the interrupt while it cannot take it; then the APIC no longer wants it. */
static void withdraw(unsigned vector)
{
	arch_irq_disable();
	apic_send_self(vector);
	(void)apic[APIC_TPR / 4];
	apic[APIC_TPR / 4] = 0xf0;
	arch_irq_enable();
	settle();
	apic[APIC_TPR / 4] = 0;
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
	case IRQ_WITHDRAW:
		withdraw(vector);
		return 0;
	}
	return -EINVAL;
}

long sys_test_irq(unsigned op, uint64_t a)
{
	if (!apic)
		apic = arch_mmio_map(APIC_PHYS, PAGE_SIZE);
	if (!apic)
		return -ENOMEM;
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
