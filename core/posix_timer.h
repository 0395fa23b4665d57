/* SPDX-License-Identifier: MIT */
/* Between core/signal.c and core/posix_timer.c. */
#ifndef CORE_POSIX_TIMER_H
#define CORE_POSIX_TIMER_H

#include <core/signal.h>

/* A timer's signal is taken: what it tells is completed, and the timer goes on. Signal lock held. */
void posix_timer_taken(struct signal_entry *e, struct abi_siginfo *info);

#endif
