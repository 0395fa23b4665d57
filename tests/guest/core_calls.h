/* SPDX-License-Identifier: MIT */
/* The calls of the testing core (tests/core), and the app's GS base; for tests/guest. */
#ifndef CORE_CALLS_H
#define CORE_CALLS_H

#include <stdint.h>
#include "../core/ops.h"
#include "tap.h"

/* A base as the core's own has it. */
#define CORE_LIKE_BASE 0xffffffff80012340UL

__attribute__((unused)) static long debug_call(unsigned op, uint64_t a, uint64_t b)
{
	return raw(CALL_DEBUG, op, (long)a, (long)b, 0, 0, 0);
}

__attribute__((unused)) static uint64_t debug_symbol(unsigned which)
{
	uint64_t v = 0;

	debug_call(DEBUG_SYMBOL, which, (uintptr_t)&v);
	return v;
}

__attribute__((unused)) static long nmi_call(unsigned op, uint64_t a)
{
	return raw(CALL_NMI, op, (long)a, 0, 0, 0, 0);
}

__attribute__((unused)) static long irq_call(unsigned op, uint64_t a)
{
	return raw(CALL_IRQ, op, (long)a, 0, 0, 0, 0);
}

__attribute__((unused)) static long vectors_call(unsigned op, uint64_t a, uint64_t b)
{
	return raw(CALL_VECTORS, op, (long)a, (long)b, 0, 0, 0);
}

__attribute__((unused)) static long mce_call(unsigned op, uint64_t a)
{
	return raw(CALL_MCE, op, (long)a, 0, 0, 0, 0);
}

__attribute__((unused)) static void gs_base_set(uint64_t base)
{
	__asm__ volatile("wrgsbase %0" ::"r"(base));
}

__attribute__((unused)) static uint64_t gs_base(void)
{
	uint64_t base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

#endif
