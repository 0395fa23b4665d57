/* SPDX-License-Identifier: MIT */
/* The boot memory map (arch/x86_64/boot_memory.c): odd maps, reservations, too many ranges. */
#include "test.h"
#include "../../arch/x86_64/boot_memory.c"

phys_t image_phys;

#define MIB (1ull << 20)

static void begin(void)
{
	usables = reserveds = 0;
	boot_info.rams = 0;
	boot_info.archive = (struct boot_range){0, 0};
}

static phys_t handed_out(void)
{
	phys_t sum = 0;

	for (unsigned i = 0; i < boot_info.rams; i++)
		sum += boot_info.ram[i].end - boot_info.ram[i].start;
	return sum;
}

TEST(firmware_is_shown_but_not_handed_out)
{
	struct boot_range r;

	begin();
	boot_memory_add(0, 640 * 1024);
	boot_memory_add(MIB, 16 * MIB);
	boot_memory_finish();
	CHECK(boot_memory_range(0, &r) && r.start == 0 && r.end == 640 * 1024);
	CHECK(boot_memory_range(1, &r) && r.start == MIB);
	CHECK(!boot_memory_range(2, &r));
	CHECK_EQ(boot_info.rams, 1u);
	CHECK_EQ(handed_out(), 15 * MIB);
}

TEST(reservations_split_ranges)
{
	begin();
	boot_memory_add(MIB, 16 * MIB);
	boot_memory_reserve(2 * MIB, 3 * MIB + 1);
	boot_memory_reserve(15 * MIB, 20 * MIB);
	boot_memory_finish();
	CHECK_EQ(boot_info.rams, 2u);
	CHECK_EQ(boot_info.ram[0].end, 2 * MIB);
	CHECK_EQ(boot_info.ram[1].start, 3 * MIB + PAGE_SIZE);
	CHECK_EQ(boot_info.ram[1].end, 15 * MIB);
}

TEST(overlapping_and_touching_ranges_become_one)
{
	struct boot_range r;

	begin();
	boot_memory_add(64 * MIB, 80 * MIB);
	boot_memory_add(4 * MIB + 1, 8 * MIB);
	boot_memory_add(8 * MIB, 65 * MIB);
	boot_memory_finish();
	CHECK(boot_memory_range(0, &r) && r.start == 4 * MIB + PAGE_SIZE && r.end == 80 * MIB);
	CHECK(!boot_memory_range(1, &r));
}

TEST(two_hundred_adjacent_ranges_are_kept_whole)
{
	begin();
	for (phys_t i = 1; i <= 200; i++)
		boot_memory_add(i * MIB, (i + 1) * MIB);
	boot_memory_finish();
	CHECK_EQ(handed_out(), 200 * MIB);
}

TEST(too_many_ranges_lose_the_smallest)
{
	begin();
	for (phys_t i = 1; i <= 130; i++)
		boot_memory_add(i * 2 * MIB, i * 2 * MIB + PAGE_SIZE);
	boot_memory_add(4096 * MIB, 16384 * MIB);
	boot_memory_finish();
	CHECK(handed_out() > 12288 * MIB);
}

TEST(an_archive_outside_the_map_is_shown)
{
	struct boot_range r;

	begin();
	boot_memory_add(MIB, 16 * MIB);
	boot_info.archive = (struct boot_range){32 * MIB, 33 * MIB + 5};
	boot_memory_reserve(boot_info.archive.start, boot_info.archive.end);
	boot_memory_finish();
	CHECK(boot_memory_range(1, &r) && r.start == 32 * MIB && r.end == 33 * MIB + PAGE_SIZE);
	CHECK_EQ(handed_out(), 15 * MIB);
}

TEST(a_low_page_for_the_trampoline_is_nobodys)
{
	begin();
	low_page = 1; /* found anew */
	boot_memory_add(0, 0x9fc00);
	boot_memory_add(MIB, 16 * MIB);
	boot_memory_finish();
	CHECK_EQ(boot_memory_low_page(), 0x9e000u); /* the last whole one below the BIOS's data */
	begin();
	boot_memory_add(0, 0x9fc00);
	boot_memory_reserve(0x9000, 0x9fc00);
	boot_memory_finish();
	CHECK_EQ(boot_memory_low_page(), 0x8000u);
}

TEST(no_low_page_is_told)
{
	begin();
	boot_memory_add(0, PAGE_SIZE); /* the BIOS's data area is no place for it */
	boot_memory_add(MIB, 16 * MIB);
	boot_memory_finish();
	CHECK_EQ(boot_memory_low_page(), 0u);
}
