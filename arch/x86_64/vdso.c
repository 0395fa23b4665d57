/* SPDX-License-Identifier: MIT */
/* Where the vDSO's page of data and its image are (contract: arch/vdso.h). */
#include <arch/vdso.h>
#include <x86/arch.h>
#include <x86/vdso.h>

extern const char vdso_image[], vdso_image_end[];

union vdso_page vdso_page __aligned(PAGE_SIZE);

static phys_t phys(const void *p)
{
	return (uintptr_t)p - (uintptr_t)core_image_start + image_phys;
}

struct arch_vdso arch_vdso(void)
{
	return (struct arch_vdso){phys(&vdso_page), phys(vdso_image),
				  (size_t)(vdso_image_end - vdso_image)};
}
