/* SPDX-License-Identifier: MIT */
/* For the tests of machine checks, which come from outside: where and when they hit. */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/syscall.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include "ops.h"

static void stay(uint64_t ms)
{
	uint64_t end = time_now() + ms * NSEC_PER_MSEC;

	while (time_now() < end)
		arch_cpu_relax();
}

long sys_test_mce(unsigned op, uint64_t a)
{
	phys_t pa;

	switch (op) {
	case MCE_PHYSICAL:
		pa = arch_mmu_lookup(a, NULL);
		return pa == PHYS_NONE ? -EFAULT : (long)(pa + (a & ~PAGE_MASK));
	case MCE_STAY:
		stay(a);
		return 0;
	case MCE_STATUS:
		return rdmsr(MSR_MC0_CTL + 4 * (a & 0xff) + 1) != 0;
	case MCE_POLL:
		apic_send_self(VECTOR_MC_POLL);
		return 0;
	}
	return -EINVAL;
}
