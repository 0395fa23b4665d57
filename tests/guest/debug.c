/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints on the core, which only the testing core lets a program set: on each instruction of
 * the entries, on what they read. None stops the core, costs a register, or is hit where it must not be:
 * inside an NMI, whose #DB would take the stack of a #DB that the NMI interrupted.
 *
 * guest: core=testing timeout=120
 * guest: core=testing timeout=120 run="--qemu '-cpu max,-fsgsbase'" args="no-fsgsbase"
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "core_calls.h"
#include "spin.h"

static bool keeps_base;
static volatile char *fresh;
static long pages;

/* Ways into the core and back: system calls that go each way, an exception, an NMI. */
static bool all_well(void)
{
	bool well = raw(SYS_getpid, 0, 0, 0, 0, 0, 0) == 1 &&
		    raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0) == 0 &&
		    raw(1009, 0, 0, 0, 0, 0, 0) == -ENOSYS;

	fresh[4096 * pages] = 1;
	well &= fresh[4096 * pages] == 1;
	pages++;
	nmi_call(NMI_SEND, 0);
	well &= spin(10) == 0;
	return well && (!keeps_base || gs_base() == CORE_LIKE_BASE);
}

/* One breakpoint after the other on each byte, be it an instruction's first or not. */
static void sweep(const char *what, uint64_t from, uint64_t to)
{
	long hits = 0, refused = 0;
	bool well = true;

	for (uint64_t at = from; at < to && well; at++) {
		if (debug_call(DEBUG_SET, at, DEBUG_EXECUTE)) {
			refused++;
			continue;
		}
		well = all_well();
		hits += debug_call(DEBUG_HITS, 0, 0);
		debug_call(DEBUG_CLEAR, 0, 0);
	}
	ok(well, "breakpoints on %s: all goes on", what);
	ok(hits > 0, "they were hit: %ld times; %ld places are refused", hits, refused);
}

static long watch_hits(uint64_t at, bool *well)
{
	long hits;

	debug_call(DEBUG_SET, at, DEBUG_ACCESS);
	*well = all_well();
	hits = debug_call(DEBUG_HITS, 0, 0);
	debug_call(DEBUG_CLEAR, 0, 0);
	return hits;
}

static void check_data(void)
{
	bool well;
	long hits = watch_hits(debug_symbol(DEBUG_AT_THREAD), &well);

	ok(well && hits > 0, "a watchpoint on the thread's work word: all goes on, %ld hits", hits);
	hits = watch_hits(debug_symbol(DEBUG_AT_FSGSBASE) & ~7ul, &well);
	ok(well, "a watchpoint on what the paranoid entries read: all goes on");
	is(hits, 0, "they read it with breakpoints off");
}

static void check_percpu(void)
{
	uint64_t at = debug_symbol(DEBUG_AT_PERCPU), end = debug_symbol(DEBUG_AT_PERCPU_END);
	bool well = true;
	long hits = 0;

	for (; at < end && well; at += 8) {
		debug_call(DEBUG_SET, at, DEBUG_ACCESS);
		well = all_well();
		hits += debug_call(DEBUG_HITS, 0, 0);
		debug_call(DEBUG_CLEAR, 0, 0);
	}
	ok(well && hits > 0, "watchpoints on the CPU's block: all goes on, %ld hits", hits);
}

/* What an NMI's handler reads is watched, and the NMI comes as a #DB begins. */
static void check_in_nmi(void)
{
	uint64_t counters = debug_symbol(DEBUG_AT_COUNTERS);

	debug_call(DEBUG_SET, counters + 8 * 2, DEBUG_ACCESS);
	for (int i = 0; i < 10; i++)
		nmi_call(NMI_SEND, 0);
	is(debug_call(DEBUG_NESTED, 0, 0), 0, "a watchpoint is not hit inside an NMI");
	debug_call(DEBUG_CLEAR, 0, 0);
	debug_call(DEBUG_SET, counters + 8 * 1, DEBUG_ACCESS);
	debug_call(DEBUG_SET, debug_symbol(DEBUG_AT_ENTRY), DEBUG_EXECUTE);
	ok(all_well(), "nor what a #DB counts inside a #DB");
	debug_call(DEBUG_CLEAR, 0, 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	keeps_base = argc == 1;
	if (keeps_base)
		gs_base_set(CORE_LIKE_BASE);
	fresh = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	raw(SYS_madvise, (long)fresh, 64 << 20, MADV_NOHUGEPAGE, 0, 0, 0);
	nmi_call(NMI_COUNT, 0);
	sweep("SYSCALL's entry and exit", debug_symbol(DEBUG_AT_ENTRY),
	      debug_symbol(DEBUG_AT_ENTRY_END) + 2);
	sweep("the entries of exceptions and interrupts", debug_symbol(DEBUG_AT_STUBS_END) - 700,
	      debug_symbol(DEBUG_AT_STUBS_END));
	sweep("the entry of NMI", debug_symbol(DEBUG_AT_NMI), debug_symbol(DEBUG_AT_NMI_END));
	check_percpu();
	check_data();
	check_in_nmi();
	return done();
}
