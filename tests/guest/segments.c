/* SPDX-License-Identifier: MIT */
/*
 * DS, ES, FS and GS are a thread's own: kept over system calls, interrupts and switches to a thread
 * with others. A selector whose descriptor another thread has taken away is null when its thread
 * goes on, and nothing worse happens.
 *
 * guest: core=testing
 * guest: core=testing run="--qemu '-cpu qemu64'"
 */
#include <errno.h>
#include "lowcode.h"

#define TEST_THREAD  1018
#define SYS_YIELD    24
#define SYS_PRCTL    158
#define ARCH_SET_FS  0x1002
#define ARCH_GET_FS  0x1003
#define ARCH_GET_GS  0x1004
#define AREA	     12
#define ROUNDS	     300
#define VALUE_MAIN   0x1111
#define VALUE_OTHER  0x2222
#define MAIN_OFFSET  0x200
#define OTHER_OFFSET 0x300

__asm__(LOW_BEGIN LOW_END);

static volatile unsigned rounds, wrong, phase;
static char other_stack[8192];

static void yield(void)
{
	raw(SYS_YIELD, 0, 0, 0, 0, 0, 0);
}

static int area_set(unsigned offset)
{
	struct user_desc d = {.entry_number = AREA, .base = LOW_DATA + offset, .limit = 0xfff};

	d.seg_32bit = 1;
	return (int)raw(SYS_SET_THREAD_AREA, (long)&d, 0, 0, 0, 0, 0);
}

static unsigned gs_word(void)
{
	unsigned v;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(v));
	return v;
}

static void ldt_clear(unsigned n)
{
	struct user_desc d = {.entry_number = n, .read_exec_only = 1, .seg_not_present = 1};

	modify_ldt(0x11, &d, sizeof(d));
}

/* Neither the library nor its thread-local storage: a thread that the C library knows nothing of. */
__attribute__((noreturn, used, optimize("no-stack-protector"))) static void other(void)
{
	area_set(OTHER_OFFSET);
	write_ds(LDT_SEL(1));
	write_es(LDT_SEL(2));
	write_fs(LDT_SEL(3));
	write_gs(GDT_SEL(AREA));
	for (;;) {
		for (volatile unsigned i = 0; i < 20000; i++)
			;
		wrong |= read_ds() != LDT_SEL(1);
		wrong |= (read_es() != LDT_SEL(2)) << 1;
		wrong |= (read_fs() != LDT_SEL(3)) << 2;
		wrong |= (read_gs() != GDT_SEL(AREA)) << 3;
		wrong |= (gs_word() != VALUE_OTHER) << 4;
		rounds++;
		if (phase == 1) {
			ldt_clear(5);
			ldt_clear(6);
			phase = 2;
		}
		yield();
	}
}

static void check_kept(void)
{
	unsigned ds = 0, es = 0, gs = 0, word = 0;

	write_ds(LDT_SEL(4));
	write_es(GDT_SEL(AREA));
	write_gs(GDT_SEL(AREA));
	while (rounds < ROUNDS) {
		for (volatile int i = 0; i < 300000; i++)
			; /* time for an interrupt to come */
		yield();
		ds |= read_ds() ^ LDT_SEL(4);
		es |= read_es() ^ GDT_SEL(AREA);
		gs |= read_gs() ^ GDT_SEL(AREA);
		word |= gs_word() ^ VALUE_MAIN;
	}
	is(ds, 0, "DS is kept");
	is(es, 0, "ES is kept");
	is(gs, 0, "GS is kept");
	is(word, 0, "and its area is this thread's");
	is(wrong, 0, "nor did the other thread see any of these");
}

static void check_vanished(void)
{
	unsigned long own, base;
	unsigned fs;

	raw(SYS_PRCTL, ARCH_GET_FS, (long)&own, 0, 0, 0, 0);
	write_ds(LDT_SEL(5));
	write_es(LDT_SEL(5));
	write_gs(LDT_SEL(6));
	write_fs(LDT_SEL(6));
	phase = 1;
	while (phase != 2)
		yield();
	fs = read_fs();
	raw(SYS_PRCTL, ARCH_SET_FS, (long)own, 0, 0, 0, 0);
	is(fs, 0, "FS is null after its descriptor went");
	is(read_ds(), 0, "DS");
	is(read_es(), 0, "ES");
	is(read_gs(), 0, "GS");
	raw(SYS_PRCTL, ARCH_GET_GS, (long)&base, 0, 0, 0, 0);
	is((long)base, LOW_DATA, "the base of GS is kept apart");
	is(wrong, 0, "the other thread has its own still");
}

int main(void)
{
	unsigned long cpu_0 = 1;

	/* What is checked shows when two threads share a CPU. */
	raw(203, 0, sizeof(cpu_0), (long)&cpu_0, 0, 0, 0); /* sched_setaffinity */
	low_setup();
	*low_word(MAIN_OFFSET) = VALUE_MAIN;
	*low_word(OTHER_OFFSET) = VALUE_OTHER;
	for (unsigned i = 1; i <= 6; i++)
		ldt_install(i, LOW_DATA, 0xffff, 0, true);
	is(read_ds() | read_es() | read_fs() | read_gs(), 0, "all are null at the start");
	is(area_set(MAIN_OFFSET), 0, "an area for this thread");
	ok(raw(TEST_THREAD, (long)other, (long)(other_stack + sizeof(other_stack) - 8), 0, 0, 0,
	       0) > 0,
	   "another thread");
	check_kept();
	check_vanished();
	return done();
}
