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

/* By the core, which keeps the CPUs' clocks together when their counters do not. */
static __noinline uint64_t clock_ask(bool realtime)
{
	struct abi_timespec ts;

	core_call(SYS_clock_gettime, realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, (long)&ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Monotonic nanoseconds, or realtime. */
static inline uint64_t clock_read(bool realtime)
{
	const volatile struct vdso_data *d = &vdso_data;
	uint32_t sequence;
	uint64_t ns;

	do {
		sequence = d->sequence;
		barrier();
		ns = d->ns + (realtime ? d->realtime : 0);
		ns += (uint64_t)((unsigned __int128)(tsc_ordered() - d->tsc) * d->mult >> 32);
		barrier();
		if (unlikely(sequence & SEQUENCE_APART))
			return clock_ask(realtime);
	} while (unlikely(sequence & SEQUENCE_WRITING || sequence != d->sequence));
	return ns;
}

/* The clocks that are the monotonic one and the real one under other names. */
#define MONOTONIC_CLOCKS                                                                    \
	(1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | \
	 1u << CLOCK_BOOTTIME)
#define REALTIME_CLOCKS (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE)

static inline bool is_one_of(unsigned clocks, int clock)
{
	return (unsigned)clock < 32 && clocks >> clock & 1;
}

int __vdso_clock_gettime(int clock, struct abi_timespec *ts)
{
	uint64_t ns;

	if (unlikely(!is_one_of(MONOTONIC_CLOCKS | REALTIME_CLOCKS, clock)))
		return (int)core_call(SYS_clock_gettime, clock, (long)ts);
	ns = clock_read(is_one_of(REALTIME_CLOCKS, clock));
	ts->tv_sec = (long)(ns / NSEC_PER_SEC);
	ts->tv_nsec = (long)(ns % NSEC_PER_SEC);
	return 0;
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
	if (tv) {
		uint64_t us = clock_read(true) / 1000;

		tv->tv_sec = (long)(us / 1000000);
		tv->tv_usec = (long)(us % 1000000);
	}
	if (tz) {
		((int *)tz)[0] = 0;
		((int *)tz)[1] = 0;
	}
	return 0;
}

long __vdso_time(long *out)
{
	long t = (long)(clock_read(true) / NSEC_PER_SEC);

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
