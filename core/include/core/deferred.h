/* SPDX-License-Identifier: MIT */
/*
 * Deferred work (core/deferred.c): what an interrupt handler leaves to thread context. It is run at
 * the exit to ring 3, in the idle loop, and wherever its owner calls deferred_run() (the network at
 * its unlock). Handlers run with interrupts on, on a thread's stack, and do not sleep.
 */
#ifndef CORE_DEFERRED_H
#define CORE_DEFERRED_H

#include <core/compiler.h>

enum deferred_kind {
	DEFERRED_NET,
#ifdef RINGLET_TESTING
	DEFERRED_TEST, /* tests/core/smp.c */
#endif
	DEFERRED_KINDS,
};

void deferred_register(enum deferred_kind kind, void (*handler)(void));
/* Any context. */
void deferred_raise(enum deferred_kind kind);
bool deferred_pending(void);
/* Runs all that is pending, until none is. Thread context, interrupts on, no lock held. */
void deferred_run(void);

#endif
