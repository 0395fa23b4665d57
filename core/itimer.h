/* SPDX-License-Identifier: MIT */
/* Between core/signal.c and core/itimer.c. */
#ifndef CORE_ITIMER_H
#define CORE_ITIMER_H

/* SIGALRM was taken, or its disposition changed: the interval timer goes on. Signal lock held. */
void itimer_continue(void);

#endif
