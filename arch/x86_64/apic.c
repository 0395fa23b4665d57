/* SPDX-License-Identifier: MIT */
/*
 * The local APIC, as x2APIC where there is one, and its timer: TSC deadline, else one-shot. SDM
 * volume 3, chapter 11. The 8259s are masked for good.
 */
#include <arch/io.h>
#include <arch/mmu.h>
#include <core/acpi.h>
#include <core/log.h>
#include <core/boot.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

#define REG_ID	       0x02
#define REG_TPR	       0x08
#define REG_EOI	       0x0b
#define REG_SVR	       0x0f
#define REG_ISR	       0x10
#define REG_ICR	       0x30
#define REG_ICR_HIGH   0x31 /* xAPIC only */
#define REG_LVT_TIMER  0x32
#define REG_LVT_LINT0  0x35
#define REG_LVT_LINT1  0x36
#define REG_LVT_ERROR  0x37
#define REG_TIMER_INIT 0x38
#define REG_TIMER_NOW  0x39
#define REG_TIMER_DIV  0x3e

#define SVR_ENABLE	 (1 << 8)
#define LVT_MASKED	 (1 << 16)
#define LVT_NMI		 (4 << 8)
#define LVT_TSC_DEADLINE (2 << 17)
#define TIMER_DIVIDE_1	 0xb
#define LONG_WAIT	 (1 << 27) /* TSC ticks: some 50 ms */
#define ICR_SELF	 (1 << 18)
#define ICR_OTHERS	 (3 << 18)
#define ICR_BUSY	 (1 << 12)
#define SEND_SPIN_MAX	 1000000 /* a bus that never gets free must not stop a panic */
#define BASE_ENABLE	 (1 << 11)
#define BASE_X2APIC	 (1 << 10)

static volatile uint32_t *xapic __ro_after_init; /* NULL: x2APIC */
static bool deadline_mode __ro_after_init;
/* Timer ticks per TSC tick, 32.32 fixed point. */
static uint64_t ticks_per_tsc;

static uint32_t read(unsigned reg)
{
	return xapic ? xapic[reg * 4] : (uint32_t)rdmsr(MSR_X2APIC + reg);
}

static void write(unsigned reg, uint32_t v)
{
	if (xapic)
		xapic[reg * 4] = v;
	else
		wrmsr(MSR_X2APIC + reg, v);
}

void apic_eoi(void)
{
	write(REG_EOI, 0);
}

bool apic_in_service(unsigned vector)
{
	return read(REG_ISR + vector / 32) & 1u << (vector % 32);
}

uint32_t apic_id(void)
{
	uint32_t id = read(REG_ID);

	return xapic ? id >> 24 : id;
}

/* Remaps the 8259s away from the exceptions, so that their spurious interrupts are told apart. */
static void pic_mask(void)
{
	static const uint8_t words[][2] = {
		{0x11, 0x11}, {VECTOR_PIC, VECTOR_PIC + 8}, {4, 2}, {1, 1}};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		arch_out8(i ? 0x21 : 0x20, words[i][0]);
		arch_out8(i ? 0xa1 : 0xa0, words[i][1]);
	}
	arch_out8(0x21, 0xff);
	arch_out8(0xa1, 0xff);
}

/* Turns this CPU's APIC on in the mode that all use; xapic is mapped already if it is that. */
static void enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	/* Straight from off to x2APIC is #GP. SDM volume 3, section 11.12.5. */
	wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
	if (cpu_features.x2apic)
		wrmsr(MSR_APIC_BASE, base | BASE_ENABLE | BASE_X2APIC);
	write(REG_TPR, 0);
	/* First: while it is off, the masks of the local vector table cannot be cleared. */
	write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	write(REG_LVT_TIMER, LVT_MASKED);
	write(REG_LVT_LINT0, LVT_MASKED);
	write(REG_LVT_LINT1, LVT_NMI);
	write(REG_LVT_ERROR, LVT_MASKED);
	percpu()->apic_id = apic_id();
	if (deadline_mode) {
		write(REG_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
		/* The mode must be set before the MSR counts. SDM volume 3, section 11.5.4.1. */
		__asm__ volatile("mfence" ::: "memory");
	} else {
		write(REG_TIMER_DIV, TIMER_DIVIDE_1);
	}
}

void apic_init(void)
{
	pic_mask();
	if (!cpu_features.x2apic) {
		phys_t base = rdmsr(MSR_APIC_BASE) & 0x000ffffffffff000ull;

		xapic = (volatile uint32_t *)arch_mmio_map(base, PAGE_SIZE);
		if (!xapic)
			boot_fail("too little memory to map the local APIC");
	}
	deadline_mode = cpu_features.tsc_deadline;
	enable();
	log_info("apic: %s, timer by %s", xapic ? "xAPIC" : "x2APIC",
		 deadline_mode ? "TSC deadline" : "one-shot");
}

void apic_init_cpu(void)
{
	enable();
	/* The boot CPU has measured the rate, which is that of the bus they share. */
	if (!deadline_mode)
		write(REG_LVT_TIMER, VECTOR_TIMER);
}

/* As MSRs the registers are not ordered behind earlier stores. SDM volume 3, section 11.12.3. */
static void stores_first(void)
{
	if (!xapic)
		__asm__ volatile("mfence; lfence" ::: "memory");
}

/* The command register of the xAPIC is two: nothing may come between. */
void apic_send(uint32_t id, uint32_t command)
{
	unsigned long irq;

	stores_first();
	if (!xapic) {
		wrmsr(MSR_X2APIC + REG_ICR, (uint64_t)id << 32 | command);
		return;
	}
	irq = arch_irq_save();
	for (int i = 0; i < SEND_SPIN_MAX && read(REG_ICR) & ICR_BUSY; i++)
		arch_cpu_relax();
	write(REG_ICR_HIGH, id << 24);
	write(REG_ICR, command);
	arch_irq_restore(irq);
}

/* 255 (or all ones) means every CPU. */
uint32_t apic_id_max(void)
{
	return xapic ? 0xfe : 0xfffffffe;
}

/* By shorthand: the xAPIC's other half of the command may be in use where this came between. */
void apic_send_self(unsigned vector)
{
	write(REG_ICR, APIC_FIXED | ICR_SELF | vector);
}

void apic_send_others(uint32_t command)
{
	stores_first();
	write(REG_ICR, command | ICR_OTHERS);
}

void apic_timer_count(void)
{
	if (!deadline_mode)
		write(REG_TIMER_INIT, UINT32_MAX);
}

uint32_t apic_timer_read(void)
{
	return deadline_mode ? 0 : UINT32_MAX - read(REG_TIMER_NOW);
}

void apic_timer_calibrated(uint64_t ticks, uint64_t tsc_elapsed)
{
	if (deadline_mode)
		return;
	write(REG_TIMER_INIT, 0);
	ticks_per_tsc = (ticks << 32) / max(tsc_elapsed, (uint64_t)1);
	write(REG_LVT_TIMER, VECTOR_TIMER);
}

void apic_timer_arm(uint64_t tsc_deadline, uint64_t tsc_now)
{
	uint64_t delta, ticks;

	if (deadline_mode) {
		wrmsr(MSR_TSC_DEADLINE, tsc_deadline);
		return;
	}
	delta = tsc_deadline > tsc_now ? tsc_deadline - tsc_now : 0;
	/*
	 * An early interrupt finds nothing due and arms again: so for what is too long for 32 bits,
	 * and for long waits, over which the small error of the timer's measured rate would count.
	 */
	delta = min(delta, (uint64_t)1 << 32);
	if (delta > LONG_WAIT)
		delta -= delta >> 6;
	ticks = (uint64_t)((unsigned __int128)delta * ticks_per_tsc >> 32) + 1;
	write(REG_TIMER_INIT, min(ticks, (uint64_t)UINT32_MAX));
}

void apic_timer_disarm(void)
{
	if (deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		write(REG_TIMER_INIT, 0);
}
