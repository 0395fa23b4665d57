/* SPDX-License-Identifier: MIT */
/*
 * Which counter the clock goes by, and at which rate. The TSC, unless the CPU has none by its own
 * word, the CPUs' cannot be brought in step, or it is seen to run unevenly: then the HPET, then the
 * ACPI PM timer. The TSC's rate comes from CPUID where it tells, else it is measured against the PM
 * timer (or the HPET, or the PIT) for one millisecond at boot and refined over longer spans as time
 * goes by. One that does not claim to be invariant goes on being compared, as on Linux.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <core/acpi.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/string.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/clock.h>
#include <x86/cpu.h>
#include <x86/smp.h>

#define PIT_CHANNEL0	   0x40
#define PIT_COMMAND	   0x43
#define PIT_LATCH	   0x00 /* channel 0 */
#define PIT_RATE_GENERATOR 0x34 /* channel 0, both bytes, mode 2. 8254 data sheet */
#define READS_MAX	   1000000

#define HYPERVISOR_LEAVES  0x40000000
#define HYPERVISOR_TSC_KHZ 0x40000010

#define SLOWEST	 (1000ull << 32)	/* a TSC of less than 1 MHz is none */
#define WATCH_NS (3000 * NSEC_PER_MSEC) /* the PM timer goes round in 4.6 s */

static uint16_t pm_port __ro_after_init;

static uint64_t pm_read(void)
{
	return arch_in32(pm_port);
}

/* Channel 0 of the 8254, latched; it counts down from 65536 over and over. */
static uint64_t pit_read(void)
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

static const struct clock_source pm_timer = {"PM timer", pm_read, 0xffffff, 3579545};
static const struct clock_source pit = {"PIT", pit_read, 0xffff, 1193182};
static struct clock_source hpet __ro_after_init = {"HPET", hpet_read, 0xffffffff, 0};

/* What the TSC is measured by, and whether the options want the clock to go by the TSC. */
static const struct clock_source *reference __ro_after_init;
static bool tsc_wanted __ro_after_init, told __ro_after_init;

/* ---- measuring ---- */

/* One moment on three clocks. */
struct moment {
	uint64_t tsc, count;
	uint32_t apic;
};

static struct moment span_start; /* where the span that is measured began */

/*
 * Reads them as close together as can be: of some tries the one that took the shortest time, since a
 * hypervisor may have stopped us in the others.
 */
static struct moment moment_read(const struct clock_source *r)
{
	struct moment best = {0};
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = clock_tsc.read(), after, count = r->read();
		uint32_t apic = apic_timer_read();

		after = clock_tsc.read();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct moment){before + shortest / 2, count, apic};
	}
	return best;
}

static uint64_t elapsed_ns(const struct clock_source *r, struct moment from, struct moment to)
{
	uint64_t count = (to.count - from.count) & r->mask;

	return clock_scale(count, clock_divide(NSEC_PER_SEC, r->hz));
}

/* Nanoseconds a tick of the TSC, by r, 32.32 fixed point; the most there can be if it stands still. */
static uint64_t tsc_mult(const struct clock_source *r, struct moment from, struct moment to)
{
	uint64_t ns = elapsed_ns(r, from, to), ticks = to.tsc - from.tsc;

	return ticks > ns >> 32 ? clock_divide(ns, ticks) : UINT64_MAX;
}

/* The TSC's rate, and the APIC timer's, by one millisecond of r. 0 if r does not count. */
static uint64_t measure(const struct clock_source *r)
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
		return 0;
	span_start = start;
	apic_timer_calibrated(now.apic - start.apic, now.tsc - start.tsc);
	return tsc_mult(r, start, now);
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

/* ---- choosing ---- */

static bool is_there(const struct clock_source *s)
{
	return s == &hpet ? hpet.hz : s == &pm_timer ? pm_port : s == &clock_tsc;
}

/* The option's, or NULL. */
static const struct clock_source *wanted(void)
{
	static const struct clock_source *const all[] = {&clock_tsc, &hpet, &pm_timer};
	static const char *const names[] = {"tsc", "hpet", "pmtimer"};
	const char *name = cmdline_get(&boot_info.cmdline, "clock");

	for (unsigned i = 0; name && i < ARRAY_SIZE(all); i++)
		if (!strcmp(name, names[i]) && is_there(all[i]))
			return all[i];
	if (name)
		log_warn("option clock=%s: there is none (tsc, hpet, pmtimer): ignored", name);
	return NULL;
}

static const struct clock_source *other_than_tsc(void)
{
	return is_there(&hpet) ? &hpet : is_there(&pm_timer) ? &pm_timer : NULL;
}

static void go_by(const struct clock_source *s, const char *why)
{
	log_info("clock: %s at %llu kHz, %s: the app reads it by system calls", s->name,
		 (unsigned long long)(s->hz / 1000), why);
	clock_go_by(s, clock_divide(NSEC_PER_SEC, s->hz));
}

bool clock_leave_tsc(const char *why)
{
	const struct clock_source *other = other_than_tsc();

	if (clock_source_now() != &clock_tsc)
		return true;
	if (tsc_wanted || !other)
		return false;
	go_by(other, why);
	return true;
}

/* The first of the references that counts, and the TSC's rate by it. */
static uint64_t measure_by_any(void)
{
	static const struct clock_source *const all[] = {&pm_timer, &hpet};
	uint64_t mult;

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		reference = all[i];
		mult = is_there(reference) ? measure(reference) : 0;
		if (mult)
			return mult;
	}
	pm_port = 0;
	hpet.hz = 0;
	reference = &pit;
	pit_start();
	mult = measure(reference);
	if (!mult)
		boot_fail(
			"neither an ACPI PM timer nor a HPET nor a PIT counts: no clock to go by");
	return mult;
}

/* A measurement may have been disturbed, but not by that much. */
static bool is_near(uint64_t mult, uint64_t measured)
{
	uint64_t off = mult > measured ? mult - measured : measured - mult;

	return off < measured / 8;
}

void clock_init(void)
{
	const struct clock_source *s;
	uint64_t hz, mult;

	pm_port = acpi_pm_timer_port(NULL);
	hpet.hz = hpet_init();
	mult = measure_by_any();
	hz = told_frequency();
	told = hz && is_near(clock_divide(NSEC_PER_SEC, hz), mult);
	if (told)
		mult = clock_divide(NSEC_PER_SEC, hz);
	else if (hz)
		log_warn("clock: CPUID's TSC of %llu kHz is not what %s measures",
			 (unsigned long long)(hz / 1000), reference->name);
	clock_begin(boot_tsc, mult);
	s = wanted();
	tsc_wanted = s == &clock_tsc;
	if (s && !tsc_wanted)
		go_by(s, "as the options want");
	else if (s || (cpu_features.tsc && mult < SLOWEST) || !clock_leave_tsc("for want of a TSC"))
		log_info("clock: TSC at %llu kHz by %s%s",
			 (unsigned long long)((1000000ull << 32) / max(mult, (uint64_t)1)),
			 told ? "CPUID" : reference->name,
			 cpu_features.tsc_invariant ? ", invariant" : "");
}

static void tsc_adjust(int64_t ticks)
{
	if (cpu_features.tsc_adjust)
		wrmsr(MSR_TSC_ADJUST, rdmsr(MSR_TSC_ADJUST) + ticks);
	else
		wrmsr(MSR_TSC, clock_tsc.read() + ticks);
}

void clock_check_cpus(void)
{
	const struct clock_counter tsc = {clock_tsc.read, tsc_adjust};
	uint64_t off;

	if (clock_source_now() != &clock_tsc)
		return;
	switch (clock_sync(&tsc, &off)) {
	case CLOCK_IN_STEP:
		break;
	case CLOCK_ADJUSTED:
		log_warn("clock: the CPUs' TSCs differed by %llu ticks and have been set",
			 (unsigned long long)off);
		break;
	case CLOCK_APART:
		if (clock_leave_tsc("for the CPUs' TSCs are apart"))
			break;
		log_warn("clock: the CPUs' TSCs differ by %llu ticks and cannot be set: time is "
			 "held from going back",
			 (unsigned long long)off);
		clock_hold();
	}
}

/* ---- as time goes by ---- */

static struct timer look_timer;

/* More than a thousandth; true the second time on end, for a machine may have been stopped once. */
static bool runs_off(uint64_t mult)
{
	static bool before;
	uint64_t now = clock_raw_mult();
	uint64_t off = mult > now ? mult - now : now - mult;
	bool again = before;

	before = off > now / 1024;
	return before && again;
}

/*
 * At 10 ms, 100 ms, 1 s and 3 s: the longer the span, the smaller the error of reading its ends. A
 * machine that was stopped in between has let the counter go round: that is off by a lot. From then
 * on a TSC of which nobody says that it is invariant is watched.
 */
static void look(struct timer *t)
{
	static const uint64_t steps[] = {10, 100, 1000};
	static unsigned step;
	struct moment now = moment_read(reference);
	uint64_t mult = tsc_mult(reference, span_start, now), old = clock_raw_mult();
	bool watching = ++step > ARRAY_SIZE(steps) + 1;

	if (clock_source_now() != &clock_tsc)
		return;
	if (watching && runs_off(mult) && clock_leave_tsc("for the TSC runs unevenly"))
		return;
	if (!watching && !told && is_near(mult, old))
		clock_go_by(&clock_tsc, mult);
	if (step > ARRAY_SIZE(steps))
		span_start = now;
	if (step <= ARRAY_SIZE(steps) || (!cpu_features.tsc_invariant && !tsc_wanted))
		timer_start(t, arch_clock_now() + (step < ARRAY_SIZE(steps)
							   ? steps[step] * NSEC_PER_MSEC
							   : WATCH_NS));
}

/* Timers run only once the core's time does. */
static void clock_look_begin(void)
{
	if (reference == &pit || clock_source_now() != &clock_tsc ||
	    (told && cpu_features.tsc_invariant))
		return;
	look_timer.fire = look;
	timer_start(&look_timer, arch_clock_now() + 10 * NSEC_PER_MSEC);
}
INITCALL(0, clock_look_begin);
