/* SPDX-License-Identifier: MIT */
/*
 * The filter: what is allowed works, what is not is refused whatever its number, in every thread, and
 * the list is in memory that not even the core can write. A refused call is ENOSYS, or SIGSYS with
 * what Linux's seccomp tells of it, whose handler goes on.
 *
 * guest: args="enosys" run="--cmdline 'refuse=enosys allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname,clone,futex'"
 * guest: args="enosys seal" core=testing run="--cmdline 'refuse=enosys allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname,clone,futex,test_filter_write'"
 * guest: args="sigsys" run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname,rt_sigaction,rt_sigprocmask'"
 * guest: args="getuid" expect=signal:31 run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname'"
 * guest: args="outside" expect=signal:31 run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname'"
 * guest: args="blocked" expect=signal:31 run="--cmdline 'allow=write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address,getpid,uname,rt_sigaction,rt_sigprocmask'"
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include "sigraw.h"
#include "thread.h"

#define TEST_FILTER_WRITE 1021
#define S_SYS		  31
#define AUDIT_X86_64	  0xc000003eu

static long call(long n)
{
	return raw(n, 0, 0, 0, 0, 0, 0);
}

static const long refused[] = {
	SYS_getuid, SYS_read, SYS_open, SYS_kill, SYS_mmap, 57,		1000, 1 << 20, INT_MAX,
	INT_MIN,    -1,	      -64,	-4096,	  1024,	    0x40000027, 400,  16384,   1 << 30,
};

static void in_thread(void *result)
{
	*(long *)result = call(SYS_getuid);
}

static void test_enosys(void)
{
	static struct test_thread t;
	static long result;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		is(call(refused[i]), -ENOSYS, "a call that is not on the list is refused");
	is(call(SYS_getpid), 1, "one that is on it works");
	is(call((1L << 32) + SYS_getpid), 1, "by the number's lower half");
	is(call((1L << 32) + SYS_getuid), -ENOSYS, "which is refused as well");
	ok(thread_start(&t, in_thread, &result) > 1, "a thread can be made");
	thread_join(&t);
	is(result, -ENOSYS, "and is under the same filter");
}

static struct raw_info info;
static struct raw_context context;
static int signals;

static void note(int sig, struct raw_info *i, struct raw_context *c)
{
	signals += sig == S_SYS;
	info = *i;
	context = *c;
	c->ax = 1234;
}

static void test_sigsys(void)
{
	uint32_t number, arch;
	extern char after[];
	long r, n = (long)0xdeadbeef00000000 + SYS_getuid;

	is(action(S_SYS, note, 0, 0), 0, "SIGSYS can have a handler");
	/* The first line of output may have asked, in vain, what kind of file it goes to. */
	signals = 0;
	__asm__ volatile("syscall\n after:" : "=a"(r) : "0"(n) : "rcx", "r11", "memory");
	memcpy(&number, (char *)&info.addr + 8, 4);
	memcpy(&arch, (char *)&info.addr + 12, 4);
	is(signals, 1, "which runs for a refused call");
	is(info.code, 1, "si_code is SYS_SECCOMP");
	is(info.error, 0, "without an error");
	ok(info.addr == (uintptr_t)after, "si_call_addr is behind the call");
	is(number, SYS_getuid, "si_syscall is the number");
	ok(arch == AUDIT_X86_64, "si_arch is x86-64's: %#x", arch);
	ok(context.ip == (uintptr_t)after, "the context is where the call would return");
	ok((long)context.ax == n, "its RAX is what the app had: the call was not made");
	is(r, 1234, "the handler gives the result");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		is(call(refused[i]), 1234, "any call that is not on the list is caught");
	/* Numbers that look like results of calls to be made again. */
	is(call(0xfffffe00), 1234, "so is this");
	is(call(-512), 1234, "and this");
	is(signals, 1 + sizeof(refused) / sizeof(refused[0]) + 2, "each once");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "getuid")) {
		call(SYS_getuid);
	} else if (!strcmp(what, "outside")) {
		call(1 << 20);
	} else if (!strcmp(what, "blocked")) {
		/* A handler that cannot run now does not save it. */
		action(S_SYS, note, 0, 0);
		block(1ull << (S_SYS - 1));
		call(SYS_getuid);
	} else if (!strcmp(what, "sigsys")) {
		test_sigsys();
	} else {
		test_enosys();
	}
	if (argc > 2)
		is(call(TEST_FILTER_WRITE), 0, "the list cannot be written");
	return done();
}
