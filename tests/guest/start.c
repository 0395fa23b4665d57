/* SPDX-License-Identifier: MIT */
/*
 * The state a program starts in: arguments, environment, auxiliary vector, stack, thread-local
 * storage, canary, control words.
 *
 * guest: args="one 'two words' three"
 * guest: args="one 'two words' three" run="--icount"
 */
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "tap.h"

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
void _start(void);

static _Thread_local int initialised = 4711;
static _Thread_local int zeroed;
static _Thread_local char aligned[3] __attribute__((aligned(64))) = "ab";
static int order, constructed;

__attribute__((constructor(101))) static void first(void)
{
	order = order * 10 + 1;
}

__attribute__((constructor(102))) static void second(void)
{
	order = order * 10 + 2;
	constructed = 1;
}

static void check_arguments(int argc, char **argv)
{
	ok(argc == 4, "four arguments (%d)", argc);
	ok(argv[argc] == NULL, "argv ends in NULL");
	if (argc != 4)
		return;
	ok(!strcmp(argv[1], "one") && !strcmp(argv[2], "two words") && !strcmp(argv[3], "three"),
	   "arguments as given");
	ok(argv[0][0] != '\0', "argv[0] is the program: %s", argv[0]);
}

static void check_auxv(void)
{
	const Elf64_Ehdr *e = &__ehdr_start;
	const unsigned char *random = (const void *)getauxval(AT_RANDOM);
	const char *name = (const char *)getauxval(AT_EXECFN);
	unsigned sum = 0;

	is((long)getauxval(AT_PAGESZ), 4096, "AT_PAGESZ");
	is((long)getauxval(AT_PHDR), (long)((uintptr_t)e + e->e_phoff), "AT_PHDR");
	is((long)getauxval(AT_PHENT), sizeof(Elf64_Phdr), "AT_PHENT");
	is((long)getauxval(AT_PHNUM), e->e_phnum, "AT_PHNUM");
	is((long)getauxval(AT_ENTRY), (long)&_start, "AT_ENTRY");
	is((long)getauxval(AT_SECURE), 0, "AT_SECURE");
	for (int i = 0; random && i < 16; i++)
		sum += random[i];
	ok(random && sum, "AT_RANDOM points to random bytes");
	ok(name && strlen(name) > 0, "AT_EXECFN is %s", name ? name : "missing");
	errno = 0;
	ok(getauxval(9999) == 0 && errno == ENOENT, "an unknown entry is ENOENT");
}

static void check_thread(void)
{
	uintptr_t self, canary, random;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	__asm__("mov %%fs:0x28, %0" : "=r"(canary));
	memcpy(&random, (const void *)getauxval(AT_RANDOM), sizeof(random));
	ok(self == *(uintptr_t *)self, "fs:0 points to itself");
	ok(canary != 0 && (canary & 0xff) == 0, "the canary is set and holds a zero byte");
	ok(canary == (random & ~0xffUL), "the canary comes from AT_RANDOM");
	ok(initialised == 4711 && zeroed == 0, "thread-local variables are initialised");
	ok((uintptr_t)aligned % 64 == 0 && !strcmp(aligned, "ab"), "and aligned");
	ok(errno == 0 || errno == ENOENT, "errno can be read");
}

static void check_processor(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	uintptr_t flags;
	unsigned mxcsr;
	unsigned short control, cs, ss;

	__asm__("pushf; pop %0" : "=r"(flags));
	__asm__("stmxcsr %0" : "=m"(mxcsr));
	__asm__("fnstcw %0" : "=m"(control));
	__asm__("mov %%cs, %0" : "=r"(cs));
	__asm__("mov %%ss, %0" : "=r"(ss));
	ok(sp % 16 == 0, "the stack is aligned to 16 bytes");
	ok((flags & 0x700) == 0x200, "interrupts are on, DF and TF clear");
	ok((flags & 0x43000) == 0, "IOPL is 0, NT and AC are clear");
	is(cs, 0x33, "CS is Linux's");
	is(ss, 0x2b, "SS is Linux's");
	is(mxcsr, 0x1f80, "MXCSR");
	is(control, 0x37f, "x87 control word");
}

int main(int argc, char **argv)
{
	char **e = environ;

	check_arguments(argc, argv);
	ok(e != NULL, "there is an environment");
	while (*e && strchr(*e, '='))
		e++;
	ok(*e == NULL, "of NAME=VALUE, ended by NULL");
	ok(constructed && order == 12, "constructors ran, in order");
	check_auxv();
	check_thread();
	check_processor();
	return done();
}
