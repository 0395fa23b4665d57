/* SPDX-License-Identifier: MIT */
/*
 * The clock: TSC ticks since the core's first instruction, scaled to nanoseconds. The rate comes
 * from CPUID where it tells, else it is measured against the ACPI PM timer (or the PIT) for one
 * millisecond at boot and refined over longer spans as timers go by. A refinement changes the slope
 * from now on, never the time reached, so the clock never goes back.
 *
 * All CPUs read their own counters by the same line. These are compared when the CPUs are up
 * (clock_sync.c) and set by the boot CPU's if they differ; if that cannot be done, the time given out
 * last is kept and no CPU gives out less.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <core/acpi.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/smp.h>
#include <x86/vdso.h>

#define PIT_CHANNEL0	   0x40
#define PIT_COMMAND	   0x43
#define PIT_LATCH	   0x00 /* channel 0 */
#define PIT_RATE_GENERATOR 0x34 /* channel 0, both bytes, mode 2. 8254 data sheet */
#define READS_MAX	   1000000

#define HYPERVISOR_LEAVES  0x40000000
#define HYPERVISOR_TSC_KHZ 0x40000010

/* The conversion, replaced as a whole under its sequence count; the vDSO reads it too. */
#define scale (vdso_page.data)
/*
 * The line's point lies this many ticks before the moment it was made, so that a CPU whose counter is
 * a little behind the boot CPU's is not before it.
 */
#define POINT_BACK 65536

static uint16_t pm_port __ro_after_init;
static bool exact __ro_after_init;
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

/* now, or what another CPU has given out already if that is more. */
uint64_t clock_never_back(uint64_t now)
{
	static uint64_t given;
	uint64_t last = __atomic_load_n(&given, __ATOMIC_ACQUIRE);

	while (last < now)
		if (__atomic_compare_exchange_n(&given, &last, now, true, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return now;
	return last;
}

static inline uint64_t clock_read(void)
{
	for (;;) {
		uint32_t seq = __atomic_load_n(&scale.sequence, __ATOMIC_ACQUIRE);
		uint64_t now = scale.ns + scaled(tsc_ordered() - scale.tsc, scale.mult);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (unlikely(seq != READ_ONCE(scale.sequence)))
			continue;
		if (likely(!(seq & (SEQUENCE_WRITING | SEQUENCE_APART))))
			return now;
		if (!(seq & SEQUENCE_WRITING))
			return clock_never_back(now);
	}
}

uint64_t arch_clock_now(void)
{
	return clock_read();
}

uint64_t arch_clock_realtime(void)
{
	return clock_read() + __atomic_load_n(&scale.realtime, __ATOMIC_RELAXED);
}

/* Boot CPU, interrupts off or boot. */
static void scale_set(uint64_t mult)
{
	uint64_t tsc;

	__atomic_add_fetch(&scale.sequence, SEQUENCE_WRITING, __ATOMIC_SEQ_CST);
	/* Only now: whoever has read by the old line did so before, and so got less. */
	tsc = tsc_ordered();
	scale.ns += scaled(tsc - scale.tsc, scale.mult) - scaled(POINT_BACK, mult);
	scale.tsc = tsc - POINT_BACK;
	scale.mult = mult;
	__atomic_add_fetch(&scale.sequence, SEQUENCE_STEP - SEQUENCE_WRITING, __ATOMIC_SEQ_CST);
}

/* A change of the line comes from the boot CPU only, one of the offset from any. */
void arch_clock_set_realtime(uint64_t offset)
{
	__atomic_store_n(&scale.realtime, offset, __ATOMIC_RELAXED);
}

/*
 * Timers fire on the boot CPU, whichever CPU starts them: another one only makes it look at them again.
 */
void arch_timer_set(uint64_t deadline)
{
	uint64_t now, delta, tsc, ticks;

	if (unlikely(arch_cpu_id())) {
		apic_send(percpu_boot.apic_id, APIC_FIXED | VECTOR_TIMER);
		return;
	}
	now = arch_clock_now();
	delta = deadline > now ? deadline - now : 0;
	tsc = arch_cycles();
	/* A year is soon enough; more would overflow. */
	delta = min(delta, 365 * 24 * 3600 * NSEC_PER_SEC);
	ticks = divide_fixed(delta, scale.mult) + 1;
	apic_timer_arm(tsc + ticks, tsc);
}

void arch_timer_stop(void)
{
	apic_timer_disarm();
}

/* Counters of a known rate, all made to count up. */
struct reference {
	const char *name;
	uint32_t (*read)(void);
	uint32_t mask;
	uint64_t hz;
};

static uint32_t pm_read(void)
{
	return arch_in32(pm_port);
}

/* Channel 0 of the 8254, latched; it counts down from 65536 over and over. */
static uint32_t pit_read(void)
{
	uint32_t low;

	arch_out8(PIT_COMMAND, PIT_LATCH);
	low = arch_in8(PIT_CHANNEL0);
	return ~(low | (uint32_t)arch_in8(PIT_CHANNEL0) << 8);
}

static void pit_start(void)
{
	arch_out8(PIT_COMMAND, PIT_RATE_GENERATOR);
	arch_out8(PIT_CHANNEL0, 0);
	arch_out8(PIT_CHANNEL0, 0);
}

static const struct reference pm_timer = {"the PM timer", pm_read, 0xffffff, 3579545};
static const struct reference pit = {"the PIT", pit_read, 0xffff, 1193182};

/* One moment on three clocks. */
struct moment {
	uint64_t tsc;
	uint32_t count, apic;
};

/* Where the refinement's span began. */
static struct moment span_start;

/*
 * Reads them as close together as can be: of some tries the one that took the shortest time, since a
 * hypervisor may have stopped us in the others.
 */
static struct moment moment_read(const struct reference *r)
{
	struct moment best = {0};
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = tsc_ordered(), after;
		uint32_t count = r->read(), apic = apic_timer_read();

		after = tsc_ordered();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct moment){before + shortest / 2, count, apic};
	}
	return best;
}

static uint64_t elapsed_ns(const struct reference *r, struct moment from, struct moment to)
{
	return ((to.count - from.count) & r->mask) * NSEC_PER_SEC / r->hz;
}

/* Sets the scale, and the APIC timer's rate, by one millisecond of r. False if r does not count. */
static bool measure(const struct reference *r)
{
	struct moment start, now;
	uint64_t ns = 0;

	apic_timer_count();
	start = now = moment_read(r);
	for (int i = 0; i < READS_MAX && ns < NSEC_PER_MSEC; i++) {
		now = moment_read(r);
		ns = elapsed_ns(r, start, now);
	}
	/* A dead port reads the same, or anything: a counter's steps are small. */
	if (ns < NSEC_PER_MSEC || ns > 20 * NSEC_PER_MSEC)
		return false;
	span_start = start;
	scale.mult = divide_fixed(ns, max(now.tsc - start.tsc, (uint64_t)1));
	apic_timer_calibrated(now.apic - start.apic, now.tsc - start.tsc);
	return true;
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

/*
 * At 10 ms, 100 ms, 1 s and 3 s: the longer the span, the smaller the error of reading its ends. A
 * machine that was stopped in between has let the counter go round: that is off by a lot.
 */
static void refine(struct timer *t)
{
	static const uint64_t steps[] = {10, 100, 1000, 3000};
	static unsigned step;
	struct moment now = moment_read(&pm_timer);
	uint64_t ns = elapsed_ns(&pm_timer, span_start, now);
	uint64_t mult = divide_fixed(ns, max(now.tsc - span_start.tsc, (uint64_t)1));
	uint64_t off = mult > scale.mult ? mult - scale.mult : scale.mult - mult;

	if (off < scale.mult / 8)
		scale_set(mult);
	if (++step < ARRAY_SIZE(steps))
		timer_start(t, arch_clock_now() + steps[step] * NSEC_PER_MSEC);
}

void clock_init(void)
{
	uint64_t told = told_frequency();
	const struct reference *by = &pm_timer;

	pm_port = acpi_pm_timer_port(NULL);
	scale.tsc = boot_tsc;
	if (!pm_port || !measure(by)) {
		by = &pit;
		pm_port = 0;
		pit_start();
		if (!measure(by))
			boot_fail("neither an ACPI PM timer nor a PIT counts: no clock to go by");
	}
	exact = told;
	if (told)
		scale.mult = divide_fixed(NSEC_PER_SEC, told);
	log_info("clock: TSC at %llu kHz by %s%s",
		 (unsigned long long)((1000000ull << 32) / max(scale.mult, (uint64_t)1)),
		 told ? "CPUID" : by->name, cpu_features.tsc_invariant ? ", invariant" : "");
}

static void tsc_adjust(int64_t ticks)
{
	if (cpu_features.tsc_adjust)
		wrmsr(MSR_TSC_ADJUST, rdmsr(MSR_TSC_ADJUST) + ticks);
	else
		wrmsr(MSR_TSC, tsc_ordered() + ticks);
}

void clock_check_cpus(void)
{
	static const struct clock_counter tsc = {tsc_ordered, tsc_adjust};
	uint64_t off;

	switch (clock_sync(&tsc, &off)) {
	case CLOCK_IN_STEP:
		break;
	case CLOCK_ADJUSTED:
		log_warn("clock: the CPUs' TSCs differed by %llu ticks and have been set",
			 (unsigned long long)off);
		break;
	case CLOCK_APART:
		log_warn("clock: the CPUs' TSCs differ by %llu ticks and cannot be set: time is "
			 "held from going back",
			 (unsigned long long)off);
		__atomic_or_fetch(&scale.sequence, SEQUENCE_APART, __ATOMIC_SEQ_CST);
	}
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
