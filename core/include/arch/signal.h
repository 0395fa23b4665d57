/* SPDX-License-Identifier: MIT */
/*
 * Contract: signals as the architecture has them. It builds the frames, serves rt_sigreturn, turns
 * exceptions into signals, and at the exit to ring 3 asks core/signal.h what to deliver.
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include <core/compiler.h>

/* The app's stack pointer and program counter at its last entry. Thread context, the app's thread. */
uintptr_t arch_user_sp(void);
uintptr_t arch_user_pc(void);
/* The app's registers and its backtrace to the log, as of its last entry. */
void arch_report_user(void);

#endif
