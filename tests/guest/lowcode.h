/* SPDX-License-Identifier: MIT */
/*
 * 32-bit and 16-bit code for the tests that need it, at fixed addresses below 4 GiB: the code, data
 * it shares with the test, and a stack segment of 64 KiB. A file that includes this puts its code
 * between LOW_BEGIN and LOW_END, and there ends each piece with LOW_RETURN.
 */
#ifndef LOWCODE_H
#define LOWCODE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tap.h"

#define LOW_CODE  0x20000000
#define LOW_DATA  0x20010000
#define LOW_STACK 0x20020000

#define USER_CS32 0x23
#define USER_SS	  0x2b
#define USER_CS	  0x33

#define LDT_SEL(n) ((n) << 3 | 7)
#define GDT_SEL(n) ((n) << 3 | 3)

#define SYS_MODIFY_LDT	    154
#define SYS_SET_THREAD_AREA 205
#define SYS_GET_THREAD_AREA 211

#define TEXT(x)	 #x
#define VALUE(x) TEXT(x)

struct user_desc {
	uint32_t entry_number, base, limit;
	uint32_t seg_32bit : 1, contents : 2, read_exec_only : 1, limit_in_pages : 1,
		seg_not_present : 1, useable : 1, lm : 1;
};

/* Words of the shared data that low_call() uses; the pieces have the rest, from LOW_USER on. */
#define LOW_FAR	 "0x20010008"
#define LOW_USER 0x40

extern const char low_begin[], low_end[];
/* The piece at offset in the code, CS and SS given, RSP as told; what it left in EAX. */
unsigned low_call(uintptr_t eip, unsigned cs, unsigned ss, uint64_t rsp);

/* low_call() comes back by a far jump to the 64-bit code at the beginning of what is copied. */
#define LOW_BEGIN                                                                      \
	".text\n"                                                                      \
	".globl low_call\n"                                                            \
	"low_call:\n"                                                                  \
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n"                 \
	"	push %r15\n"                                                                 \
	"	mov %rsp, " VALUE(                                                     \
		LOW_DATA) "\n"                                                         \
			  "	mov %edi, " LOW_FAR "\n"                               \
			  "	mov %esi, " LOW_FAR "+4\n"                             \
			  "	mov %ss, %eax\n"                                           \
			  "	mov %eax, " LOW_FAR "+8\n"                             \
			  "	mov $" VALUE(                                          \
				  USER_SS) ", %eax\n"                                  \
					   "	mov %eax, %ds\n"                          \
					   "	mov %eax, %es\n"                          \
					   "	mov %edx, %ss\n"                          \
					   "	mov %rcx, %rsp\n"                         \
					   "	ljmp *" LOW_FAR "\n"                   \
					   ".globl low_begin, low_end\n"               \
					   "low_begin:\n"                              \
					   "	mov " LOW_FAR "+8, %ecx\n"             \
					   "	mov %ecx, %ss\n"                          \
					   "	mov " VALUE(                           \
						   LOW_DATA) ", %rsp\n"                \
							     "	xor %ecx, %ecx\n"       \
							     "	mov %ecx, %ds\n"        \
							     "	mov %ecx, %es\n"        \
							     "	cld\n"                  \
							     "	pop %r15\n	pop %r14\n	" \
							     "pop %r13\n	pop %r12\n	"  \
							     "pop %rbp\n"              \
							     "	pop %rbx\n"             \
							     "	ret\n"
#define LOW_END	   "low_end:\n.code64\n"
#define LOW_RETURN "ljmpl $" VALUE(USER_CS) ", $" VALUE(LOW_CODE) "\n"

#define LOW_ADDRESS(piece) (LOW_CODE + ((piece)-low_begin))

/* A word of the shared data. */
__attribute__((unused)) static volatile uint32_t *low_word(unsigned offset)
{
	return (volatile uint32_t *)(uintptr_t)(LOW_DATA + offset);
}

__attribute__((unused)) static void *low_map(uintptr_t at, size_t size)
{
	void *p = mmap((void *)at, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED) {
		printf("Bail out! no memory at %#lx\n", (unsigned long)at);
		exit(1);
	}
	return p;
}

__attribute__((unused)) static void low_setup(void)
{
	void *code = low_map(LOW_CODE, 0x1000);

	memcpy(code, low_begin, (size_t)(low_end - low_begin));
	mprotect(code, 0x1000, PROT_READ | PROT_EXEC);
	low_map(LOW_DATA, 0x10000);
	low_map(LOW_STACK, 0x10000);
}

__attribute__((unused)) static int modify_ldt(int func, void *ptr, unsigned long size)
{
	return (int)raw(SYS_MODIFY_LDT, func, (long)ptr, (long)size, 0, 0, 0);
}

/* Present, all of base to base + limit; the rest as asked for. Its selector. */
__attribute__((unused)) static unsigned ldt_install(unsigned n, uint32_t base, uint32_t limit,
						    unsigned contents, bool big)
{
	struct user_desc d = {.entry_number = n, .base = base, .limit = limit};

	d.contents = contents & 3;
	d.seg_32bit = big;
	if (modify_ldt(0x11, &d, sizeof(d))) {
		printf("Bail out! modify_ldt\n");
		exit(1);
	}
	return LDT_SEL(n);
}

__attribute__((unused)) static bool fsgsbase_usable(void)
{
	unsigned a = 7, b = 0, c = 0, d = 0;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b & 1;
}

#define READ_SELECTOR(name)                                               \
	__attribute__((unused)) static unsigned read_##name(void)         \
	{                                                                 \
		unsigned v;                                               \
                                                                          \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(v));        \
		return v;                                                 \
	}                                                                 \
	__attribute__((unused)) static void write_##name(unsigned v)      \
	{                                                                 \
		__asm__ volatile("mov %0, %%" #name ::"r"(v) : "memory"); \
	}
READ_SELECTOR(ds)
READ_SELECTOR(es)
READ_SELECTOR(fs)
READ_SELECTOR(gs)
READ_SELECTOR(ss)

/* The access rights of a selector as LAR tells them, 0 if it names nothing that may be used. */
__attribute__((unused)) static uint32_t lar(unsigned selector)
{
	uint32_t v = 0;

	__asm__ volatile("lar %1, %0; jz 1f; xor %0, %0; 1:"
			 : "=&r"(v)
			 : "r"(selector)
			 : "cc", "memory");
	return v & ~0xf0000u;
}

__attribute__((unused)) static long lsl(unsigned selector)
{
	uint32_t v;
	long found = 0;

	__asm__ volatile("lsl %2, %0; jnz 1f; mov $1, %1; 1:"
			 : "=&r"(v), "+r"(found)
			 : "r"(selector)
			 : "cc", "memory");
	return found ? (long)v : -1;
}

#endif
