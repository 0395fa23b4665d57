/* SPDX-License-Identifier: MIT */
/* Forbidden accesses of the core's own, by name: each must end in one report of the core's fault. */
#include <abi/errno.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

#define NAME_SIZE 32

static const uint64_t constant = 0xc3c3c3c3c3c3c3c3;
static uint64_t variable = 0xc3c3c3c3c3c3c3c3; /* RETs, if it were code */
static uint64_t user;			       /* an address of the app's */

/* The compiler is not to know what is wrong with the address. */
static volatile uint64_t *word(uintptr_t at)
{
	__asm__("" : "+r"(at));
	return (volatile uint64_t *)at;
}

static void write_word(uintptr_t at)
{
	*word(at) = *word(at);
}

static uintptr_t alias(uintptr_t at)
{
	return ARCH_DIRECT_MAP + image_phys + (at - (uintptr_t)core_image_start);
}

static void run(uintptr_t at)
{
	((void (*)(void))at)();
}

static void write_text(void)
{
	write_word((uintptr_t)core_text_start);
}

static void write_text_alias(void)
{
	write_word(alias((uintptr_t)core_text_start));
}

static void write_rodata(void)
{
	write_word((uintptr_t)&constant);
}

static void write_rodata_alias(void)
{
	write_word(alias((uintptr_t)&constant));
}

static void write_sealed(void)
{
	write_word((uintptr_t)&cpu_features);
}

static void write_sealed_alias(void)
{
	write_word(alias((uintptr_t)&cpu_features));
}

static void run_data(void)
{
	run((uintptr_t)&variable);
}

static void run_alias(void)
{
	run(alias((uintptr_t)&variable));
}

static void run_rodata(void)
{
	run((uintptr_t)&constant);
}

static void run_stack(void)
{
	volatile uint64_t code = 0xc3c3c3c3c3c3c3c3;

	run((uintptr_t)&code);
}

static void run_user(void)
{
	run(user);
}

static void read_user(void)
{
	(void)*word(user);
}

static void read_null(void)
{
	(void)*word(8);
}

static void read_wild(void)
{
	(void)*word(0x4141414141414141);
}

static void divide(void)
{
	__asm__ volatile("xorl %%edx, %%edx; xorl %%ecx, %%ecx; divl %%ecx" ::
				 : "eax", "ecx", "edx");
}

__noinline static uint64_t recurse(uint64_t n)
{
	volatile char room[512];

	room[n % sizeof(room)] = (char)n;
	return n ? recurse(n + 1) + (uint64_t)room[n % sizeof(room)] : 0;
}

static void overflow(void)
{
	recurse(1);
}

/* Word by word: the last push fails with the stack pointer at the very end. */
static void overflow_push(void)
{
	__asm__ volatile("1: pushq %rax; jmp 1b");
}

static void touch_guard(void)
{
	write_word(percpu()->stack_top - 16384 - 8);
}

static void touch_ist_guard(void)
{
	write_word(percpu()->ist_top[IST_DF] - IST_STACK_SIZE - 8);
}

/* A console that faults: while the log's lock is held, or in the middle of a report. */
static unsigned fault_at, lines;

static void faulty_write(const char *s, size_t n)
{
	if (n && s[n - 1] == '\n' && ++lines == fault_at)
		read_wild();
}

static struct log_console faulty = {.write = faulty_write};

static void locked(void)
{
	log_console_register(&faulty);
	lines = 0;
	fault_at = 1;
	log_info("this line is not the report");
}

static void nested(void)
{
	log_console_register(&faulty);
	lines = 0;
	fault_at = 3;
	read_wild();
}

static void smash(void)
{
	volatile char room[8];

	for (int i = 0; i < 64; i++)
		((volatile char *)room)[i] = 'x';
}

static void call_panic(void)
{
	panic("as asked for");
}

static const struct {
	const char *name;
	void (*fn)(void);
} faults[] = {
	{"write-text", write_text},
	{"write-text-alias", write_text_alias},
	{"write-rodata", write_rodata},
	{"write-rodata-alias", write_rodata_alias},
	{"write-sealed", write_sealed},
	{"write-sealed-alias", write_sealed_alias},
	{"run-data", run_data},
	{"run-alias", run_alias},
	{"run-rodata", run_rodata},
	{"run-stack", run_stack},
	{"run-user", run_user},
	{"read-user", read_user},
	{"read-null", read_null},
	{"read-wild", read_wild},
	{"divide", divide},
	{"overflow", overflow},
	{"overflow-push", overflow_push},
	{"touch-guard", touch_guard},
	{"touch-ist-guard", touch_ist_guard},
	{"locked", locked},
	{"nested", nested},
	{"smash", smash},
	{"panic", call_panic},
};

/* Returns if nothing kept the access from being done. */
long sys_test_fault(const char __user *name, uint64_t address)
{
	char wanted[NAME_SIZE];
	long n;

	user = address;
	/* A copy from the app ends with CLAC: without one, AC is as SYSCALL left it. */
	if (!name)
		read_user();
	n = strncpy_from_user(wanted, name, sizeof(wanted));
	if (n < 0)
		return n;
	for (unsigned i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(faults[i].name, wanted)) {
			faults[i].fn();
			return 0;
		}
	return -ENOENT;
}
