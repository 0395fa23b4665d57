/* SPDX-License-Identifier: MIT */
/* The PVH boot protocol: Xen's public/arch-x86/hvm/start_info.h. Boot only. */
#include <core/boot.h>
#include <core/log.h>
#include <core/string.h>
#include <x86/arch.h>

#define START_MAGIC 0x336ec578
#define E820_RAM    1

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp;
	/* Version 1. */
	uint64_t memmap;
	uint32_t memmap_entries, reserved;
};

struct module {
	uint64_t start, size, cmdline, reserved;
};

struct memmap_entry {
	uint64_t base, size;
	uint32_t type, reserved;
};

static void take_cmdline(phys_t phys)
{
	const char *text = boot_ptr(phys), *why;

	if (strnlen(text, CMDLINE_SIZE) == CMDLINE_SIZE)
		boot_fail("command line: longer than %d bytes", CMDLINE_SIZE - 1);
	if (cmdline_add(&boot_info.cmdline, text, &why))
		boot_fail("command line: %s", why);
}

void boot_pvh_parse(phys_t phys)
{
	const struct start_info *s = boot_ptr(phys);
	const struct memmap_entry *e;

	boot_info.protocol = "pvh";
	if (s->magic != START_MAGIC)
		boot_fail("pvh: the start structure has no magic number");
	if (s->version < 1 || !s->memmap_entries)
		boot_fail("pvh: the loader gave no memory map: a newer QEMU is needed");
	e = boot_ptr(s->memmap);
	for (uint32_t i = 0; i < s->memmap_entries; i++)
		if (e[i].type == E820_RAM && e[i].base + e[i].size > e[i].base)
			boot_memory_add(e[i].base, e[i].base + e[i].size);
	boot_info.rsdp = s->rsdp;
	if (s->nr_modules) {
		const struct module *m = boot_ptr(s->modlist);

		boot_info.archive = (struct boot_range){m->start, m->start + m->size};
		boot_memory_reserve(m->start, m->start + m->size);
	}
	if (s->cmdline)
		take_cmdline(s->cmdline);
}
