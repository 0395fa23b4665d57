/* SPDX-License-Identifier: MIT */
/*
 * SYSRET cannot give everything that a frame may say: with RIP where RCX is, but other flags than R11
 * has, or another stack segment, the way back is IRET, and all of it arrives. The testing core's call
 * changes the frame.
 *
 * guest: core=testing
 * guest: core=testing run="--qemu '-cpu qemu64'"
 */
#include <stdint.h>
#include <sys/syscall.h>
#include "tap.h"

#define TEST_RETURN 1017
#define USER_CS	    0x33
#define USER_SS	    0x2b
#define LDT_SS	    0x07 /* entry 0, RPL 3 */

struct user_desc {
	unsigned entry_number, base, limit, flags;
};

/* The frame, and what was there behind SYSCALL: flags, SS, RSP. */
static uint64_t frame[5], seen[3];

/* Returns behind its own SYSCALL with the flags and SS given. */
__attribute__((noinline)) static void return_with(uint64_t flags, uint64_t ss)
{
	frame[1] = USER_CS;
	frame[2] = flags;
	frame[4] = ss;
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "movq %%rax, %[ip]\n\t"
			 "movq %%rsp, %[sp]\n\t"
			 "movq %%rsp, %%rbx\n\t"
			 "movl %[call], %%eax\n\t"
			 "syscall\n"
			 "1:\tmovq %%rsp, %[seen_sp]\n\t"
			 "movl %%ss, %%eax\n\t"
			 "movl %[user_ss], %%ecx\n\t"
			 "movl %%ecx, %%ss\n\t"
			 "movq %%rbx, %%rsp\n\t"
			 "pushfq\n\t"
			 "popq %[seen_flags]\n\t"
			 "cld\n\t"
			 "movq %%rax, %[seen_ss]"
			 : [ip] "=m"(frame[0]), [sp] "=m"(frame[3]), [seen_flags] "=m"(seen[0]),
			   [seen_ss] "=m"(seen[1]), [seen_sp] "=m"(seen[2])
			 : [call] "i"(TEST_RETURN), [user_ss] "i"(USER_SS), "D"(frame), "m"(frame)
			 : "rax", "rbx", "rcx", "r11", "memory", "cc");
}

static void check(const char *what, uint64_t flags, uint64_t ss)
{
	return_with(flags, ss);
	is((long)(seen[0] & 0xcd5), (long)(flags & 0xcd5), "%s: the flags", what);
	is((long)(seen[1] & 0xffff), (long)ss, "%s: SS", what);
	is((long)seen[2], (long)frame[3], "%s: RSP", what);
}

int main(void)
{
	/* 32-bit data, expanding up, writable, present. */
	struct user_desc d = {0, 0, 0xfffff, 1 | 0 << 1 | 1 << 4 | 1 << 6};

	is(raw(154, 1, (long)&d, sizeof(d), 0, 0, 0), 0, "a stack segment in the LDT");
	check("no flag set", 0x202, USER_SS);
	check("all flags set", 0xcd5 | 0x202, USER_SS);
	check("carry alone", 0x203, USER_SS);
	check("SS of the LDT", 0x202, LDT_SS);
	return done();
}
