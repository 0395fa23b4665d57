/* SPDX-License-Identifier: MIT */
/*
 * Makes boot_info.ram from what the loader calls usable memory, less what is in use: the first MiB
 * (firmware), the image, the archive. Boot only.
 */
#include <core/boot.h>
#include <core/log.h>
#include <x86/arch.h>

#define LOW_MEMORY_END 0x100000
#define VIDEO_MEMORY   0xa0000 /* start-up IPIs reach what lies below */

static struct boot_range usable[BOOT_MAX_RANGES], reserved[8];
static unsigned usables, reserveds;
static phys_t low_page;

/* Makes room for a bigger range; false if none is smaller. */
static bool drop_smallest(phys_t size)
{
	struct boot_range *least = usable;

	for (struct boot_range *r = usable; r < usable + usables; r++)
		if (r->end - r->start < least->end - least->start)
			least = r;
	log_warn("memory: more than %u ranges: the smallest is left unused", usables);
	if (least->end - least->start >= size)
		return false;
	*least = usable[--usables];
	return true;
}

void boot_memory_add(phys_t start, phys_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end)
		return;
	/* One range with all it touches, so that no page stands in two. */
	for (unsigned i = 0; i < usables;) {
		if (usable[i].end < start || usable[i].start > end) {
			i++;
			continue;
		}
		start = min(start, usable[i].start);
		end = max(end, usable[i].end);
		usable[i] = usable[--usables];
		i = 0;
	}
	if (usables == ARRAY_SIZE(usable) && !drop_smallest(end - start))
		return;
	usable[usables++] = (struct boot_range){start, end};
}

void boot_memory_reserve(phys_t start, phys_t end)
{
	BUG_ON(reserveds == ARRAY_SIZE(reserved));
	reserved[reserveds++] = (struct boot_range){ALIGN_DOWN(start, PAGE_SIZE),
						    ALIGN_UP(end, PAGE_SIZE)};
}

static void sort(struct boot_range *r, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct boot_range x = r[i];
		unsigned j = i;

		for (; j > 0 && r[j - 1].start > x.start; j--)
			r[j] = r[j - 1];
		r[j] = x;
	}
}

static void emit(phys_t start, phys_t end)
{
	if (start >= end)
		return;
	if (boot_info.rams == BOOT_MAX_RANGES)
		log_warn("memory: %#llx-%#llx is left unused", (unsigned long long)start,
			 (unsigned long long)end);
	else
		boot_info.ram[boot_info.rams++] = (struct boot_range){start, end};
}

static bool overlaps(const struct boot_range *r, unsigned n, phys_t start, phys_t end)
{
	for (unsigned i = 0; i < n; i++)
		if (start < r[i].end && r[i].start < end)
			return true;
	return false;
}

/* The highest page that is usable and that nobody has; page 0 is the BIOS's. */
static phys_t find_low_page(void)
{
	for (phys_t page = VIDEO_MEMORY - PAGE_SIZE; page; page -= PAGE_SIZE)
		if (overlaps(usable, usables, page, page + PAGE_SIZE) &&
		    !overlaps(reserved, reserveds, page, page + PAGE_SIZE))
			return page;
	return 0;
}

phys_t boot_memory_low_page(void)
{
	return low_page;
}

void boot_memory_finish(void)
{
	struct boot_range a = boot_info.archive;
	phys_t done = 0;

	if (!usables)
		boot_fail("the boot loader gave no memory map: use GRUB 2 or QEMU's -kernel");
	low_page = find_low_page();
	/* The firmware's area is shown, for a loader may put the archive there, but not handed out. */
	boot_memory_reserve(0, LOW_MEMORY_END);
	/* The archive is read through the direct map, wherever the loader found room for it. */
	if (a.start < a.end)
		boot_memory_add(ALIGN_DOWN(a.start, PAGE_SIZE), ALIGN_UP(a.end, PAGE_SIZE));
	sort(usable, usables);
	sort(reserved, reserveds);
	for (unsigned i = 0; i < usables; i++) {
		phys_t at = max(usable[i].start, done), end = usable[i].end;

		for (unsigned k = 0; k < reserveds && at < end; k++) {
			if (reserved[k].end <= at || reserved[k].start >= end)
				continue;
			emit(at, reserved[k].start);
			at = reserved[k].end;
		}
		emit(at, end);
		done = max(done, end);
	}
}

/* All usable memory, reserved or not: what the direct map shows. */
bool boot_memory_range(unsigned i, struct boot_range *out)
{
	if (i >= usables)
		return false;
	*out = usable[i];
	return true;
}
