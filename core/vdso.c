/* SPDX-License-Identifier: MIT */
/* Maps the architecture's vDSO (arch/vdso.h) for the app, read-only. Called once, when it is loaded. */
#include <arch/vdso.h>
#include <core/vm.h>

#include "exec.h"

/* The image's address, or 0: the app then reads its clocks by system calls. */
uintptr_t vdso_map(void)
{
	struct arch_vdso v = arch_vdso();
	long at;

	if (!v.size)
		return 0;
	at = vm_map_anonymous(0, PAGE_SIZE + v.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
	if (at < 0)
		return 0;
	if (vm_map_pages((uintptr_t)at, PAGE_SIZE, PROT_READ, MAP_FIXED, v.data) < 0 ||
	    vm_map_pages((uintptr_t)at + PAGE_SIZE, v.size, PROT_READ | PROT_EXEC, MAP_FIXED,
			 v.image) < 0) {
		(void)vm_unmap((uintptr_t)at, PAGE_SIZE + v.size);
		return 0;
	}
	return (uintptr_t)at + PAGE_SIZE;
}
