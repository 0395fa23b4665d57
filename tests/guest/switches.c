/* SPDX-License-Identifier: MIT */
/*
 * What a switch between threads brings and takes away, one of them with the null selectors that all
 * 64-bit programs have: the other's DS, and the descriptors of set_thread_area.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 */
#include <stdbool.h>
#include "lowcode.h"
#include "thread.h"

#define AREA 12

static struct test_thread thread;
static uint32_t turn;
static bool other_sees_area;
static unsigned other_ds;

static void await(uint32_t n)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != n)
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void go_on(uint32_t n)
{
	__atomic_store_n(&turn, n, __ATOMIC_RELEASE);
}

/* Whether the selector names a segment that can be read. */
static bool readable(unsigned selector)
{
	bool yes;

	__asm__ volatile("verr %w1" : "=@ccz"(yes) : "r"(selector));
	return yes;
}

static void other(void *unused)
{
	(void)unused;
	await(1);
	other_sees_area = readable(GDT_SEL(AREA));
	go_on(2);
	await(3);
	write_ds(LDT_SEL(1));
	go_on(4);
	await(5);
	other_ds = read_ds();
	write_ds(0);
	go_on(6);
}

int main(void)
{
	static struct user_desc d = {.entry_number = 1, .limit = 0xfffff, .seg_32bit = 1};
	unsigned long cpu_0 = 1;

	raw(SYS_sched_setaffinity, 0, sizeof(cpu_0), (long)&cpu_0, 0, 0, 0);
	is(raw(SYS_MODIFY_LDT, 1, (long)&d, sizeof(d), 0, 0, 0), 0, "a segment of the LDT");
	thread_start(&thread, other, 0);
	d.entry_number = AREA;
	is(raw(SYS_SET_THREAD_AREA, (long)&d, 0, 0, 0, 0, 0), 0, "an area for this thread alone");
	ok(readable(GDT_SEL(AREA)), "it is there");
	go_on(1);
	await(2);
	ok(readable(GDT_SEL(AREA)), "it comes back with this thread");
	ok(!other_sees_area, "and the other did not see it");
	go_on(3);
	await(4);
	is(read_ds(), 0, "another's DS is not this thread's");
	go_on(5);
	await(6);
	is(other_ds, LDT_SEL(1), "and comes back with the other");
	thread_join(&thread);
	return done();
}
