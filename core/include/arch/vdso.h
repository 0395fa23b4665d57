/* SPDX-License-Identifier: MIT */
/*
 * Contract: a shared object of the architecture's that the app gets mapped, to read the clock without
 * entering the core: a page of data, which the core goes on writing, and the image, which the app
 * has at the page after it.
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include <core/compiler.h>

struct arch_vdso {
	phys_t data;  /* one page */
	phys_t image; /* an ELF shared object */
	size_t size;  /* of the image, a multiple of the page size; 0: there is none */
};

struct arch_vdso arch_vdso(void);

#endif
