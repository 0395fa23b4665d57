/* SPDX-License-Identifier: MIT */
/*
 * modify_ldt as Linux has it: what it takes and refuses, in the old way and the new, what it tells
 * when read, and what the CPU then makes of the selectors.
 *
 * guest:
 */
#include <errno.h>
#include "lowcode.h"

#define PRESENT	   0x8000u
#define DPL3	   0x6000u
#define CODE_DATA  0x1000u
#define ACCESSED   0x0100u
#define CONTENTS_  0x0400u
#define WRITE_READ 0x0200u
#define AVAILABLE  0x100000u
#define BIG	   0x400000u
#define PAGES	   0x800000u

#define ENTRIES 8192

__asm__(LOW_BEGIN LOW_END);

static const struct user_desc empty = {.read_exec_only = 1, .seg_not_present = 1};
static uint64_t table[ENTRIES + 16];

/* Asks for what the bits of kind say, installs it as entry 5 and looks at it as the CPU does. */
static void check_kind(unsigned kind)
{
	struct user_desc d = {.entry_number = 5, .base = 0x12345678, .limit = 0x9abcd};
	uint32_t wanted = DPL3 | CODE_DATA | ACCESSED;

	d.contents = kind & 3;
	d.read_exec_only = kind >> 2 & 1;
	d.seg_32bit = kind >> 3 & 1;
	d.limit_in_pages = kind >> 4 & 1;
	d.seg_not_present = kind >> 5 & 1;
	d.useable = kind >> 6 & 1;
	d.lm = kind >> 7 & 1;
	wanted |= d.contents * CONTENTS_ | (d.read_exec_only ? 0 : WRITE_READ) |
		  (d.seg_32bit ? BIG : 0) | (d.limit_in_pages ? PAGES : 0) |
		  (d.seg_not_present ? 0 : PRESENT) | (d.useable ? AVAILABLE : 0);
	if (d.contents == 3 && !d.seg_not_present) {
		is(modify_ldt(0x11, &d, sizeof(d)), -EINVAL, "present and conforming is refused");
		return;
	}
	if (modify_ldt(0x11, &d, sizeof(d)) || lar(LDT_SEL(5)) != wanted ||
	    lsl(LDT_SEL(5)) != (d.limit_in_pages ? 0x9abcdfffL : 0x9abcdL)) {
		ok(false, "kind %#x: rights %#x, wanted %#x, limit %#lx", kind, lar(LDT_SEL(5)),
		   wanted, lsl(LDT_SEL(5)));
		return;
	}
	modify_ldt(0, table, sizeof(table));
	ok((table[5] >> 16 & 0xffffff) == 0x345678 && table[5] >> 56 == 0x12,
	   "kind %#x: rights, limit and base", kind);
}

static void check_refused(void)
{
	struct user_desc d = {.entry_number = ENTRIES, .limit = 1, .seg_32bit = 1};

	is(modify_ldt(0x11, &d, sizeof(d)), -EINVAL, "entry 8192");
	d.entry_number = 0xffffffff;
	is(modify_ldt(1, &d, sizeof(d)), -EINVAL, "entry -1");
	d.entry_number = 0;
	is(modify_ldt(0x11, &d, sizeof(d) - 1), -EINVAL, "a size too small");
	is(modify_ldt(1, &d, sizeof(d) + 1), -EINVAL, "a size too large");
	is(modify_ldt(0x11, NULL, sizeof(d)), -EFAULT, "no pointer");
	is(modify_ldt(0x11, (void *)0xffffffff80000000, sizeof(d)), -EFAULT, "the core's pointer");
	is(modify_ldt(3, &d, sizeof(d)), -ENOSYS, "func 3");
	is(modify_ldt(-1, &d, sizeof(d)), -ENOSYS, "func -1");
	is(raw(SYS_MODIFY_LDT, 3, 0, 0, 0, 0, 0), 0x100000000 - ENOSYS, "the result is an int");
	d.contents = 3;
	d.seg_not_present = 1;
	is(modify_ldt(1, &d, sizeof(d)), -EINVAL, "the old way knows no conforming segments");
}

static void check_clearing(void)
{
	struct user_desc d = {.entry_number = 6, .limit = 1, .seg_32bit = 1, .useable = 1};

	is(modify_ldt(1, &d, sizeof(d)), 0, "the old way");
	is(lar(LDT_SEL(6)), DPL3 | CODE_DATA | ACCESSED | WRITE_READ | BIG | PRESENT,
	   "ignores the useable bit");
	d.limit = 0;
	is(modify_ldt(1, &d, sizeof(d)), 0, "no base and no limit");
	is(lar(LDT_SEL(6)), 0, "clears the entry in the old way");
	is(modify_ldt(0x11, &d, sizeof(d)), 0, "and in the new way");
	ok(lar(LDT_SEL(6)) & PRESENT, "does not");
	d = empty;
	d.entry_number = 6;
	is(modify_ldt(0x11, &d, sizeof(d)), 0, "the empty descriptor");
	is(lar(LDT_SEL(6)), 0, "does");
	modify_ldt(0, table, sizeof(table));
	is((long)table[6], 0, "nothing is left to read");
}

static void check_reading(void)
{
	memset(table, 0xaa, sizeof(table));
	is(modify_ldt(2, table, 200), 128, "the default LDT has 128 bytes");
	ok(!table[0] && !table[15] && table[16] == 0xaaaaaaaaaaaaaaaa, "of zeroes");
	is(modify_ldt(2, table, 3), 3, "or less");
	is(modify_ldt(0, (void *)0xffffffff80000000, 8), -EFAULT, "reading into the core");
	is(modify_ldt(2, (void *)0xffffffff80000000, 8), -EFAULT, "and the default");
	memset(table, 0xaa, sizeof(table));
	is(modify_ldt(0, table, sizeof(table)), ENTRIES * 8, "the LDT has 64 KiB");
	ok(!table[ENTRIES - 1] && table[ENTRIES] == 0xaaaaaaaaaaaaaaaa, "and no more");
	memset(table, 0xaa, sizeof(table));
	is(modify_ldt(0, table, 44), 44, "a part of it");
	ok(table[5] == (0xaaaaaaaa00000000 | (uint32_t)table[5]), "ends where it was told");
}

/* Every entry, each with a limit of its own. */
static void check_size(void)
{
	struct user_desc d = {.seg_32bit = 1, .contents = 2, .read_exec_only = 1};
	unsigned set = 0, seen = 0;

	for (unsigned i = 0; i < ENTRIES; i++) {
		d.entry_number = i;
		d.limit = i;
		set += modify_ldt(0x11, &d, sizeof(d)) == 0;
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		seen += lsl(LDT_SEL(i)) == (long)i;
	is(set, ENTRIES, "all 8192 entries can be set");
	is(seen, ENTRIES, "and the CPU sees them");
}

/* Loads need no write to the table, which the CPU may not do. */
static void check_use(void)
{
	unsigned data = ldt_install(7, LOW_DATA, 0xfff, 0, true), value;
	struct user_desc d;

	*low_word(0x80) = 0x600d;
	write_gs(data);
	__asm__ volatile("movl %%gs:0x80, %0" : "=r"(value));
	is(value, 0x600d, "a segment's base is used");
	write_ds(data);
	is(read_ds(), data, "DS");
	d = empty;
	d.entry_number = 7;
	modify_ldt(0x11, &d, sizeof(d));
	is(read_ds(), 0, "is null once its descriptor is gone");
	is(lar(data), 0, "the descriptor");
	write_es(ldt_install(8, 0, 0xfff, 0, true));
	ldt_install(8, 0, 0xfff, 2, true);
	is(read_es(), LDT_SEL(8), "ES stays where it may: a readable code segment");
	d.entry_number = 8;
	d.limit = 1;
	modify_ldt(0x11, &d, sizeof(d));
	is(read_es(), 0, "and not where its segment is no longer present");
}

int main(void)
{
	is(modify_ldt(0, table, sizeof(table)), 0, "there is no LDT at first");
	is(lar(LDT_SEL(0)), 0, "nor for the CPU");
	low_setup();
	check_refused();
	for (unsigned kind = 0; kind < 256; kind++)
		check_kind(kind);
	check_clearing();
	check_reading();
	check_size();
	check_use();
	return done();
}
