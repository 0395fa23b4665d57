/* SPDX-License-Identifier: MIT */
/* Shows that the filter is sealed: tries to write to it, by both addresses that it has. */
#include <arch/uaccess.h>
#include <core/filter.h>
#include <core/page.h>
#include <core/syscall.h>
#include <x86/arch.h>

/* Bit 0: it can be written where it is; bit 1: where the direct map shows it. */
long sys_test_filter_write(void)
{
	uint8_t *at = (uint8_t *)&filter, *alias = phys_to_virt((uintptr_t)at + image_phys);
	uint8_t same = *at;
	long r = 0;

	/* Copies whose faults are the app's elsewhere: they tell instead of stopping the core. */
	if (!arch_copy_to_user(at, &same, 1))
		r |= 1;
	if (!arch_copy_to_user(alias, &same, 1))
		r |= 2;
	return r;
}
