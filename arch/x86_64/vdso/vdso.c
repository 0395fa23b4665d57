/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a small shared object that the core maps into the app, for what needs no ring 0: reading
 * the clock, and the number of the CPU. The names and their version are Linux's, so that C libraries
 * find them by AT_SYSINFO_EHDR. Runs in ring 3, position-independent, without data of its own.
 */
#include <abi/errno.h>
#include <abi/time.h>
#include <generated/syscall_numbers.h>
#include <x86/vdso.h>

#define NSEC_PER_SEC 1000000000u

extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct abi_timespec *ts);
int __vdso_clock_getres(int clock, struct abi_timespec *ts);
int __vdso_gettimeofday(struct abi_timeval *tv, void *tz);
long __vdso_time(long *out);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static inline uint64_t tsc_ordered(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

static long core_call(long number, long a, long b)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * Nanoseconds of the monotonic clock, the real one or raw time; false where only the core knows: the
 * line is being replaced, or the time is not by this counter.
 */
enum line {
	MONOTONIC,
	REALTIME,
	RAW
};

static inline bool clock_read(enum line line, uint64_t *ns)
{
	const volatile struct vdso_data *d = &vdso_data;
	uint32_t sequence = d->sequence;
	uint64_t ticks;

	barrier();
	ticks = tsc_ordered() - d->tsc;
	*ns = (uint64_t)((unsigned __int128)ticks * (line == RAW ? d->raw_mult : d->mult) >> 32);
	*ns += line == RAW ? d->raw_ns : d->ns;
	if (line == REALTIME)
		*ns += d->realtime;
	barrier();
	return likely(!(sequence & (SEQUENCE_WRITING | SEQUENCE_ASK)) && sequence == d->sequence);
}

static inline int put_timespec(struct abi_timespec *ts, uint64_t ns)
{
	ts->tv_sec = (long)(ns / NSEC_PER_SEC);
	ts->tv_nsec = (long)(ns % NSEC_PER_SEC);
	return 0;
}

/* The clocks that are the monotonic one and the real one under other names. */
#define MONOTONIC_CLOCKS \
	(1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_COARSE | 1u << CLOCK_BOOTTIME)
#define REALTIME_CLOCKS (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE)

static inline bool is_one_of(unsigned clocks, int clock)
{
	return (unsigned)clock < 32 && clocks >> clock & 1;
}

static __noinline int clock_call(int clock, struct abi_timespec *ts)
{
	return (int)core_call(SYS_clock_gettime, clock, (long)ts);
}

static __noinline int clock_gettime_other(int clock, struct abi_timespec *ts)
{
	uint64_t ns;

	if (is_one_of(REALTIME_CLOCKS, clock) && clock_read(REALTIME, &ns))
		return put_timespec(ts, ns);
	if (clock == CLOCK_MONOTONIC_RAW && clock_read(RAW, &ns))
		return put_timespec(ts, ns);
	return clock_call(clock, ts);
}

int __vdso_clock_gettime(int clock, struct abi_timespec *ts)
{
	uint64_t ns;

	if (unlikely(!is_one_of(MONOTONIC_CLOCKS, clock)))
		return clock_gettime_other(clock, ts);
	if (unlikely(!clock_read(MONOTONIC, &ns)))
		return clock_call(clock, ts);
	return put_timespec(ts, ns);
}

int __vdso_clock_getres(int clock, struct abi_timespec *ts)
{
	if (!is_one_of(MONOTONIC_CLOCKS | REALTIME_CLOCKS, clock))
		return (int)core_call(SYS_clock_getres, clock, (long)ts);
	if (ts)
		*ts = (struct abi_timespec){0, 1};
	return 0;
}

int __vdso_gettimeofday(struct abi_timeval *tv, void *tz)
{
	uint64_t ns;

	if (tv && !clock_read(REALTIME, &ns))
		return (int)core_call(SYS_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		tv->tv_sec = (long)(ns / NSEC_PER_SEC);
		tv->tv_usec = (long)(ns % NSEC_PER_SEC / 1000);
	}
	if (tz) {
		((int *)tz)[0] = 0;
		((int *)tz)[1] = 0;
	}
	return 0;
}

long __vdso_time(long *out)
{
	uint64_t ns;
	long t;

	if (!clock_read(REALTIME, &ns))
		return core_call(SYS_time, (long)out, 0);
	t = (long)(ns / NSEC_PER_SEC);
	if (out)
		*out = t;
	return t;
}

long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned n;

	(void)unused;
	__asm__("lsl %1, %0" : "=r"(n) : "r"(SEL_CPU_NUMBER) : "cc");
	if (cpu)
		*cpu = n;
	if (node)
		*node = 0;
	return 0;
}

/* The names C libraries look for besides. */
#define ALIAS(type, name, args) type name args __attribute__((weak, alias("__vdso_" #name)))
ALIAS(int, clock_gettime, (int clock, struct abi_timespec *ts));
ALIAS(int, clock_getres, (int clock, struct abi_timespec *ts));
ALIAS(int, gettimeofday, (struct abi_timeval * tv, void *tz));
ALIAS(long, time, (long *out));
ALIAS(long, getcpu, (unsigned *cpu, unsigned *node, void *unused));
