/* SPDX-License-Identifier: MIT */
/*
 * The clock: a counter's ticks, scaled to nanoseconds along a line. The line is replaced as a whole
 * under its sequence count, when the counter's rate is known better, when the rate of time is
 * corrected, when another counter is taken; it begins where the old one is at that moment, so the
 * clock never goes back. Beside it runs the line of raw time, which knows no correction.
 *
 * The counter is the TSC as long as that can be trusted (clock_source.c); only then can the app read
 * the line for itself (vDSO). All CPUs read their own counters by the same line. These are compared
 * when the CPUs are up (clock_sync.c) and set by the boot CPU's if they differ; if that cannot be
 * done, and there is no other counter, the time given out last is kept and no CPU gives out less.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/clock.h>
#include <x86/cpu.h>
#include <x86/smp.h>
#include <x86/vdso.h>

#define line (vdso_page.data)
/*
 * The line's point lies this many ticks of the TSC before the moment it was made, so that a CPU whose
 * counter is a little behind is not before it.
 */
#define POINT_BACK 65536
#define SPINS_MAX  10000

static struct spinlock line_lock; /* held by who replaces the line; innermost */
static const struct clock_source *source = &clock_tsc;
static bool held;	    /* clock_hold() */
static int64_t rate;	    /* correction, in 2^-32 */
static uint64_t tsc_mult;   /* of the TSC, whether or not the clock goes by it */
static uint64_t timer_mult; /* the same with the correction, for arming the timer */
static struct timer touch_timer;

static uint64_t tsc_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

const struct clock_source clock_tsc = {"TSC", tsc_read, UINT64_MAX, 0};

/* C's 128-bit division needs a library. */
uint64_t clock_divide(uint64_t n, uint64_t d)
{
	uint64_t high = n >> 32, low = n << 32;

	BUG_ON(high >= d);
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(d) : "cc");
	return low;
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

/* ---- reading ---- */

/*
 * By any counter, and raw time. An NMI that came while this very CPU replaced the line does not wait
 * for ever.
 */
static __noinline uint64_t read_any(bool raw)
{
	const struct clock_source *s;
	uint64_t ticks, now = 0;

	for (unsigned i = 0; i < SPINS_MAX; i++) {
		uint32_t seq = __atomic_load_n(&line.sequence, __ATOMIC_ACQUIRE);

		s = READ_ONCE(source);
		ticks = (s->read() - line.tsc) & s->mask;
		now = raw ? line.raw_ns + clock_scale(ticks, line.raw_mult)
			  : line.ns + clock_scale(ticks, line.mult);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & SEQUENCE_WRITING) && seq == READ_ONCE(line.sequence))
			break;
		arch_cpu_relax();
	}
	return held && !raw ? clock_never_back(now) : now;
}

static inline uint64_t clock_read(void)
{
	uint32_t seq = __atomic_load_n(&line.sequence, __ATOMIC_ACQUIRE);
	uint64_t now = line.ns + clock_scale(tsc_read() - line.tsc, line.mult);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (likely(!(seq & (SEQUENCE_WRITING | SEQUENCE_ASK)) && seq == READ_ONCE(line.sequence)))
		return now;
	return read_any(false);
}

uint64_t arch_clock_now(void)
{
	return clock_read();
}

uint64_t arch_clock_realtime(void)
{
	return clock_read() + __atomic_load_n(&line.realtime, __ATOMIC_RELAXED);
}

uint64_t arch_clock_raw(void)
{
	return read_any(true);
}

/* ---- replacing the line ---- */

static uint64_t corrected(uint64_t mult)
{
	return mult + (uint64_t)((__int128)mult * rate >> 32);
}

/* Line lock held. */
static void replace(const struct clock_source *to, uint64_t mult)
{
	uint64_t ticks, ns, raw, point, back = to == &clock_tsc ? POINT_BACK : 0;
	uint32_t seq = line.sequence;

	__atomic_store_n(&line.sequence, seq | SEQUENCE_WRITING, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Only now: whoever has read by the old line did so before, and so got less. */
	point = source->read();
	ticks = (point - line.tsc) & source->mask;
	ns = line.ns + clock_scale(ticks, line.mult);
	raw = line.raw_ns + clock_scale(ticks, line.raw_mult);
	if (to != source)
		point = to->read();
	if (held)
		ns = clock_never_back(ns);
	source = to;
	line.raw_mult = mult;
	line.mult = corrected(mult);
	line.tsc = point - back;
	line.ns = ns - clock_scale(back, line.mult);
	line.raw_ns = raw - clock_scale(back, line.raw_mult);
	seq = (seq + SEQUENCE_STEP) & ~SEQUENCE_ASK;
	if (held || to != &clock_tsc)
		seq |= SEQUENCE_ASK;
	__atomic_store_n(&line.sequence, seq, __ATOMIC_SEQ_CST);
}

/* A counter of few bits must not go round unseen. */
static void touch(struct timer *t)
{
	unsigned long irq = spin_lock_irqsave(&line_lock);
	uint64_t round;

	replace(source, line.raw_mult);
	round = clock_scale(source->mask, line.mult);
	spin_unlock_irqrestore(&line_lock, irq);
	if (source != &clock_tsc)
		timer_start(t, arch_clock_now() + round / 4);
}

void clock_begin(uint64_t tsc, uint64_t mult)
{
	line.tsc = tsc;
	line.mult = line.raw_mult = tsc_mult = timer_mult = mult;
	touch_timer.fire = touch;
}

void clock_go_by(const struct clock_source *s, uint64_t mult)
{
	unsigned long irq = spin_lock_irqsave(&line_lock);

	replace(s, mult);
	if (s == &clock_tsc)
		tsc_mult = mult;
	else
		held = false; /* it is the same for all CPUs */
	timer_mult = corrected(tsc_mult);
	spin_unlock_irqrestore(&line_lock, irq);
	if (s != &clock_tsc)
		timer_start(&touch_timer, 0);
}

uint64_t clock_raw_mult(void)
{
	return READ_ONCE(line.raw_mult);
}

const struct clock_source *clock_source_now(void)
{
	return source;
}

void clock_hold(void)
{
	unsigned long irq = spin_lock_irqsave(&line_lock);

	held = true;
	replace(source, line.raw_mult);
	spin_unlock_irqrestore(&line_lock, irq);
}

void arch_clock_set_rate(int64_t correction)
{
	unsigned long irq = spin_lock_irqsave(&line_lock);

	rate = correction;
	replace(source, line.raw_mult);
	timer_mult = corrected(tsc_mult);
	spin_unlock_irqrestore(&line_lock, irq);
}

void arch_clock_set_realtime(uint64_t offset)
{
	__atomic_store_n(&line.realtime, offset, __ATOMIC_RELAXED);
}

/* ---- the timer ---- */

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
	ticks = clock_divide(delta, timer_mult) + 1;
	apic_timer_arm(tsc + ticks, tsc);
}

void arch_timer_stop(void)
{
	apic_timer_disarm();
}
