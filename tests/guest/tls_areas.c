/* SPDX-License-Identifier: MIT */
/*
 * set_thread_area and get_thread_area: three flat data segments in the GDT, by SYSCALL and by i386's
 * INT 0x80, which answers ENOSYS to all else.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 */
#include <errno.h>
#include "lowcode.h"

#define TLS_MIN 12
#define TLS_MAX 14

#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004
#define SYS_PRCTL   158

__asm__(LOW_BEGIN LOW_END);

/* Below 4 GiB, as INT 0x80 takes it. */
static struct user_desc *d;

static long int80(unsigned number)
{
	long ret = number;

	__asm__ volatile("int $0x80" : "+a"(ret) : "b"(d) : "memory");
	return ret;
}

static int set(int entry, uint32_t base)
{
	*d = (struct user_desc){.entry_number = (unsigned)entry, .base = base, .limit = 0xfffff};
	d->seg_32bit = 1;
	d->limit_in_pages = 1;
	return (int)raw(SYS_SET_THREAD_AREA, (long)d, 0, 0, 0, 0, 0);
}

static int set_as_is(void)
{
	return (int)raw(SYS_SET_THREAD_AREA, (long)d, 0, 0, 0, 0, 0);
}

static void clear(int entry)
{
	*d = (struct user_desc){.entry_number = (unsigned)entry, .read_exec_only = 1};
	d->seg_not_present = 1;
	is(int80(243), 0, "clearing an area");
}

static void check_allocation(void)
{
	for (int i = TLS_MIN; i <= TLS_MAX; i++) {
		is(set(-1, 0x1000u * (unsigned)i), 0, "an area");
		is((int)d->entry_number, i, "is the next free one");
	}
	is(set(-1, 0), -ESRCH, "there are three");
	is(set(TLS_MIN - 1, 0), -EINVAL, "the entry before them");
	is(set(TLS_MAX + 1, 0), -EINVAL, "the entry behind them");
	is(set(-2, 0), -EINVAL, "entry -2");
	for (int i = TLS_MIN; i <= TLS_MAX; i++) {
		memset(d, 0xff, sizeof(*d));
		d->entry_number = (unsigned)i;
		is(raw(SYS_GET_THREAD_AREA, (long)d, 0, 0, 0, 0, 0), 0, "reading an area");
		ok(d->base == 0x1000u * (unsigned)i && d->limit == 0xfffff && d->seg_32bit &&
			   d->limit_in_pages && !d->contents && !d->read_exec_only &&
			   !d->seg_not_present && !d->useable && !d->lm,
		   "gives what was set");
	}
	memset(d, 0xff, sizeof(*d));
	d->entry_number = TLS_MAX;
	is(int80(244), 0, "INT 0x80 reads too");
	is(d->base, 0x1000 * TLS_MAX, "the same");
	d->entry_number = TLS_MAX + 1;
	is(int80(244), -EINVAL, "and refuses");
	clear(TLS_MIN + 1);
	is(lar(GDT_SEL(TLS_MIN + 1)), 0, "a cleared area is none");
	is(set(-1, 0), 0, "and free again");
	is((int)d->entry_number, TLS_MIN + 1, "for the next");
}

static void check_refused(void)
{
	*d = (struct user_desc){.entry_number = TLS_MIN, .limit = 0xffff};
	is(set_as_is(), -EINVAL, "a 16-bit segment");
	d->seg_32bit = 1;
	d->seg_not_present = 1;
	is(set_as_is(), -EINVAL, "one that is not present");
	d->seg_not_present = 0;
	d->contents = 2;
	is(set_as_is(), -EINVAL, "code");
	d->contents = 3;
	is(set_as_is(), -EINVAL, "conforming code");
	is(raw(SYS_SET_THREAD_AREA, 0, 0, 0, 0, 0, 0), -EFAULT, "no pointer");
	is(raw(SYS_GET_THREAD_AREA, -4096, 0, 0, 0, 0, 0), -EFAULT, "the core's pointer");
	is(int80(20), -ENOSYS, "INT 0x80, getpid");
	is(int80(0xffffffff), -ENOSYS, "INT 0x80, -1");
	is(int80(0), -ENOSYS, "INT 0x80, 0");
}

/* Registers that hold the area change with it. */
static void check_use(void)
{
	unsigned selector = GDT_SEL(TLS_MIN), value;
	unsigned long base = 1;

	*low_word(0x80) = 0x600d;
	*low_word(0x84) = 0xbad;
	set(TLS_MIN, LOW_DATA + 4);
	write_gs(selector);
	set(TLS_MIN, LOW_DATA);
	__asm__ volatile("movl %%gs:0x80, %0" : "=r"(value));
	is(value, 0x600d, "GS follows its area");
	write_ds(selector);
	write_es(selector);
	clear(TLS_MIN);
	is(read_ds(), 0, "DS is null once its area is gone");
	is(read_es(), 0, "ES");
	is(read_gs(), 0, "GS");
	raw(SYS_PRCTL, ARCH_GET_GS, (long)&base, 0, 0, 0, 0);
	is((long)base, 0, "with a base of 0");
}

/* FS is the C library's: nothing but this may run while it is another. */
static void check_fs(void)
{
	unsigned long own, base = 1;
	unsigned left;

	raw(SYS_PRCTL, ARCH_GET_FS, (long)&own, 0, 0, 0, 0);
	set(TLS_MIN, LOW_DATA);
	*d = (struct user_desc){.entry_number = TLS_MIN, .read_exec_only = 1, .seg_not_present = 1};
	write_fs(GDT_SEL(TLS_MIN));
	int80(243);
	left = read_fs();
	raw(SYS_PRCTL, ARCH_GET_FS, (long)&base, 0, 0, 0, 0);
	raw(SYS_PRCTL, 0x1002, (long)own, 0, 0, 0, 0);
	is(left, 0, "FS is null once its area is gone");
	is((long)base, 0, "with a base of 0");
}

int main(void)
{
	low_setup();
	d = (struct user_desc *)(uintptr_t)(LOW_DATA + 0x100);
	check_allocation();
	check_refused();
	check_use();
	check_fs();
	return done();
}
