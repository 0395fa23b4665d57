/* SPDX-License-Identifier: MIT */
/*
 * Every vector of the IDT. INT n from ring 3 is #GP with the gate as error code, but for those that
 * programs may use. Each exception's stub tells its vector and error code: entered by hand, with the
 * error code that the manual says the CPU pushes (SDM volume 3, table 6-1), and by real exceptions.
 * Flags that C must not see are clear there.
 *
 * guest: core=testing run="--qemu '-cpu max,vendor=GenuineIntel'"
 */
#include <sys/mman.h>
#include "core_calls.h"

#define FLAGS_DF	     0x400
#define FLAGS_AC	     0x40000
#define TAKEN(vector, error) ((vector) | (long)(error) << 8)

static const unsigned char with_error[] = {8, 10, 11, 12, 13, 14, 17, 21, 29, 30};

static bool has_error(unsigned vector)
{
	for (unsigned i = 0; i < sizeof(with_error); i++)
		if (with_error[i] == vector)
			return true;
	return false;
}

/* What executing code, size bytes long, in ring 3 gives; skip of them are the core's to skip. */
static long take(const unsigned char *code, unsigned size, unsigned skip)
{
	static unsigned char *page;

	if (!page)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, code, size);
	page[size] = 0xc3;
	vectors_call(VECTORS_CATCH, skip, 0);
	__asm__ volatile("call *%0" ::"r"(page)
			 : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			   "memory", "cc");
	return vectors_call(VECTORS_TAKEN, 0, 0);
}

static void check_int_n(void)
{
	long wrong = 0;

	for (unsigned n = 0; n < 256; n++) {
		const unsigned char code[] = {0xcd, (unsigned char)n};
		long taken, wanted = TAKEN(13, 8 * n + 2);

		if (n == 3 || n == 4 || n == 0x80)
			continue;
		taken = take(code, sizeof(code), 2);
		/* QEMU's TCG counts 16 bytes a gate there, as long as one is in long mode. */
		if (taken == TAKEN(13, 16 * n + 2))
			taken = wanted;
		wrong += taken != wanted;
		if (taken != wanted)
			printf("# INT %u: vector and error %#lx\n", n, (unsigned long)taken);
	}
	is(wrong, 0, "INT n is #GP with error code 8n + 2, for all but 3, 4, 0x80");
	is(take((const unsigned char[]){0xcd, 3}, 2, 0), TAKEN(3, 0), "INT 3 is #BP");
	is(take((const unsigned char[]){0xcc}, 1, 0), TAKEN(3, 0), "INT3 too");
	is(take((const unsigned char[]){0xcd, 4}, 2, 0), TAKEN(4, 0), "INT 4 is #OF");
	is(take((const unsigned char[]){0xcd, 0x80}, 2, 0), TAKEN(0x80, 0), "INT 0x80 comes in");
}

static void check_stubs(void)
{
	long wrong = 0;

	for (unsigned n = 0; n < 32; n++) {
		long taken, wanted = has_error(n) ? TAKEN(n, 0x1234) : TAKEN(n, 0);

		if (n == 1 || n == 2 || n == 8 || n == 18)
			continue; /* on stacks of their own: by INT n below, and by real ones */
		taken = vectors_call(VECTORS_STUB, n, has_error(n) ? 0x1234 : VECTORS_NO_ERROR);
		wrong += taken != wanted;
		if (taken != wanted)
			printf("# stub %u: vector and error %#lx\n", n, (unsigned long)taken);
	}
	is(wrong, 0, "each stub takes the frame that its exception has");
}

static void check_real(void)
{
	static const unsigned char divide[] = {0x31, 0xd2, 0x31, 0xc9, 0x31, 0xc0, 0xf7, 0xf1};
	static const unsigned char undefined[] = {0x0f, 0x0b};
	static const unsigned char hlt[] = {0xf4};
	static const unsigned char sysenter[] = {0x0f, 0x34};
	static const unsigned char load_ss[] = {0xb8, 0x38, 0, 0, 0, 0x8e, 0xd0};

	is(take(divide, sizeof(divide), 2), TAKEN(0, 0), "#DE");
	is(take(undefined, sizeof(undefined), 2), TAKEN(6, 0), "#UD");
	is(take(hlt, sizeof(hlt), 1), TAKEN(13, 0), "#GP of a privileged instruction");
	is(take(sysenter, sizeof(sysenter), 2), TAKEN(13, 0), "SYSENTER is #GP");
	is(take(load_ss, sizeof(load_ss), 2), TAKEN(13, 0x38), "#GP tells a bad selector");
}

/* Sets TF; the NOP is stepped over. */
static const unsigned char step[] = {0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0x90, 0x90};
static volatile long watched;

static void check_watchpoint(void)
{
	is(take(step, sizeof(step), 0), TAKEN(1, 0x4000), "#DB tells a step");
	debug_call(DEBUG_SET, (uintptr_t)&watched, DEBUG_WRITE);
	vectors_call(VECTORS_CATCH, 0, 0);
	watched = 1;
	debug_call(DEBUG_CLEAR, 0, 0);
	is(vectors_call(VECTORS_TAKEN, 0, 0), TAKEN(1, 1), "the next one which watchpoint");
	is(take(step, sizeof(step), 0), TAKEN(1, 0x4000), "and the next its own cause again");
}

/* DF, AC set in ring 3; the flags that C has in its handlers. */
static void check_flags(void)
{
	static const unsigned char undefined[] = {
		0xfd, 0x9c, 0x81, 0x0c, 0x24, 0,    0,	  4,	0,   0x9d, 0x0f, 0x0b, /* ud2 */
		0x9c, 0x81, 0x24, 0x24, 0xff, 0xfb, 0xfb, 0xff, 0x9d};
	static const unsigned char stepped[] = {0xfd, 0x9c, 0x81, 0x0c, 0x24, 0,    1,
						4,    0,    0x9d, 0x90, 0x90, 0x9c, 0x81,
						0x24, 0x24, 0xff, 0xfb, 0xfb, 0xff, 0x9d};

	is(take(undefined, sizeof(undefined), 2), TAKEN(6, 0), "an exception with DF and AC set");
	is(vectors_call(VECTORS_FLAGS, 0, 0) & FLAGS_DF, 0, "DF is clear in C");
	is(vectors_call(VECTORS_FLAGS, 0, 0) & FLAGS_AC, 0, "AC too");
	is(take(stepped, sizeof(stepped), 0), TAKEN(1, 0x4000), "one with a stack of its own");
	is(vectors_call(VECTORS_FLAGS, 0, 0) & FLAGS_DF, 0, "DF is clear in C");
	is(vectors_call(VECTORS_FLAGS, 0, 0) & FLAGS_AC, 0, "AC too");
}

int main(void)
{
	check_int_n();
	check_stubs();
	check_real();
	check_watchpoint();
	check_flags();
	return done();
}
