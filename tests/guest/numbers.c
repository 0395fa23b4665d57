/* SPDX-License-Identifier: MIT */
/*
 * System call numbers: only EAX counts, sign-extended; what is not in the table is ENOSYS, whatever
 * its arguments; the x32 bit names nothing.
 *
 * guest:
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

static void unknown(long n)
{
	long r = raw(n, -1, -1, -1, -1, -1, -1);

	ok(r == -ENOSYS, "%ld (%#lx) is ENOSYS: %ld", n, (unsigned long)n, r);
}

int main(void)
{
	static const long numbers[] = {
		-1,	 -2,	     -38,
		-4095,	 -4096,	     400,
		600,	 1000,	     1023,
		1024,	 4095,	     4096,
		65536,	 1 << 20,    INT_MAX,
		INT_MIN, 0x40000000, 0x40000000 + SYS_getpid,
		1 << 29, 1 << 28,    INT_MIN + SYS_getpid,
	};
	static const long scope[] = {56, 57, 58, 59}; /* clone, fork, vfork, execve */
	long pid = raw(SYS_getpid, 0, 0, 0, 0, 0, 0);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		unknown(numbers[i]);
	unknown(0xffffffff);
	unknown((1L << 32) + 400);
	is(raw((1L << 32) + SYS_getpid, 0, 0, 0, 0, 0, 0), pid, "2^32 + getpid is getpid");
	is(raw((long)0xdeadbeef00000000 + SYS_getpid, 0, 0, 0, 0, 0, 0), pid,
	   "so is any upper half");
	for (size_t i = 0; i < sizeof(scope) / sizeof(scope[0]); i++) {
		/* On Linux they would do something. */
		if (on_ringlet())
			unknown(scope[i]);
		else
			skip("fork and its kin are ENOSYS", "this is Linux");
	}
	is(raw(SYS_getpid, -1, -1, -1, -1, -1, -1), pid, "getpid does not look at its arguments");
	return done();
}
