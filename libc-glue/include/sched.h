/* SPDX-License-Identifier: MIT */
/* newlib's scheduling types, clone's flags, and giving up the processor with or without threads. */
#ifndef _RINGLET_SCHED_H
#define _RINGLET_SCHED_H

#include_next <sched.h>
#include <abi/sched.h>

__BEGIN_DECLS
int sched_yield(void);
__END_DECLS

#endif
