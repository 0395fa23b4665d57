/* SPDX-License-Identifier: MIT */
/*
 * The program's GS base is its own whatever it is: a core address, the very base the core uses, the
 * sign bit alone. It is kept over system calls, faults, interrupts and switches, and the core is not
 * misled. arch_prctl takes what Linux takes, and makes the selector null.
 *
 * guest: core=testing
 * guest: core=testing run="--qemu '-cpu qemu64'"
 */
#include <errno.h>
#include "lowcode.h"

#define TEST_PERCPU 1016
#define TEST_THREAD 1018
#define SYS_YIELD   24
#define SYS_PRCTL   158
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004
#define USER_END    0x7ffffffff000

__asm__(LOW_BEGIN LOW_END);

static uintptr_t fresh = 0x20040000;
static char other_stack[4096];
static bool fsgsbase;

/* Another thread, whose GS base is one of the core's addresses if it can be; it looks for it too. */
void other(void);
__asm__(".text\n"
	"other:	movabs $0xffffffff80001000, %rbx\n"
	"1:	cmpb $0, fsgsbase_found(%rip)\n"
	"	je 2f\n"
	"	wrgsbase %rbx\n"
	"2:	mov $24, %eax\n"
	"	syscall\n"
	"	mov $100000, %ecx\n"
	"3:	sub $1, %ecx\n"
	"	jnz 3b\n"
	"	cmpb $0, fsgsbase_found(%rip)\n"
	"	je 2b\n"
	"	rdgsbase %rax\n"
	"	cmp %rax, %rbx\n"
	"	je 1b\n"
	"	ud2\n"
	".data\n"
	"fsgsbase_found: .byte 0\n"
	".text\n");
extern char fsgsbase_found;

static unsigned long gs_base(void)
{
	unsigned long v = 1;

	if (fsgsbase)
		__asm__ volatile("rdgsbase %0" : "=r"(v));
	else
		raw(SYS_PRCTL, ARCH_GET_GS, (long)&v, 0, 0, 0, 0);
	return v;
}

static void gs_base_set(unsigned long v)
{
	if (fsgsbase)
		__asm__ volatile("wrgsbase %0" ::"r"(v));
	else
		raw(SYS_PRCTL, ARCH_SET_GS, (long)v, 0, 0, 0, 0);
}

static void check_base(unsigned long v)
{
	unsigned long got = ~v;

	gs_base_set(v);
	ok(gs_base() == v, "GS base %#lx", v);
	raw(39, 0, 0, 0, 0, 0, 0);
	raw(1023, 0, 0, 0, 0, 0, 0);
	ok(gs_base() == v, "after system calls");
	low_map(fresh, 4096);
	*(volatile char *)fresh = 1;
	fresh += 4096;
	ok(gs_base() == v, "after a page fault");
	__asm__ volatile("int $0x80" : : "a"(-1), "b"(0));
	ok(gs_base() == v, "after INT 0x80");
	for (int i = 0; i < 20; i++)
		raw(SYS_YIELD, 0, 0, 0, 0, 0, 0);
	ok(gs_base() == v, "after switches");
	for (volatile int i = 0; i < 3000000; i++)
		;
	ok(gs_base() == v, "after interrupts");
	raw(SYS_PRCTL, ARCH_GET_GS, (long)&got, 0, 0, 0, 0);
	ok(got == v, "as arch_prctl tells it");
}

static void check_prctl(void)
{
	unsigned selector = ldt_install(0, LOW_DATA, 0xfff, 0, true);
	unsigned long own, got = 1;
	unsigned fs;

	is(raw(SYS_PRCTL, ARCH_SET_GS, USER_END, 0, 0, 0, 0), -EPERM, "the end of the app's half");
	is(raw(SYS_PRCTL, ARCH_SET_GS, INT64_MIN, 0, 0, 0, 0), -EPERM, "a core address for GS");
	is(raw(SYS_PRCTL, ARCH_SET_FS, -1, 0, 0, 0, 0), -EPERM, "and for FS");
	is(raw(SYS_PRCTL, ARCH_SET_GS, USER_END - 1, 0, 0, 0, 0), 0, "the last that may be");
	is((long)gs_base(), USER_END - 1, "is set");
	is(raw(SYS_PRCTL, ARCH_GET_GS, 0, 0, 0, 0, 0), -EFAULT, "no pointer");
	is(raw(SYS_PRCTL, ARCH_GET_FS, -4096, 0, 0, 0, 0), -EFAULT, "the core's pointer");
	is(raw(SYS_PRCTL, 0, 0, 0, 0, 0, 0), -EINVAL, "code 0");
	write_gs(selector);
	is((long)gs_base(), LOW_DATA, "a selector loads its base");
	is(raw(SYS_PRCTL, ARCH_SET_GS, 0x12345678, 0, 0, 0, 0), 0, "setting the base");
	is(read_gs(), 0, "makes the selector null");
	is((long)gs_base(), 0x12345678, "and the base what was asked");
	raw(SYS_PRCTL, ARCH_GET_FS, (long)&own, 0, 0, 0, 0);
	write_fs(selector);
	raw(SYS_PRCTL, ARCH_GET_FS, (long)&got, 0, 0, 0, 0);
	raw(SYS_PRCTL, ARCH_SET_FS, (long)own, 0, 0, 0, 0);
	fs = read_fs();
	is((long)got, LOW_DATA, "FS as well: its base");
	is(fs, 0, "and the null selector");
}

int main(void)
{
	low_setup();
	fsgsbase = fsgsbase_usable();
	fsgsbase_found = fsgsbase;
	ok(raw(TEST_THREAD, (long)other, (long)(other_stack + sizeof(other_stack)), 0, 0, 0, 0) > 0,
	   "another thread");
	check_base(0);
	check_base(LOW_DATA);
	check_base(USER_END - 1);
	if (fsgsbase) {
		check_base(0xffff800000000000);
		check_base(0xffffffff80000000);
		check_base(0xffffffffffffffff);
		check_base((unsigned long)raw(TEST_PERCPU, 0, 0, 0, 0, 0, 0));
	}
	check_prctl();
	return done();
}
