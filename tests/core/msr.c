/* SPDX-License-Identifier: MIT */
/* The core's MSRs, for a test that knows what they must hold. */
#include <core/syscall.h>
#include <x86/cpu.h>

long sys_test_rdmsr(unsigned msr)
{
	return (long)rdmsr(msr);
}
