/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors as the app asks for them (Linux's struct user_desc) and as the CPU has them
 * (SDM volume 3, section 3.4.5). The two tables the app may write in, LDT and TLS areas, get their
 * entries from here alone: code or data, DPL 3, never 64-bit code, already accessed.
 */
#ifndef X86_DESCRIPTOR_H
#define X86_DESCRIPTOR_H

#include <core/compiler.h>

struct user_desc {
	uint32_t entry_number, base, limit;
	uint32_t seg_32bit : 1, contents : 2, read_exec_only : 1, limit_in_pages : 1,
		seg_not_present : 1, useable : 1, lm : 1, unused : 24;
};

#define CONTENTS_DATA	    0
#define CONTENTS_DATA_DOWN  1
#define CONTENTS_CODE	    2
#define CONTENTS_CONFORMING 3

/* What d asks for, as the CPU reads it; d->lm is ignored. */
uint64_t descriptor_make(const struct user_desc *d);
/* The way back; entry_number is the caller's. */
struct user_desc descriptor_describe(uint64_t descriptor);
/* The two ways to ask for an entry to be cleared. */
bool user_desc_is_empty(const struct user_desc *d);
bool user_desc_is_zero(const struct user_desc *d);

#endif
