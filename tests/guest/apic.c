/* SPDX-License-Identifier: MIT */
/*
 * Interrupts nobody waits for: each vector is taken, counted, ended at the APIC if it came from there,
 * and goes on disturbing nothing; the spurious one is not ended. Interrupts see clear flags in C.
 *
 * guest: core=testing
 * guest: core=testing run="--smp 2"
 * Bochs ends no interrupt that came by the spurious vector:
 * guest: core=testing args="spurious" on=qemu
 */
#include <string.h>
#include "core_calls.h"

#define SPURIOUS 0xff
#define INT80	 0x80

/* Those that have a handler: what they do is theirs. 0x20 and up are the 8259s', masked. */
static bool used(unsigned v)
{
	return v == INT80 || v == SPURIOUS || (v >= 0x30 && v < 0x40) || (v >= 0xf0 && v < 0xff);
}

static void check_each(void)
{
	long wrong = 0, tried = 0, before = irq_call(IRQ_UNEXPECTED, 0);

	for (unsigned v = 32; v < 256; v++) {
		long count = irq_call(IRQ_COUNT, v);

		if (used(v))
			continue;
		tried++;
		irq_call(IRQ_SELF, v);
		if (irq_call(IRQ_COUNT, v) != count + 1 || irq_call(IRQ_IN_SERVICE, v)) {
			printf("# vector %u: %ld times, in service %ld\n", v,
			       irq_call(IRQ_COUNT, v) - count, irq_call(IRQ_IN_SERVICE, v));
			wrong++;
			irq_call(IRQ_EOI, 0);
		}
	}
	is(wrong, 0, "each vector is taken once and ended");
	ok(tried > 180, "that were %ld of them", tried);
	is(irq_call(IRQ_UNEXPECTED, 0), before + tried, "all are counted as unexpected");
}

static void check_spurious(void)
{
	long before = irq_call(IRQ_SPURIOUS, 0), high = irq_call(IRQ_COUNT, 0x50);

	/* Sent as an interrupt of its own the vector is in service, and shows whether it is ended. */
	irq_call(IRQ_SELF, SPURIOUS);
	is(irq_call(IRQ_SPURIOUS, 0), before + 1, "the spurious vector is counted");
	is(irq_call(IRQ_IN_SERVICE, SPURIOUS), 1, "and not ended");
	irq_call(IRQ_INT, 0x50);
	is(irq_call(IRQ_COUNT, 0x50), high + 1, "INT n in the core is taken");
	is(irq_call(IRQ_IN_SERVICE, SPURIOUS), 1, "and ends nothing, as it is not in service");
	irq_call(IRQ_EOI, 0);
	is(irq_call(IRQ_IN_SERVICE, SPURIOUS), 0, "until that is done by hand");
}

/* The timer comes in ring 3 with DF and AC set. */
static void check_flags(void)
{
	long seen = 0;

	/* Not each comes in the loop: the first may be there when the call returns. */
	for (int i = 0; i < 50; i++) {
		irq_call(IRQ_TIMER, 1);
		__asm__ volatile("std; pushf; orl $0x40000, (%%rsp); popf;"
				 "mov $3000000, %%ecx; 1: loop 1b;"
				 "pushf; andl $~0x40000, (%%rsp); popf; cld" ::
					 : "ecx", "memory", "cc");
		seen |= irq_call(IRQ_SEEN, 0);
	}
	is(seen, IRQ_WAS_HERE, "DF and AC are clear in an interrupt's handler");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "spurious")) {
		check_spurious();
	} else {
		check_each();
		check_flags();
	}
	return done();
}
