/* SPDX-License-Identifier: MIT */
/*
 * I/O ports: refused to the program unless the option ioports=1 permits them; then ioperm and iopl
 * as Linux has them, port by port and thread by thread, without IOPL in the flags.
 *
 * guest: args="refused"
 * guest: args="refused" run="--cmdline ioports=0"
 * guest: args="out 0x80" expect=signal:11
 * guest: args="out 0x80" run="--cmdline ioports=1" expect=signal:11
 * guest: args="granted" run="--cmdline ioports=1"
 * guest: args="ioperm out 0x80" run="--cmdline ioports=1"
 * guest: args="ioperm out 0x81" run="--cmdline ioports=1" expect=signal:11
 * guest: args="ioperm word 0x80" run="--cmdline ioports=1" expect=signal:11
 * guest: args="ioperm drop out 0x80" run="--cmdline ioports=1" expect=signal:11
 * guest: args="ioperm narrow out 0x80" run="--cmdline ioports=1"
 * guest: args="ioperm narrow out 0x81" run="--cmdline ioports=1" expect=signal:11
 * guest: args="iopl out 0xffff" run="--cmdline ioports=1"
 * guest: args="iopl drop out 0x80" run="--cmdline ioports=1" expect=signal:11
 * guest: args="iopl cli" run="--cmdline ioports=1" expect=signal:11
 * guest: args="iopl sti" run="--cmdline ioports=1" expect=signal:11
 * guest: args="ioperm thread" run="--cmdline ioports=1" core=testing expect=signal:11
 * guest: args="iopl thread" run="--cmdline ioports=1" core=testing expect=signal:11
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "tap.h"

#define SYS_IOPL    172
#define SYS_IOPERM  173
#define SYS_YIELD   24
#define TEST_THREAD 1018

#define FLAGS_IOPL 0x3000

static int ioperm(unsigned long from, unsigned long num, int on)
{
	return (int)raw(SYS_IOPERM, (long)from, (long)num, on, 0, 0, 0);
}

static int iopl(unsigned level)
{
	return (int)raw(SYS_IOPL, level, 0, 0, 0, 0, 0);
}

static void out(unsigned port)
{
	__asm__ volatile("out %%al, %%dx" ::"a"(0), "d"(port));
}

static unsigned long flags(void)
{
	unsigned long v;

	__asm__ volatile("pushf; pop %0" : "=r"(v));
	return v;
}

static void check_arguments(void)
{
	is(ioperm(0, 0, 1), -EINVAL, "no ports");
	is(ioperm(65535, 2, 1), -EINVAL, "one too many");
	is(ioperm(65536, 1, 1), -EINVAL, "port 65536");
	is(ioperm(UINT64_MAX, 2, 1), -EINVAL, "a range that wraps");
	is(iopl(4), -EINVAL, "level 4");
	is(iopl(0), 0, "level 0 is what there is");
	is(ioperm(0x80, 1, 0), 0, "and giving up a port nobody has");
}

static int refused(void)
{
	check_arguments();
	is(ioperm(0x80, 1, 1), -EPERM, "ioperm");
	is(iopl(3), -EPERM, "iopl");
	is(iopl(1), -EPERM, "at any level");
	return done();
}

static int granted(void)
{
	check_arguments();
	is(ioperm(0x80, 1, 1), 0, "ioperm");
	out(0x80);
	is(ioperm(0xffff, 1, 1), 0, "the last port");
	out(0xffff);
	for (int i = 0; i < 100; i++) {
		raw(SYS_YIELD, 0, 0, 0, 0, 0, 0);
		out(0x80);
	}
	ok(true, "OUT works");
	is(iopl(3), 0, "iopl");
	out(0x81);
	is((long)(flags() & FLAGS_IOPL), 0, "IOPL in the flags is 0");
	__asm__ volatile("pushf; orl %0, (%%rsp); popf" ::"i"(FLAGS_IOPL) : "cc", "memory");
	is((long)(flags() & FLAGS_IOPL), 0, "and stays so");
	ok(flags() & 0x200, "as IF stays set");
	is(iopl(0), 0, "iopl taken back");
	out(0x80);
	ok(true, "leaves what ioperm gave");
	return done();
}

void other(void);
static char other_stack[4096];
__asm__(".text\n"
	"other:	mov $0x80, %edx\n"
	"	out %al, %dx\n"
	"1:	mov $24, %eax\n"
	"	syscall\n"
	"	jmp 1b\n");

/* One that asked for nothing gets nothing. */
static void thread(void)
{
	out(0x80);
	raw(TEST_THREAD, (long)other, (long)(other_stack + sizeof(other_stack)), 0, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		raw(SYS_YIELD, 0, 0, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "refused"))
		return refused();
	if (argc > 1 && !strcmp(argv[1], "granted"))
		return granted();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "ioperm") && ioperm(0x80, 1, 1))
			return 2;
		if (!strcmp(argv[i], "iopl") && iopl(3))
			return 2;
		if (!strcmp(argv[i], "drop") && (ioperm(0x80, 1, 0) || iopl(0)))
			return 2;
		/* A bitmap that grants less than it did, but not nothing. */
		if (!strcmp(argv[i], "narrow")) {
			if (ioperm(0x81, 1, 1))
				return 2;
			out(0x81);
			if (ioperm(0x81, 1, 0))
				return 2;
		}
		if (!strcmp(argv[i], "out"))
			out((unsigned)strtoul(argv[i + 1], NULL, 0));
		if (!strcmp(argv[i], "word"))
			__asm__ volatile("out %%ax, %%dx" ::"a"(0),
					 "d"(strtoul(argv[i + 1], NULL, 0)));
		if (!strcmp(argv[i], "cli"))
			__asm__ volatile("cli");
		if (!strcmp(argv[i], "sti"))
			__asm__ volatile("sti");
		if (!strcmp(argv[i], "thread"))
			thread();
	}
	ok(true, "done");
	return done();
}
