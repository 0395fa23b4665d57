/* SPDX-License-Identifier: MIT */
/*
 * The clock: TSC ticks since the core's first instruction, scaled to nanoseconds. The rate comes
 * from CPUID where it tells, else it is measured against the ACPI PM timer (or the PIT) for one
 * millisecond at boot and refined over longer spans as timers go by. A refinement changes the slope
 * from now on, never the time reached, so the clock never goes back.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <core/acpi.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/cpu.h>

#define PM_TIMER_HZ   3579545ull
#define PM_TIMER_MASK 0xffffff /* 24 bits: round once in 4.69 s */
#define PIT_HZ	      1193182ull
#define PIT_CHANNEL2  0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61

#define HYPERVISOR_LEAVES  0x40000000
#define HYPERVISOR_TSC_KHZ 0x40000010

/* One conversion, replaced as a whole under the sequence count. */
struct scale {
	uint64_t tsc, ns; /* a point on the line */
	uint64_t mult;	  /* nanoseconds per tick, 32.32 fixed point */
};
static struct scale scale;
static uint32_t sequence;

static uint16_t pm_port __ro_after_init;
static bool exact __ro_after_init;
/* Where the refinement's span began. */
static uint64_t span_tsc;
static uint32_t span_pm;
static struct timer refine_timer;

static uint64_t tsc_ordered(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

/* (n << 32) / d, for quotients of 64 bits: C's 128-bit division needs a library. */
static uint64_t divide_fixed(uint64_t n, uint64_t d)
{
	uint64_t high = n >> 32, low = n << 32;

	BUG_ON(high >= d);
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(d) : "cc");
	return low;
}

static uint64_t scaled(uint64_t ticks, uint64_t mult)
{
	return (unsigned __int128)ticks * mult >> 32;
}

uint64_t arch_clock_now(void)
{
	uint32_t seq;
	uint64_t now;

	do {
		seq = __atomic_load_n(&sequence, __ATOMIC_ACQUIRE);
		now = scale.ns + scaled(tsc_ordered() - scale.tsc, scale.mult);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (unlikely(seq & 1 || seq != READ_ONCE(sequence)));
	return now;
}

/* Interrupts off or boot. */
static void scale_set(uint64_t mult)
{
	uint64_t tsc = tsc_ordered();

	__atomic_add_fetch(&sequence, 1, __ATOMIC_ACQ_REL);
	scale.ns += scaled(tsc - scale.tsc, scale.mult);
	scale.tsc = tsc;
	scale.mult = mult;
	__atomic_add_fetch(&sequence, 1, __ATOMIC_ACQ_REL);
}

void arch_timer_set(uint64_t deadline)
{
	uint64_t now = arch_clock_now(), delta = deadline > now ? deadline - now : 0;
	uint64_t tsc = arch_cycles(), ticks;

	/* A year is soon enough; more would overflow. */
	delta = min(delta, 365 * 24 * 3600 * NSEC_PER_SEC);
	ticks = divide_fixed(delta, scale.mult) + 1;
	apic_timer_arm(tsc + ticks, tsc);
}

void arch_timer_stop(void)
{
	apic_timer_disarm();
}

static uint32_t pm_read(void)
{
	return arch_in32(pm_port) & PM_TIMER_MASK;
}

/* Ticks of the TSC in 1 ms by the PM timer; *hz_num / *hz_den is the span really waited. */
static uint64_t measure_pm(uint64_t *elapsed_ns)
{
	uint32_t start = pm_read(), now = start;
	uint64_t tsc;

	/* Begin at an edge. */
	for (int i = 0; i < 100000 && now == start; i++)
		now = pm_read();
	if (now == start)
		return 0;
	start = now;
	tsc = tsc_ordered();
	apic_timer_calibrate_begin();
	while (((now - start) & PM_TIMER_MASK) < PM_TIMER_HZ / 1000)
		now = pm_read();
	span_pm = start;
	span_tsc = tsc;
	*elapsed_ns = ((now - start) & PM_TIMER_MASK) * NSEC_PER_SEC / PM_TIMER_HZ;
	return tsc_ordered() - tsc;
}

/* The same by the PIT's channel 2, for machines without ACPI: one shot of 1 ms. 8254 data sheet. */
static uint64_t measure_pit(uint64_t *elapsed_ns)
{
	uint32_t count = PIT_HZ / 1000;
	uint64_t tsc;

	arch_out8(PIT_GATE, (arch_in8(PIT_GATE) & ~2) | 1);
	arch_out8(PIT_COMMAND, 0xb0);
	arch_out8(PIT_CHANNEL2, count & 0xff);
	tsc = tsc_ordered();
	apic_timer_calibrate_begin();
	arch_out8(PIT_CHANNEL2, count >> 8);
	for (int i = 0; i < 10000000 && !(arch_in8(PIT_GATE) & 0x20); i++)
		;
	*elapsed_ns = count * NSEC_PER_SEC / PIT_HZ;
	return tsc_ordered() - tsc;
}

/* TSC frequency as the CPU or the hypervisor tells it, in Hz; 0 if neither does. */
static uint64_t told_frequency(void)
{
	struct cpuid r;

	if (cpu_features.hypervisor && cpuid(HYPERVISOR_LEAVES, 0).eax >= HYPERVISOR_TSC_KHZ) {
		r = cpuid(HYPERVISOR_TSC_KHZ, 0);
		if (r.eax)
			return r.eax * 1000ull;
	}
	if (cpu_features.max_leaf < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	return (uint64_t)r.ecx * r.ebx / r.eax;
}

/* At 10 ms, 100 ms, 1 s and 3 s: the longer the span, the smaller the error of reading its ends. */
static void refine(struct timer *t)
{
	static const uint64_t steps[] = {10, 100, 1000, 3000};
	static unsigned step;
	uint32_t pm = pm_read();
	uint64_t tsc = tsc_ordered(), ticks = (pm - span_pm) & PM_TIMER_MASK;
	uint64_t ns = ticks * NSEC_PER_SEC / PM_TIMER_HZ, told = arch_clock_now();
	uint64_t mult = divide_fixed(ns, max(tsc - span_tsc, (uint64_t)1));
	uint64_t off = mult > scale.mult ? mult - scale.mult : scale.mult - mult;

	/* A machine that was stopped in between has let the PM timer go round: no use. */
	if (off < scale.mult / 256)
		scale_set(mult);
	if (++step < ARRAY_SIZE(steps))
		timer_start(t, told + steps[step] * NSEC_PER_MSEC);
}

void clock_init(void)
{
	uint64_t told = told_frequency(), ns = 0, ticks = 0;
	const char *by = "CPUID";

	pm_port = acpi_pm_timer_port(NULL);
	if (pm_port)
		ticks = measure_pm(&ns);
	if (!ticks)
		ticks = measure_pit(&ns);
	apic_timer_calibrate_end(ticks);
	if (!told)
		by = pm_port ? "the PM timer" : "the PIT";
	exact = told;
	scale = (struct scale){.tsc = boot_tsc};
	scale.mult = told ? divide_fixed(NSEC_PER_SEC, told)
			  : divide_fixed(ns, max(ticks, (uint64_t)1));
	log_info("clock: TSC at %llu kHz by %s%s",
		 (unsigned long long)((1000000ull << 32) / max(scale.mult, (uint64_t)1)), by,
		 cpu_features.tsc_invariant ? ", invariant" : "");
}

/* Timers run only once the core's time does. */
static void clock_refine_begin(void)
{
	if (exact || !pm_port)
		return;
	refine_timer.fire = refine;
	timer_start(&refine_timer, arch_clock_now() + 10 * NSEC_PER_MSEC);
}
INITCALL(0, clock_refine_begin);
