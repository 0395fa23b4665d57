/* SPDX-License-Identifier: MIT */
/*
 * NMIs at will: sent by the CPU to itself, or by the 8254 through the IOAPIC at any moment; and what
 * the next run of the handler is to do before the real one. The tables are the boot CPU's.
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <core/syscall.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include <x86/smp.h>
#include "ops.h"
#include "testing.h"

#define APIC_PHYS     0xfee00000
#define APIC_ICR      0x300
#define APIC_ICR_HIGH 0x310
#define IOAPIC_PHYS   0xfec00000
#define IOAPIC_PIN    2 /* of the 8254, as every MADT says */
#define DELIVER_NMI   (4 << 8)
#define MASKED	      (1 << 16)
#define PIT_HZ	      1193182
#define PIT_RATE      0x34 /* channel 0, both bytes, mode 2 */
#define WAIT_TICKS    (1ull << 31)
#define UNMAPPED      0xffffbffffffff000ull /* the core's, never mapped */
#define FRAME	      (5 * 8)

extern long probe_read(const volatile void *p);
extern void nmi_window(void *frame, volatile uint32_t *reg, uint32_t value);
extern void __real_exception_nmi(struct regs *r);
void __wrap_exception_nmi(struct regs *r);

static volatile uint32_t *apic, *ioapic;
static uint64_t armed, result;
static const volatile uint64_t *watched;
bool testing_in_nmi;

static volatile uint32_t *nmi_state(void)
{
	return (volatile uint32_t *)(percpu()->ist_top[IST_NMI] - IST_NMI_STATE);
}

static bool map(void)
{
	if (!apic)
		apic = arch_mmio_map(APIC_PHYS, PAGE_SIZE);
	if (!ioapic)
		ioapic = arch_mmio_map(IOAPIC_PHYS, PAGE_SIZE);
	return apic && ioapic;
}

void testing_send_nmi(void)
{
	apic_send(percpu()->apic_id, APIC_NMI);
	/* An access of the APIC's is where an emulator takes it at the latest. */
	(void)apic_in_service(0);
}

__noinline static uint64_t recurse(uint64_t n)
{
	volatile char room[512];

	room[n % sizeof(room)] = (char)n;
	return n ? recurse(n + 1) + (uint64_t)room[n % sizeof(room)] : 0;
}

static void act(struct regs *r, uint64_t what)
{
	uint64_t start = arch_cycles();

	if (regs_from_user(r))
		result |= NMI_WAS_USER;
	if (what & NMI_DO_SEND) {
		testing_send_nmi();
		result |= *nmi_state() == 1 ? NMI_WAS_HELD : 0;
	}
	if (what & NMI_DO_TOUCH)
		(void)*watched;
	if (what & NMI_DO_FAULT)
		probe_read((const void *)UNMAPPED);
	while (what & NMI_DO_WAIT && *nmi_state() == 1 && arch_cycles() - start < WAIT_TICKS)
		arch_cpu_relax();
	result |= *nmi_state() == 2 ? NMI_WAS_NESTED : 0;
	if (what & NMI_DO_RECURSE)
		recurse(1);
}

void __wrap_exception_nmi(struct regs *r)
{
	uint64_t what = armed, flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	testing_in_nmi = true;
	armed = 0;
	if (what) {
		result |= flags & FLAGS_DF ? NMI_WAS_DF : 0;
		result |= flags & FLAGS_AC ? NMI_WAS_AC : 0;
		result |= percpu() != percpu()->self ? NMI_WAS_LOST : 0;
		__asm__ volatile("cld");
		act(r, what);
	}
	__real_exception_nmi(r);
	testing_in_nmi = false;
}

static void rate(uint64_t hz)
{
	unsigned divisor = hz ? PIT_HZ / hz : 0;
	uint32_t low = DELIVER_NMI | (hz ? 0 : MASKED);

	divisor = min(max(divisor, 2u), 0xffffu);
	ioapic[0] = 0x10 + 2 * IOAPIC_PIN + 1;
	/* To all CPUs if there are several. */
	ioapic[4] = arch_cpu_count() > 1 ? 0xffu << 24 : percpu()->apic_id << 24;
	ioapic[0] = 0x10 + 2 * IOAPIC_PIN;
	ioapic[4] = low;
	arch_out8(0x43, PIT_RATE);
	arch_out8(0x40, divisor);
	arch_out8(0x40, divisor >> 8);
}

/* The frames on the NMI stack are free, as no NMI is handled, and the next one comes when told. xAPIC. */
static void window(void)
{
	unsigned long irq = arch_irq_save();
	char *arrival = (char *)percpu()->tss.ist[IST_NMI - 1] - FRAME;

	apic[APIC_ICR_HIGH / 4] = percpu()->apic_id << 24;
	nmi_window(arrival - FRAME, &apic[APIC_ICR / 4], APIC_NMI);
	arch_irq_restore(irq);
}

/* On all CPUs: the app's thread may be on any. */
static uint64_t nmis_taken(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < arch_cpu_count(); i++)
		n += READ_ONCE(percpu_table[i]->interrupts[VECTOR_NMI]);
	return n;
}

long sys_test_nmi(unsigned op, uint64_t a)
{
	if (!map())
		return -ENOMEM;
	switch (op) {
	case NMI_SEND:
		testing_send_nmi();
		return 0;
	case NMI_COUNT:
		return (long)nmis_taken();
	case NMI_ARM:
		result = 0;
		WRITE_ONCE(armed, a);
		return 0;
	case NMI_RESULT:
		return (long)READ_ONCE(result);
	case NMI_RATE:
		rate(a);
		return 0;
	case NMI_WINDOW:
		window();
		return 0;
	case NMI_WATCH:
		watched = (const volatile uint64_t *)a;
		return 0;
	}
	return -EINVAL;
}
