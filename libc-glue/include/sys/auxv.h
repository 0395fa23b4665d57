/* SPDX-License-Identifier: MIT */
/* What the core told the program at its start. */
#ifndef _SYS_AUXV_H
#define _SYS_AUXV_H

#include <sys/cdefs.h>
#include <abi/auxv.h>

__BEGIN_DECLS
/* The value of AT_type, or 0 with ENOENT. */
unsigned long getauxval(unsigned long type);
__END_DECLS

#endif
