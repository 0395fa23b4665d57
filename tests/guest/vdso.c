/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: found as C libraries find it, agrees with the system calls, does not go back, cannot be
 * written to.
 *
 * guest:
 * guest: run="--icount"
 * guest: run="--cmdline clock=hpet"
 * guest: run="--cmdline clock=pmtimer"
 */
#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "tap.h"

static long ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

static long by_call(int clock)
{
	struct timespec t;

	raw(SYS_clock_gettime, clock, (long)&t, 0, 0, 0, 0);
	return ns_of(t);
}

static long by_library(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return ns_of(t);
}

static void agrees(int clock, const char *name)
{
	int wrong = 0;

	for (int i = 0; i < 1000; i++) {
		long before = by_call(clock), between = by_library(clock), after = by_call(clock);

		wrong += before > between || between > after;
	}
	is(wrong, 0, "%s: between two system calls each time", name);
}

static void object(uintptr_t base)
{
	const Elf64_Ehdr *eh = (const void *)base;

	ok(!memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_type == ET_DYN, "it is a shared object");
	is(raw(SYS_mprotect, (long)base - 4096, 4096, PROT_READ | PROT_EXEC, 0, 0, 0), 0,
	   "its data may lose rights");
	is(raw(SYS_mprotect, (long)base - 4096, 4096, PROT_READ, 0, 0, 0), 0, "and get them back");
}

/* What the app writes into its page of the clock's data is its own copy's. */
static void own_copy(uintptr_t data)
{
	long before = by_call(CLOCK_MONOTONIC), after;

	if (raw(SYS_mprotect, (long)data, 4096, PROT_READ | PROT_WRITE, 0, 0, 0) == 0)
		memset((void *)data, 0x5a, 4096);
	after = by_call(CLOCK_MONOTONIC);
	ok(after >= before && after - before < 1000000000, "the core's clock is out of reach");
}

int main(void)
{
	uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	struct timeval tv;
	unsigned cpu = 99, node = 99;
	long last = 0, back = 0;

	if (!ok(base != 0, "AT_SYSINFO_EHDR is there"))
		return done();
	object(base);
	agrees(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	agrees(CLOCK_REALTIME, "CLOCK_REALTIME");
	agrees(7, "CLOCK_BOOTTIME");
	agrees(4, "CLOCK_MONOTONIC_RAW");
	agrees(5, "CLOCK_REALTIME_COARSE");
	agrees(11, "CLOCK_TAI");
	agrees(CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID");
	for (int i = 0; i < 100000; i++) {
		long now = by_library(CLOCK_MONOTONIC);

		back += now < last;
		last = now;
	}
	is(back, 0, "it never goes back");
	gettimeofday(&tv, 0);
	ok(tv.tv_sec - time(0) <= 0 && tv.tv_sec > 1600000000, "gettimeofday is now");
	is(clock_gettime(99, &(struct timespec){0}), -1, "no such clock");
	is(raw(SYS_getcpu, (long)&cpu, (long)&node, 0, 0, 0, 0), 0, "getcpu");
	ok(cpu == 0 && node == 0, "tells the only CPU");
	own_copy(base - 4096);
	return done();
}
