/* SPDX-License-Identifier: MIT */
/* newlib's scheduling types, and giving up the processor whether or not there are threads. */
#ifndef _RINGLET_SCHED_H
#define _RINGLET_SCHED_H

#include_next <sched.h>

__BEGIN_DECLS
int sched_yield(void);
__END_DECLS

#endif
