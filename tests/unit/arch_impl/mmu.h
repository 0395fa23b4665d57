/* SPDX-License-Identifier: MIT */
/*
 * The fake architecture's address space. App addresses are x86-64's, but backed by the fake page
 * table only; the direct map is the host's memory with an offset, so that no address is both.
 */
#ifndef ARCH_IMPL_MMU_H
#define ARCH_IMPL_MMU_H

#define ARCH_USER_START 0x10000UL
#define ARCH_USER_END	0x7ffffffff000UL
#define ARCH_DIRECT_MAP 0x100000000000UL

#define ARCH_LARGE_ORDER 9 /* 2 MiB */

#endif
