/* SPDX-License-Identifier: MIT */
/*
 * The core uses no FPU: x87, SSE and AVX registers, MXCSR and the control word are as they were after
 * system calls of every kind, page faults, interrupts and sleeps. They start in the initial state.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 * guest: run="--qemu '-cpu max,-xsave'"
 * guest: run="--qemu '-cpu max,-xsaveopt'"
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "tap.h"

enum {
	NONE = -1,
	FAULT = -2,
	SPIN = -3
};

static uint8_t wanted[4096] __attribute__((aligned(64)));
static uint8_t got[4096] __attribute__((aligned(64)));
static uint8_t first[4096] __attribute__((aligned(64)));
static bool xsave;
static uint32_t size = 512; /* of what is compared */

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static void save(uint8_t *to)
{
	memset(to, 0, 4096);
	if (xsave)
		__asm__ volatile("xsave64 (%0)" ::"r"(to), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(to) : "memory");
}

/* Puts everything aside that is the library's, runs what, and saves what it left. */
static long between(long what, long a, long b, long c, long d)
{
	static uint8_t mine[4096] __attribute__((aligned(64)));
	register long r10 __asm__("r10") = d;
	long result = what;

	save(mine);
	__asm__ volatile("	mov %%rax, %%r12\n"
			 "	mov %%rdx, %%r13\n"
			 "	mov $-1, %%eax\n"
			 "	mov $-1, %%edx\n"
			 "	testb %[xsave], %[xsave]\n"
			 "	jz 1f\n"
			 "	xrstor64 (%[wanted])\n"
			 "	jmp 2f\n"
			 "1:	fxrstor64 (%[wanted])\n"
			 "2:	mov %%r12, %%rax\n"
			 "	mov %%r13, %%rdx\n"
			 "	cmp $-1, %%rax\n"
			 "	je 5f\n"
			 "	cmp $-2, %%rax\n"
			 "	jne 3f\n"
			 "	movb $1, (%%rdi)\n"
			 "	jmp 5f\n"
			 "3:	cmp $-3, %%rax\n"
			 "	je 4f\n"
			 "	syscall\n"
			 "	jmp 5f\n"
			 "4:	dec %%rdi\n"
			 "	jnz 4b\n"
			 "5:	mov %%rax, %%r12\n"
			 "	mov $-1, %%eax\n"
			 "	mov $-1, %%edx\n"
			 "	testb %[xsave], %[xsave]\n"
			 "	jz 6f\n"
			 "	xsave64 (%[got])\n"
			 "	xrstor64 (%[mine])\n"
			 "	jmp 7f\n"
			 "6:	fxsave64 (%[got])\n"
			 "	fxrstor64 (%[mine])\n"
			 "7:	mov %%r12, %%rax\n"
			 : "+a"(result), "+D"(a), "+S"(b), "+d"(c)
			 : "r"(r10), [xsave] "b"(xsave), [wanted] "r"(wanted), [got] "r"(got),
			   [mine] "r"(mine)
			 : "rcx", "r11", "r12", "r13", "memory", "cc");
	return result;
}

static void fill(void)
{
	for (unsigned i = 32; i < sizeof(wanted); i++)
		wanted[i] = (uint8_t)(i * 131 + 7);
	memset(wanted, 0, 32);
	wanted[0] = 0x7f, wanted[1] = 0x02;   /* FCW: double precision */
	wanted[2] = 0x00, wanted[3] = 0x30;   /* FSW: top of stack 6 */
	wanted[4] = 0xff;		      /* FTW: all in use */
	wanted[24] = 0xbf, wanted[25] = 0x7f; /* MXCSR: to zero, flags, denormals as zeros */
	for (unsigned i = 0; i < 8; i++)
		memset(wanted + 32 + 16 * i + 10, 0, 6);
	memset(wanted + 416, 0, 160);
	if (xsave)
		wanted[512] = 7;
}

static void same(const char *what)
{
	got[28] = got[29] = got[30] = got[31] = 0; /* MXCSR's mask */
	memset(got + 464, 0, 48);
	if (xsave) {
		got[512] |= 7 & wanted[512];
		got[513] = 0; /* XSTATE_BV's bit of PKRU, which nothing here changes */
	}
	ok(!memcmp(got, wanted, size), "registers are kept over %s", what);
}

static void check_calls(void)
{
	static const long pause[2] = {0, 3000000};
	static char text[512];
	struct {
		const char *name;
		long number, arg[4];
	} calls[] = {
		{"getpid", 39, {0}},
		{"an unknown call", 999, {0}},
		{"uname", 63, {(long)text}},
		{"a bad pointer", 63, {16}},
		{"clock_gettime", 228, {1, (long)text}},
		{"mmap", 9, {0, 1 << 20, 3, 0x22}},
		{"brk", 12, {0}},
		{"sched_yield", 24, {0}},
		{"nanosleep", 35, {(long)pause, 0}},
		{"poll", 7, {0, 0, 5}},
		{"open", 2, {(long)"/dev/zero", 0, 0}},
		{"read", 0, {3, (long)text, 64}},
		{"getrandom", 318, {(long)text, 32, 0}},
		{"close", 3, {3}},
		{"write", 1, {1, (long)"# a line\n", 9}},
		{"INT 80's number", 20, {1, (long)text, 1}},
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const long *a = calls[i].arg;

		between(calls[i].number, a[0], a[1], a[2], a[3]);
		same(calls[i].name);
	}
}

int main(void)
{
	uint32_t r[4];
	char *page;

	cpuid(1, 0, r);
	xsave = r[2] & 1u << 27;
	save(first);
	if (xsave) {
		cpuid(0xd, 0, r);
		size = r[0] & 4 ? 832 : 576;
		fill();
		wanted[512] &= (uint8_t)r[0];
	} else {
		fill();
		size = 416;
	}
	is(first[0] | first[1] << 8, 0x37f, "the x87 control word starts as it should");
	is(first[4], 0, "the x87 stack starts empty");
	is(first[24] | (first[25] & 0xff) << 8, 0x1f80, "MXCSR starts as it should");
	between(NONE, 0, 0, 0, 0);
	same("nothing");
	check_calls();
	page = (char *)raw(9, 0, 4096, 3, 0x22, -1, 0);
	between(FAULT, (long)page, 0, 0, 0);
	same("a page fault");
	between(SPIN, 60000000, 0, 0, 0);
	same("interrupts");
	return done();
}
