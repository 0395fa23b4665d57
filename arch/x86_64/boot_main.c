/* SPDX-License-Identifier: MIT */
/*
 * First C of the core: from the loader's state to the one the portable core expects. One CPU,
 * interrupts off, on the boot stack, which becomes the idle thread's.
 */
#include <arch/mmu.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/page.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

struct boot_info boot_info;
phys_t image_phys __ro_after_init;

#define PROTOCOL_MULTIBOOT2 1
#define FOUR_GIB	    (1ull << 32)
#define LEAST_PAGES	    512

void boot_main(uint32_t protocol, phys_t information, phys_t image);

/* The provisional tables show 4 GiB: what lies above joins once the final ones are up. */
static void add_ram(bool below)
{
	for (unsigned i = 0; i < boot_info.rams; i++) {
		phys_t start = boot_info.ram[i].start, end = boot_info.ram[i].end;

		if (below)
			end = min(end, FOUR_GIB);
		else
			start = max(start, FOUR_GIB);
		if (start < end)
			page_add_range(start, end);
	}
}

void boot_main(uint32_t protocol, phys_t information, phys_t image)
{
	image_phys = image;
	segments_init(&percpu_boot);
	uart_init();
	cpu_detect();
	cpu_enable();
	cpu_patch_text();
	boot_memory_reserve(image, image + (core_image_end - core_image_start));
	if (protocol == PROTOCOL_MULTIBOOT2)
		boot_multiboot2_parse(information);
	else
		boot_pvh_parse(information);
	core_host_options();
	boot_memory_finish();
	add_ram(true);
	if (page_free_count() < LEAST_PAGES)
		boot_fail("too little memory: %zu KiB free after loading; give the machine more",
			  page_free_count() * (PAGE_SIZE / 1024));
	paging_init();
	add_ram(false);
	stack_init_ist(&percpu_boot);
	segments_use_ist();
	core_main();
}
