/* SPDX-License-Identifier: MIT */
/*
 * SYSRET cannot give everything that a frame may say: with RIP where RCX is, but other flags than R11
 * has, or another stack or code segment, the way back is IRET, and all of it arrives. The testing core's call
 * changes the frame.
 *
 * guest: core=testing
 * guest: core=testing run="--qemu '-cpu qemu64'"
 */
#include "lowcode.h"

#define TEST_RETURN 1017
#define LOW_FRAME   0x100 /* in the shared data */
#define LOW_TOP	    (LOW_STACK + 0xfff0)

/* What follows SYSCALL is for 32-bit mode; the far jump is undefined in the other. */
__asm__(LOW_BEGIN "return_32:\n"
		  "	mov $" VALUE(TEST_RETURN) ", %eax\n"
						  "	mov $0x20010100, %edi\n"
						  "	push $0x202\n	popf\n"
						  "	syscall\n"
						  ".code32\n"
						  "land_32:\n"
						  "	mov %cs, %eax\n" LOW_RETURN LOW_END);
extern const char return_32[], land_32[];

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

static void check_cs(void)
{
	const uint64_t to[5] = {LOW_ADDRESS(land_32), USER_CS32, 0x202, LOW_TOP, USER_SS};

	low_setup();
	memcpy((char *)LOW_DATA + LOW_FRAME, to, sizeof(to));
	is(low_call(LOW_ADDRESS(return_32), USER_CS, USER_SS, LOW_TOP), USER_CS32,
	   "32-bit code: CS");
}

int main(void)
{
	unsigned ldt_ss = ldt_install(0, 0, 0xfffff, 0, true);

	check("no flag set", 0x202, USER_SS);
	check("all flags set", 0xcd5 | 0x202, USER_SS);
	check("carry alone", 0x203, USER_SS);
	check("SS of the LDT", 0x202, ldt_ss);
	check_cs();
	return done();
}
