/* SPDX-License-Identifier: MIT */
/*
 * The filter: what is allowed works, what is not is refused whatever its number, and the list is in
 * memory that not even the core can write. The program is told what becomes of refused calls.
 *
 * guest: args="enosys" run="--cmdline 'refuse=enosys allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,getpid,uname'"
 * guest: args="enosys seal" core=testing run="--cmdline 'refuse=enosys allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,getpid,uname,test_filter_write'"
 * guest: args="getuid" expect=signal:31 run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,getpid,uname'"
 * guest: args="outside" expect=signal:31 run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,getpid,uname'"
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include "tap.h"

#define TEST_FILTER_WRITE 1021

static long call(long n)
{
	return raw(n, 0, 0, 0, 0, 0, 0);
}

static void test_enosys(void)
{
	static const long refused[] = {
		SYS_getuid, SYS_read, SYS_open,	  SYS_kill, SYS_mmap, 57,
		1000,	    1 << 20,  INT_MAX,	  INT_MIN,  -1,	      -64,
		-4096,	    1024,     0x40000027, 400,	    16384,    1 << 30,
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		is(call(refused[i]), -ENOSYS, "a call that is not on the list is refused");
	is(call(SYS_getpid), 1, "one that is on it works");
	is(call((1L << 32) + SYS_getpid), 1, "by the number's lower half");
	is(call((1L << 32) + SYS_getuid), -ENOSYS, "which is refused as well");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "getuid"))
		call(SYS_getuid);
	else if (argc > 1 && !strcmp(argv[1], "outside"))
		call(1 << 20);
	else
		test_enosys();
	if (argc > 2)
		is(call(TEST_FILTER_WRITE), 0, "the list cannot be written");
	return done();
}
