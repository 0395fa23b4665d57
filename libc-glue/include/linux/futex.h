/* SPDX-License-Identifier: MIT */
/* The operations of futex(2), which the C library wraps in no function of its own. */
#ifndef _RINGLET_LINUX_FUTEX_H
#define _RINGLET_LINUX_FUTEX_H

#include <abi/futex.h>

#endif
