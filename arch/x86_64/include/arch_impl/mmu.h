/* SPDX-License-Identifier: MIT */
/* x86-64's address space: 4-level paging, 48-bit addresses. SDM volume 3, section 4.5. */
#ifndef ARCH_IMPL_MMU_H
#define ARCH_IMPL_MMU_H

#define ARCH_USER_START 0x10000UL
/* The last page below the canonical hole is never mapped: a SYSCALL there would return into it. */
#define ARCH_USER_END 0x7ffffffff000UL

#define ARCH_DIRECT_MAP 0xffff800000000000UL /* all RAM; up to 64 TiB */
#define ARCH_STACKS	0xffffc00000000000UL /* thread and IST stacks, each with a guard page */
#define ARCH_MMIO	0xffffd00000000000UL /* device memory */
#define ARCH_LDT	0xffffd80000000000UL /* the LDT as the CPU sees it: read-only */
#define ARCH_ESPFIX	0xffffff0000000000UL /* aliases of the ESPFIX mini-stacks */
#define ARCH_IMAGE	0xffffffff80000000UL /* the core's image */

#define ARCH_LARGE_ORDER 9 /* 2 MiB */

#endif
