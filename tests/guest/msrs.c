/* SPDX-License-Identifier: MIT */
/*
 * The MSRs of the system-call instructions hold what the design says, read back from the CPU by a
 * core that has a call for it. SDM volume 4, table 2-2.
 *
 * guest: core=testing
 */
#include <errno.h>
#include "tap.h"

#define TEST_RDMSR 1000

static unsigned long msr(unsigned n)
{
	return (unsigned long)raw(TEST_RDMSR, n, 0, 0, 0, 0, 0);
}

int main(void)
{
	unsigned long star = msr(0xc0000081);

	is(star >> 32 & 0xffff, 0x10, "STAR[47:32]: SYSCALL loads CS 0x10, SS 0x18");
	is(star >> 48, 0x23, "STAR[63:48]: SYSRET loads CS 0x33, SS 0x2b, both RPL 3");
	ok(msr(0xc0000082) >= 0xffffffff80000000, "LSTAR points into the core");
	ok(msr(0xc0000083) >= 0xffffffff80000000, "CSTAR points into the core");
	is(msr(0xc0000084), 0x47700, "SFMASK clears TF IF DF IOPL NT AC");
	is(msr(0x174), 0, "SYSENTER_CS is null: SYSENTER faults");
	is(msr(0x175), 0, "SYSENTER_ESP");
	is(msr(0x176), 0, "SYSENTER_EIP");
	ok(msr(0xc0000080) & 1, "EFER.SCE is on");
	return done();
}
