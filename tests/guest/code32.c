/* SPDX-License-Identifier: MIT */
/*
 * 32-bit code in the program, by a far jump to the flat segment 0x23 or one of its own: it runs, its
 * interrupts and faults are served, and its ways into the core are answered safely: INT 0x80 with
 * ENOSYS, and so is SYSCALL but on Intel's processors, where it is undefined; SYSENTER, which on others
 * is undefined in long mode, with a signal.
 *
 * guest: args="run"
 * guest: args="run" run="--qemu '-cpu qemu64'"
 * guest: args="run" run="--qemu '-cpu max,vendor=GenuineIntel'"
 * guest: args="sysenter" expect=signal:11
 * guest: args="sysenter" expect=signal:11 run="--qemu '-cpu max,vendor=GenuineIntel'"
 * guest: args="sysenter64"
 * guest: args="sysenter64" run="--qemu '-cpu max,vendor=GenuineIntel'"
 * guest: args="int81" expect=signal:11
 * guest: args="undefined" expect=signal:4
 * guest: args="null" expect=signal:11
 */
#include <setjmp.h>
#include <signal.h>
#include "lowcode.h"
#include "vendor.h"

extern const char sysenter32[], int81_32[], undefined32[], null32[];

/* What the instruction does to registers and flags goes to the shared data, from 0x80 on. */
#define REGISTERS(label, instruction)    \
	label ":\n"                      \
	      "	mov $0x11111111, %ebx\n" \
	      "	mov $0x22222222, %ecx\n" \
	      "	mov $0x33333333, %edx\n" \
	      "	mov $0x44444444, %esi\n" \
	      "	mov $0x55555555, %edi\n" \
	      "	mov $0x66666666, %ebp\n" \
	      "	mov $20, %eax\n"         \
	      "	std\n	stc\n"             \
	      "	" instruction "\n"       \
	      "	pushf\n"                 \
	      "	popl 0x2001009c\n"       \
	      "	cld\n"                   \
	      "	mov %eax, 0x20010080\n"  \
	      "	mov %ebx, 0x20010084\n"  \
	      "	mov %edx, 0x20010088\n"  \
	      "	mov %esi, 0x2001008c\n"  \
	      "	mov %edi, 0x20010090\n"  \
	      "	mov %ebp, 0x20010094\n"  \
	      "	mov %esp, 0x20010098\n"  \
	      "	mov %ss, 0x200100a0\n"   \
	      "	mov %cs, 0x200100a4\n" LOW_RETURN

#define PIECES                                                             \
	".code32\n" REGISTERS("int80_32", "int $0x80")                     \
		REGISTERS("syscall32", "syscall") "sysenter32:	sysenter\n" \
						  "int81_32:	int $0x81\n"  \
						  "undefined32:	ud2\n"     \
						  "null32:	mov 0, %eax\n"

__asm__(LOW_BEGIN PIECES LOW_END);
extern const char int80_32[], syscall32[];

#define TOP (LOW_STACK + 0xfff0)

static void check(const char *name, uintptr_t eip, unsigned cs)
{
	low_call(eip, cs, USER_SS, TOP);
	is((int)*low_word(0x80), -38, name);
	ok(*low_word(0x84) == 0x11111111 && *low_word(0x88) == 0x33333333 &&
		   *low_word(0x8c) == 0x44444444 && *low_word(0x90) == 0x55555555 &&
		   *low_word(0x94) == 0x66666666,
	   "keeps the registers");
	is(*low_word(0x98), TOP, "and the stack");
	is(*low_word(0x9c) & 0x401, 0x401, "and DF and CF");
	is(*low_word(0xa0) & 0xffff, USER_SS, "SS");
	is(*low_word(0xa4) & 0xffff, USER_CS32, "CS");
}

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

/* The signal that instruction ends in. */
static int signal_of(void (*instruction)(void))
{
	int sig;

	signal(SIGILL, caught);
	signal(SIGSEGV, caught);
	sig = sigsetjmp(back, 1);
	if (!sig)
		instruction();
	return sig;
}

static void jump(const char *piece)
{
	low_call(LOW_ADDRESS(piece), USER_CS32, USER_SS, TOP);
}

static void jump_syscall32(void)
{
	jump(syscall32);
}

static int run(void)
{
	check("INT 0x80 from 32-bit code", LOW_ADDRESS(int80_32), USER_CS32);
	/* QEMU's Intel processors take it. */
	if (!on_intel() || signal_of(jump_syscall32) != SIGILL)
		check("SYSCALL from 32-bit code", LOW_ADDRESS(syscall32), USER_CS32);
	return done();
}

static void sysenter(void)
{
	__asm__ volatile("sysenter");
}

static int run_sysenter(void)
{
	is(signal_of(sysenter), on_intel() ? SIGSEGV : SIGILL, "SYSENTER from 64-bit code");
	return done();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	low_setup();
	if (!strcmp(what, "run"))
		return run();
	if (!strcmp(what, "sysenter"))
		jump(sysenter32);
	if (!strcmp(what, "sysenter64"))
		return run_sysenter();
	if (!strcmp(what, "int81"))
		jump(int81_32);
	if (!strcmp(what, "undefined"))
		jump(undefined32);
	if (!strcmp(what, "null"))
		jump(null32);
	fprintf(stderr, "%s: nothing happened\n", what);
	return 1;
}
