/* SPDX-License-Identifier: MIT */
/*
 * What the vDSO (vdso/vdso.c) reads in ring 3 and the core writes (clock.c): a page of its own that
 * the app has mapped read-only, right below the vDSO's text.
 */
#ifndef X86_VDSO_H
#define X86_VDSO_H

#include <core/compiler.h>

/*
 * Monotonic time is ns + ((TSC - tsc) * mult >> 32), raw time the same of raw_ns and raw_mult; or that
 * of another counter than the TSC, which the core alone can read.
 */
struct vdso_data {
	/* WRITING: the line is being replaced. ASK: only the core knows the time. The rest counts
	 * replacements. */
	uint32_t sequence;
	uint64_t tsc, ns;
	uint64_t mult;	   /* nanoseconds per tick, 32.32 fixed point */
	uint64_t realtime; /* realtime minus monotonic: one word, changed by itself */
	uint64_t raw_ns, raw_mult;
};
#define SEQUENCE_WRITING 1
#define SEQUENCE_ASK	 2
#define SEQUENCE_STEP	 4

/* Nothing else of the core's may be in that page: the app reads it. */
union vdso_page {
	struct vdso_data data;
	uint8_t bytes[PAGE_SIZE];
};
extern union vdso_page vdso_page;

/* The limit of this segment, which every CPU has in its own GDT, is the CPU's number. */
#define SEL_CPU_NUMBER 0x7b

#endif
