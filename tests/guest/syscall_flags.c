/* SPDX-License-Identifier: MIT */
/*
 * Flags that a program may have set at SYSCALL and that must not reach the core: DF (string
 * instructions backwards), NT (IRET would want a task), TF (a step in the core). Each is as it was on
 * return. AC is tested by test_core_faults.py. (TCG's SYSCALL clears DF by itself: Bochs does not.)
 *
 * guest: core=testing
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "core_calls.h"
#include "vendor.h"

#define FLAGS_TF 0x100
#define FLAGS_DF 0x400
#define FLAGS_NT 0x4000

static uint64_t flags_after;

/* A system call with more flags set; flags_after is what they were on return. */
static long call_with(uint64_t flags, long n, long a, long b, long c)
{
	long ret;

	__asm__ volatile("pushf; orq %[flags], (%%rsp); popf; syscall;"
			 "pushf; popq %[after]; pushf; andq $~0x4500, (%%rsp); popf"
			 : "=a"(ret), [after] "=&r"(flags_after)
			 : "a"(n), "D"(a), "S"(b), "d"(c), [flags] "r"(flags)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static void check_df(void)
{
	static struct utsname plain[3], with_df[3];

	uname(&plain[1]);
	is(call_with(FLAGS_DF, SYS_uname, (long)&with_df[1], 0, 0), 0, "uname with DF");
	ok(flags_after & FLAGS_DF, "DF is kept");
	ok(!memcmp(plain, with_df, sizeof(plain)), "the core copied forwards");
}

static void set_nt(int sig)
{
	(void)sig;
	__asm__ volatile("pushf; orq $0x4000, (%%rsp); popf" ::: "memory", "cc");
}

/* The core's copy faults; and a call that leaves by IRET, as sigreturn does, has NT set. */
static void check_nt(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	char *fresh = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	is(call_with(FLAGS_NT, SYS_read, zero, (long)fresh, 16 * 4096), 16 * 4096,
	   "read with NT, into pages that are not there yet");
	ok(flags_after & FLAGS_NT, "NT is kept");
	close(zero);
	signal(SIGUSR1, set_nt);
	raise(SIGUSR1);
	ok(true, "sigreturn with NT");
}

/* The step ends behind SYSCALL, in ring 3: noted, and TF cleared, by the testing core. */
static void check_tf(void)
{
	long steps;

	debug_call(DEBUG_CLEAR, 0, 0);
	vectors_call(VECTORS_CATCH, 0, 0);
	__asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop" ::: "memory", "cc");
	is(vectors_call(VECTORS_TAKEN, 0, 0), 1 | 0x4000 << 8, "a step is #DB");
	for (int i = 0; i < 10; i++) {
		long ret;

		/* The #DB after POPF's next instruction, which is SYSCALL, is the one that is noted. */
		vectors_call(VECTORS_CATCH, 0, 0);
		__asm__ volatile("pushf; orl $0x100, (%%rsp); popf; syscall; nop"
				 : "=a"(ret)
				 : "a"(SYS_getpid)
				 : "rcx", "r11", "memory", "cc");
		if (ret != 1 || vectors_call(VECTORS_TAKEN, 0, 0) != (1 | 0x4000 << 8)) {
			ok(false, "a step over SYSCALL");
			return;
		}
	}
	ok(true, "a step over SYSCALL");
	steps = debug_call(DEBUG_HITS, 0, 0);
	/* Bochs takes the step of SYSCALL itself behind it, where TF is clear already. */
	ok(steps == 0 || (steps == 10 && !under_hypervisor()), "there is no step in the core: %ld",
	   steps);
}

int main(void)
{
	check_df();
	check_nt();
	check_tf();
	return done();
}
