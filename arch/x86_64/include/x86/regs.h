/* SPDX-License-Identifier: MIT */
/*
 * The register file on the stack: what an entry saves and an exit restores, 21 words, lowest
 * address first. entry.S pushes it from ss down; its offsets come from offsets.c.
 */
#ifndef X86_REGS_H
#define X86_REGS_H

#include <core/compiler.h>

struct regs {
	/* Saved by the called C code itself; stored here only by entries that need the whole file. */
	uint64_t r15, r14, r13, r12, bp, bx;
	/* Saved by every entry. */
	uint64_t r11, r10, r9, r8, ax, cx, dx, si, di;
	/*
	 * System call: its number. Exception: -1 (the error code is passed apart). Interrupt:
	 * ~vector. So only a system call shows a number >= 0.
	 */
	uint64_t orig_ax;
	/* Pushed by the CPU, or by the SYSCALL entry in its stead. */
	uint64_t ip, cs, flags, sp, ss;
};

static inline bool regs_from_user(const struct regs *r)
{
	return r->cs & 3;
}

#endif
