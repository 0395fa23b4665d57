/* SPDX-License-Identifier: MIT */
/*
 * NMIs: one that comes while another is handled is not lost and damages nothing; one between the last
 * steps of an NMI's way back neither; none is seen by what was interrupted, whatever the app's GS base.
 *
 * guest: core=testing
 * guest: core=testing run="--smp 2"
 * guest: core=testing run="--qemu '-cpu max,-fsgsbase'" args="no-fsgsbase"
 * Sent on xAPIC, and by Bochs one instruction too early:
 * guest: core=testing args="window" on=qemu
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "core_calls.h"
#include "spin.h"

#define LIMIT 2000 /* rounds of spin: seconds */

static uint64_t base; /* the app's GS base, kept in all that follows */
static int keeps_base;

static void check_base(const char *when)
{
	if (keeps_base)
		ok(gs_base() == base, "GS base is kept %s (%#lx)", when, gs_base());
}

static void check_from_core(void)
{
	long before = nmi_call(NMI_COUNT, 0);

	for (int i = 0; i < 100; i++)
		nmi_call(NMI_SEND, 0);
	is(nmi_call(NMI_COUNT, 0), before + 100, "each NMI of the core is handled once");
	check_base("over NMIs of the core");
}

static void check_nested_core(void)
{
	long before, found;

	for (int i = 0; i < 100; i++) {
		before = nmi_call(NMI_COUNT, 0);
		nmi_call(NMI_ARM, NMI_DO_SEND | NMI_DO_FAULT | NMI_DO_WAIT);
		nmi_call(NMI_SEND, 0);
		found = nmi_call(NMI_RESULT, 0);
		if (nmi_call(NMI_COUNT, 0) != before + 2 ||
		    found != (NMI_WAS_HELD | NMI_WAS_NESTED))
			break;
	}
	is(found, NMI_WAS_HELD | NMI_WAS_NESTED,
	   "a second NMI waits for the fault in the first, then comes in");
	is(nmi_call(NMI_COUNT, 0), before + 2, "both are handled");
	check_base("over nested NMIs of the core");
}

/* The next NMI of ring 3 does what; false if there was none. */
static bool from_user(uint64_t what)
{
	long changed = 0;

	for (int i = 0; i < LIMIT; i++) {
		nmi_call(NMI_ARM, what);
		changed |= spin(100000);
		if (nmi_call(NMI_RESULT, 0) & NMI_WAS_USER)
			break;
	}
	ok(changed == 0, "registers, flags and red zone are kept (%#lx)", (unsigned long)changed);
	return nmi_call(NMI_RESULT, 0) & NMI_WAS_USER;
}

static void check_user(void)
{
	nmi_call(NMI_RATE, 500);
	ok(from_user(NMI_DO_WAIT), "an NMI comes in ring 3");
	ok(!(nmi_call(NMI_RESULT, 0) & NMI_WAS_DF), "DF is clear in its handler");
	ok(!(nmi_call(NMI_RESULT, 0) & NMI_WAS_LOST), "GS is the core's in its handler");
	check_base("over NMIs of ring 3");
	ok(from_user(NMI_DO_SEND | NMI_DO_FAULT | NMI_DO_WAIT), "one that takes a fault");
	is(nmi_call(NMI_RESULT, 0), NMI_WAS_USER | NMI_WAS_HELD | NMI_WAS_NESTED,
	   "a second NMI comes in then");
	check_base("over nested NMIs of ring 3");
	nmi_call(NMI_RATE, 0);
}

/* With AC set an access of the handler's to the app's memory would not be caught. */
static void check_ac(void)
{
	bool ac = false, came = false;

	nmi_call(NMI_RATE, 500);
	for (int i = 0; i < LIMIT && !came; i++) {
		nmi_call(NMI_ARM, NMI_DO_WAIT);
		__asm__ volatile(
			"pushf; orl $0x40000, (%%rsp); popf; mov $100000, %%ecx; 1: loop 1b;"
			"pushf; andl $~0x40000, (%%rsp); popf" ::
				: "ecx", "memory", "cc");
		came = nmi_call(NMI_RESULT, 0) & NMI_WAS_USER;
		ac = nmi_call(NMI_RESULT, 0) & NMI_WAS_AC;
	}
	nmi_call(NMI_RATE, 0);
	ok(came && !ac, "AC is clear in its handler");
}

static void check_window(void)
{
	long before = nmi_call(NMI_COUNT, 0);

	for (int i = 0; i < 100; i++)
		nmi_call(NMI_WINDOW, 0);
	is(nmi_call(NMI_COUNT, 0), before + 100, "an NMI between the last steps of one's way back");
	check_base("over those");
}

/* Between a page fault and the core's look at CR2 an NMI comes, whose handler takes a page fault. */
static void check_cr2(void)
{
	volatile char *fresh = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before = nmi_call(NMI_COUNT, 0);

	for (int i = 0; i < 16; i++) {
		nmi_call(NMI_ARM, NMI_DO_FAULT);
		debug_call(DEBUG_NMI, 0, 0);
		debug_call(DEBUG_SET, debug_symbol(DEBUG_AT_EXCEPTION), DEBUG_EXECUTE);
		fresh[i * 16 * 4096] = 1;
		debug_call(DEBUG_CLEAR, 0, 0);
	}
	is(nmi_call(NMI_COUNT, 0), before + 16, "an NMI after a page fault keeps CR2");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	keeps_base = strcmp(what, "no-fsgsbase") != 0;
	if (keeps_base) {
		base = CORE_LIKE_BASE;
		gs_base_set(base);
	}
	if (!strcmp(what, "window")) {
		check_window();
		return done();
	}
	check_from_core();
	check_nested_core();
	check_user();
	check_ac();
	check_cr2();
	check_base("to the end");
	return done();
}
