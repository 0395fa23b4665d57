/* SPDX-License-Identifier: MIT */
/* The Multiboot2 information structure; specification 2.0, section 3.6. Boot only. */
#include <core/boot.h>
#include <core/log.h>
#include <core/string.h>
#include <x86/arch.h>

#define TAG_END	     0
#define TAG_CMDLINE  1
#define TAG_MODULE   3
#define TAG_MMAP     6
#define TAG_ACPI_OLD 14
#define TAG_ACPI_NEW 15

#define MMAP_AVAILABLE 1
#define INFO_MAX       (1 << 20)

struct tag {
	uint32_t type, size;
};

struct tag_module {
	struct tag tag;
	uint32_t start, end;
};

struct tag_mmap {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct mmap_entry {
	uint64_t base, length;
	uint32_t type, reserved;
};

static void take_cmdline(const struct tag *t)
{
	const char *text = (const char *)(t + 1), *why;

	if (t->size <= sizeof(*t) || !memchr(text, 0, t->size - sizeof(*t)))
		boot_fail("multiboot2: the command line does not end");
	if (cmdline_add(&boot_info.cmdline, text, &why))
		boot_fail("command line: %s", why);
}

static void take_module(const struct tag *t)
{
	const struct tag_module *m = (const void *)t;

	if (t->size < sizeof(*m) || m->end < m->start)
		boot_fail("multiboot2: a module with impossible bounds");
	if (boot_info.archive.end)
		boot_fail("more than one module: one archive is expected");
	boot_info.archive = (struct boot_range){m->start, m->end};
	boot_memory_reserve(m->start, m->end);
}

static void take_mmap(const struct tag *t)
{
	const struct tag_mmap *map = (const void *)t;

	if (t->size < sizeof(*map) || map->entry_size < sizeof(struct mmap_entry))
		boot_fail("multiboot2: a memory map with impossible sizes");
	for (uint32_t off = sizeof(*map); off <= t->size && map->entry_size <= t->size - off;
	     off += map->entry_size) {
		const struct mmap_entry *e = (const void *)((const char *)t + off);

		if (e->type == MMAP_AVAILABLE && e->base + e->length > e->base)
			boot_memory_add(e->base, e->base + e->length);
	}
}

static void take_tag(const struct tag *t, phys_t phys)
{
	switch (t->type) {
	case TAG_CMDLINE:
		take_cmdline(t);
		break;
	case TAG_MODULE:
		take_module(t);
		break;
	case TAG_MMAP:
		take_mmap(t);
		break;
	case TAG_ACPI_OLD:
		/* The tag holds a copy of the root pointer; the newer one wins. */
		if (!boot_info.rsdp)
			boot_info.rsdp = phys + sizeof(*t);
		break;
	case TAG_ACPI_NEW:
		boot_info.rsdp = phys + sizeof(*t);
		break;
	}
}

void boot_multiboot2_parse(phys_t phys)
{
	const uint32_t *info = boot_ptr(phys);
	uint32_t total = info[0], off = 8;

	boot_info.protocol = "multiboot2";
	if (total < 16 || total > INFO_MAX)
		boot_fail("multiboot2: an information structure of %u bytes", total);
	/* ACPI's root pointer is read from the structure later on. */
	boot_memory_reserve(phys, phys + total);
	while (off + sizeof(struct tag) <= total) {
		const struct tag *t = (const void *)((const char *)info + off);

		if (t->type == TAG_END)
			return;
		if (t->size < sizeof(*t) || t->size > total - off)
			boot_fail("multiboot2: tag %u has an impossible size", t->type);
		take_tag(t, phys + off);
		off += ALIGN_UP(t->size, 8u);
	}
}
