/* SPDX-License-Identifier: MIT */
/*
 * What a system call does to registers: RAX is the result, RCX the return address, R11 the flags;
 * everything else, vector registers too, is as it was. The red zone is the program's.
 *
 * guest:
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

/* In the order of the assembly below. */
enum {
	RAX,
	RBX,
	RCX,
	RDX,
	RSI,
	RDI,
	RBP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	FLAGS,
	COUNT
};

static const char *const names[COUNT] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
					 "r9",	"r10", "r11", "r12", "r13", "r14", "r15", "flags"};

/* regs: loaded, SYSCALL, stored back. Returns the address after the SYSCALL. */
uintptr_t syscall_with(uint64_t regs[COUNT]);
__asm__(".text\n"
	".globl syscall_with\n"
	"syscall_with:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n	"
	"push %r15\n"
	"	push %rdi\n"
	"	push 15*8(%rdi)\n"
	"	popf\n"
	"	mov 0*8(%rdi), %rax\n	mov 1*8(%rdi), %rbx\n	mov 2*8(%rdi), %rcx\n"
	"	mov 3*8(%rdi), %rdx\n	mov 4*8(%rdi), %rsi\n	mov 6*8(%rdi), %rbp\n"
	"	mov 7*8(%rdi), %r8\n	mov 8*8(%rdi), %r9\n	mov 9*8(%rdi), %r10\n"
	"	mov 10*8(%rdi), %r11\n	mov 11*8(%rdi), %r12\n	mov 12*8(%rdi), %r13\n"
	"	mov 13*8(%rdi), %r14\n	mov 14*8(%rdi), %r15\n	mov 5*8(%rdi), %rdi\n"
	"	syscall\n"
	"syscall_with_after:\n"
	"	pushf\n"
	"	push %rdi\n"
	"	mov 16(%rsp), %rdi\n"
	"	mov %rax, 0*8(%rdi)\n	mov %rbx, 1*8(%rdi)\n	mov %rcx, 2*8(%rdi)\n"
	"	mov %rdx, 3*8(%rdi)\n	mov %rsi, 4*8(%rdi)\n	popq 5*8(%rdi)\n"
	"	mov %rbp, 6*8(%rdi)\n	mov %r8, 7*8(%rdi)\n	mov %r9, 8*8(%rdi)\n"
	"	mov %r10, 9*8(%rdi)\n	mov %r11, 10*8(%rdi)\n	mov %r12, 11*8(%rdi)\n"
	"	mov %r13, 12*8(%rdi)\n	mov %r14, 13*8(%rdi)\n	mov %r15, 14*8(%rdi)\n"
	"	popq 15*8(%rdi)\n"
	"	cld\n"
	"	pop %rdi\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	"
	"pop %rbx\n"
	"	lea syscall_with_after(%rip), %rax\n"
	"	ret\n");

/* Flags a program may set at a system call without harm: CF, PF, AF, ZF, SF, OF, DF. */
static const uint64_t flag_sets[] = {0x202, 0xad7, 0x602, 0x203};

static void check_call(const char *name, long number, long arg, long flags)
{
	uint64_t before[COUNT], after[COUNT];
	uintptr_t next;
	bool kept = true;

	for (int i = 0; i < COUNT; i++)
		before[i] = 0x1111111111111111UL * (unsigned)(i + 1);
	before[RAX] = (uint64_t)number;
	before[RDI] = (uint64_t)arg;
	before[FLAGS] = (uint64_t)flags;
	memcpy(after, before, sizeof(after));
	next = syscall_with(after);
	for (int i = 0; i < COUNT; i++) {
		if (i == RAX || i == RCX || i == R11 || before[i] == after[i])
			continue;
		kept = false;
		printf("# %s: was %#lx, is %#lx\n", names[i], before[i], after[i]);
	}
	ok(kept, "%s (flags %#lx) keeps registers and flags", name, (unsigned long)flags);
	ok(after[RCX] == next, "RCX is the return address (%#lx)", after[RCX]);
	ok(after[R11] == before[FLAGS], "R11 is the flags (%#lx)", after[R11]);
	ok((int64_t)after[RAX] > -4096 && (after[RAX] >> 47 == 0 || (int64_t)after[RAX] < 0),
	   "RAX is a result (%#lx)", after[RAX]);
}

static void check_vectors(void)
{
	struct {
		unsigned char bytes[16];
	} in[16], out[16];
	double d;

	for (int i = 0; i < 16; i++)
		memset(in[i].bytes, 0x11 * i + 1, 16);
	__asm__ volatile("movups 0(%1), %%xmm0; movups 16(%1), %%xmm1; movups 32(%1), %%xmm2\n"
			 "movups 112(%1), %%xmm7; movups 128(%1), %%xmm8; movups 240(%1), %%xmm15\n"
			 "fldpi\n"
			 "mov %3, %%eax; syscall\n"
			 "fstpl %0\n"
			 "movups %%xmm0, 0(%2); movups %%xmm1, 16(%2); movups %%xmm2, 32(%2)\n"
			 "movups %%xmm7, 112(%2); movups %%xmm8, 128(%2); movups %%xmm15, 240(%2)\n"
			 : "=m"(d)
			 : "r"(in), "r"(out), "i"(SYS_sched_yield)
			 : "rax", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm7", "xmm8",
			   "xmm15");
	ok(!memcmp(&in[0], &out[0], 48) && !memcmp(&in[7], &out[7], 32) &&
		   !memcmp(&in[15], &out[15], 16),
	   "vector registers are kept");
	ok(d > 3.14159 && d < 3.1416, "and x87's");
}

/* 128 bytes below the stack pointer, across system calls and page faults. */
static void check_red_zone(void)
{
	char *fresh = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	long changed = 0;

	__asm__ volatile("	movabs $0x5ca1ab1e0ddba11, %%rdx\n"
			 "	mov $16, %%ecx\n"
			 "1:	neg %%rcx\n"
			 "	mov %%rdx, (%%rsp,%%rcx,8)\n"
			 "	neg %%rcx\n"
			 "	loop 1b\n"
			 "	movb $1, (%1)\n"
			 "	mov %2, %%eax\n"
			 "	syscall\n"
			 "	movb $1, 4096(%1)\n"
			 "	mov $16, %%ecx\n"
			 "2:	neg %%rcx\n"
			 "	xor %%eax, %%eax\n"
			 "	cmp %%rdx, (%%rsp,%%rcx,8)\n"
			 "	setne %%al\n"
			 "	add %%rax, %0\n"
			 "	neg %%rcx\n"
			 "	loop 2b\n"
			 : "+&r"(changed)
			 : "r"(fresh), "i"(SYS_getpid)
			 : "rax", "rcx", "rdx", "r11", "memory");
	is(changed, 0, "the red zone is kept");
	munmap(fresh, 64 * 4096);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(flag_sets) / sizeof(flag_sets[0]); i++) {
		check_call("getpid", SYS_getpid, 0, (long)flag_sets[i]);
		check_call("close", SYS_close, -1, (long)flag_sets[i]);
		check_call("an unknown call", 1000, 0, (long)flag_sets[i]);
		check_call("sched_yield", SYS_sched_yield, 0, (long)flag_sets[i]);
	}
	check_vectors();
	check_red_zone();
	return done();
}
