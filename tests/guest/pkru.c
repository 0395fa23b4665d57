/* SPDX-License-Identifier: MIT */
/*
 * Protection keys: PKRU is a register of the program's like any other, kept over system calls and in
 * signal frames. The core obeys it too: what it forbids is EFAULT in a system call, and ends neither
 * the core nor in a fault taken for ever.
 *
 * guest:
 * guest: run="--qemu '-cpu max,-pku'"
 * Bochs's model has none:
 * guest: args="write" expect=signal:11 on=qemu
 * guest: args="read" expect=signal:11 on=qemu
 */
#include "sigraw.h"

enum {
	NR_uname = 63,
	NR_access = 21
};

static uint32_t pkru_in_frame;

static uint32_t rdpkru(void)
{
	uint32_t v;

	__asm__ volatile("rdpkru" : "=a"(v) : "c"(0) : "edx");
	return v;
}

static void wrpkru(uint32_t v)
{
	__asm__ volatile("wrpkru" ::"a"(v), "c"(0), "d"(0) : "memory");
}

/* A system call with one argument under that PKRU, which then is none again. */
static long call_under(uint32_t pkru, long n, const void *a)
{
	long result;

	__asm__ volatile("wrpkru\n"
			 "	mov %%rsi, %%rax\n"
			 "	mov $0, %%esi\n"
			 "	syscall\n"
			 "	mov %%rax, %%rsi\n"
			 "	xor %%eax, %%eax\n"
			 "	xor %%ecx, %%ecx\n"
			 "	xor %%edx, %%edx\n"
			 "	wrpkru\n"
			 : "=S"(result)
			 : "S"(n), "a"(pkru), "c"(0), "d"(0), "D"(a)
			 : "r11", "memory");
	return result;
}

static uint32_t component(uint32_t which)
{
	uint32_t a, offset, c, d;

	__asm__ volatile("cpuid" : "=a"(a), "=b"(offset), "=c"(c), "=d"(d) : "a"(0xd), "c"(which));
	return offset;
}

static void look(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	pkru_in_frame = get32(c->fpu, component(9));
	put32(c->fpu, component(9), 0x30);
	put64(c->fpu, FPU_BV, get64(c->fpu, FPU_BV) | 1 << 9);
}

static void check(void)
{
	static char buffer[512];

	wrpkru(0xc0);
	raw1(NR_getpid, 0);
	is(rdpkru(), 0xc0, "PKRU is kept over a system call");
	action(S_USR1, look, 0, 0);
	send_self(S_USR1);
	is(pkru_in_frame, 0xc0, "a signal's frame has it");
	is(rdpkru(), 0x30, "what the handler writes there arrives");
	wrpkru(0);
	is(call_under(2, NR_uname, buffer), -14, "without writing a call that writes is EFAULT");
	is(call_under(2, NR_access, "/"), 0, "one that reads is not");
	is(call_under(1, NR_access, "/"), -14, "but without reading it is");
	is(call_under(0, NR_uname, buffer), 0, "with all rights none is");
}

int main(int argc, char **argv)
{
	uint32_t a = 7, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c & 1u << 4)) {
		skip("protection keys", "this CPU has none");
		return done();
	}
	if (argc > 1)
		call_under(*argv[1] == 'w' ? 2 : 1, -1, 0);
	if (argc > 1 && *argv[1] == 'w')
		__asm__ volatile("wrpkru; push %%rax" ::"a"(2), "c"(0), "d"(0) : "memory");
	if (argc > 1)
		__asm__ volatile("wrpkru; pop %%rax" ::"a"(1), "c"(0), "d"(0) : "memory");
	check();
	return done();
}
