/* SPDX-License-Identifier: MIT */
/*
 * The final page tables and the core's half of them: the image with W^X, all RAM in the direct map
 * with the largest pages that fit, device memory. The app's half is mmu.c's. Core mappings are made
 * during boot and when a stack is made; lock: paging_lock.
 */
#include <abi/errno.h>
#include <arch/mmu.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/page.h>
#include <core/spinlock.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/asm.h>
#include <x86/cpu.h>
#include <x86/paging.h>
#include <x86/smp.h>

uint64_t *paging_pml4 __ro_after_init;

static struct spinlock paging_lock;
static uintptr_t mmio_next = ARCH_MMIO;

/* The entry that maps va at a level, tables above it made as needed; NULL without memory. */
static uint64_t *entry_at(uintptr_t va, unsigned level)
{
	uint64_t *table = paging_pml4;

	for (unsigned l = 4; l > level; l--) {
		uint64_t *e = &table[TABLE_INDEX(va, l)];

		if (!*e) {
			void *page = page_alloc_zeroed(0);

			if (!page)
				return NULL;
			*e = virt_to_phys(page) | (PTE_TABLE & ~PTE_USER);
		}
		BUG_ON(*e & PTE_LARGE);
		table = phys_to_virt(*e & PTE_ADDRESS);
	}
	return &table[TABLE_INDEX(va, level)];
}

int paging_map_core(uintptr_t va, phys_t pa, uint64_t flags)
{
	unsigned long irq = spin_lock_irqsave(&paging_lock);
	uint64_t *e = entry_at(va, 1);

	if (e)
		*e = (pa | flags) & paging_nx_mask;
	spin_unlock_irqrestore(&paging_lock, irq);
	return e ? 0 : -ENOMEM;
}

/* Boot: without memory for page tables there is nothing to go on with. */
static void map_at_level(uintptr_t va, phys_t pa, uint64_t flags, unsigned level)
{
	uint64_t *e = entry_at(va, level);

	if (!e)
		boot_fail("too little memory for the page tables");
	*e = (pa | flags | (level > 1 ? PTE_LARGE : 0)) & paging_nx_mask;
}

static bool fits(phys_t at, phys_t end, uint64_t size, phys_t image_end)
{
	/* The image's own pages need rights page by page. */
	bool clear = at + size <= image_phys || at >= image_end;

	return IS_ALIGNED(at, size) && end - at >= size && clear;
}

/* What the direct map may do with a page of the image: never more than the image itself. */
static uint64_t alias_flags(phys_t at)
{
	uintptr_t va = (uintptr_t)core_image_start + (at - image_phys);

	return va >= (uintptr_t)core_text_start && va < (uintptr_t)core_rodata_end ? PTE_CORE_RO
										   : PTE_CORE_RW;
}

static void map_direct(phys_t at, phys_t end)
{
	phys_t image_end = image_phys + (core_image_end - core_image_start);

	while (at < end) {
		unsigned level = 1;

		if (fits(at, end, LEVEL_SIZE(2), image_end))
			level = 2;
		if (cpu_features.gbpages && fits(at, end, LEVEL_SIZE(3), image_end))
			level = 3;
		map_at_level(ARCH_DIRECT_MAP + at, at,
			     at >= image_phys && at < image_end ? alias_flags(at) : PTE_CORE_RW,
			     level);
		at += LEVEL_SIZE(level);
	}
}

static void map_image(const char *start, const char *end, uint64_t flags)
{
	for (const char *p = start; p < end; p += PAGE_SIZE)
		if (p != boot_stack_guard)
			map_at_level((uintptr_t)p, image_phys + (p - core_image_start), flags, 1);
}

void paging_init(void)
{
	struct boot_range r;

	paging_pml4 = page_alloc_zeroed(0);
	if (!paging_pml4)
		boot_fail("too little memory for the page tables");
	map_image(core_text_start, core_text_end, PTE_CORE_RX);
	map_image(core_rodata_start, core_rodata_end, PTE_CORE_RO);
	map_image(core_data_start, core_image_end, PTE_CORE_RW);
	for (unsigned i = 0; boot_memory_range(i, &r); i++)
		map_direct(r.start, r.end);
	write_cr3(virt_to_phys(paging_pml4));
	/* Global entries of the provisional tables outlive the CR3 write. */
	write_cr4(read_cr4() & ~CR4_PGE);
	write_cr4(read_cr4() | (cpu_features.pge ? CR4_PGE : 0));
}

/* Data that only boot writes becomes read-only, in the image and in the direct map. */
void arch_seal(void)
{
	for (char *p = core_data_start; p < core_ro_after_init_end; p += PAGE_SIZE) {
		phys_t pa = image_phys + (p - core_image_start);

		map_at_level((uintptr_t)p, pa, PTE_CORE_RO, 1);
		map_at_level(ARCH_DIRECT_MAP + pa, pa, PTE_CORE_RO, 1);
	}
	tlb_flush_core();
}

void volatile *arch_mmio_map(phys_t pa, size_t size)
{
	phys_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	size_t pages = (ALIGN_UP(pa + size, PAGE_SIZE) - first) / PAGE_SIZE;
	unsigned long irq;
	uintptr_t va;

	/* A boot that fails early looks for the way to power off. */
	if (!paging_pml4)
		return pa + size <= 1ull << 32 ? boot_ptr(pa) : NULL;
	irq = spin_lock_irqsave(&paging_lock);
	va = mmio_next;
	mmio_next += (pages + 1) * PAGE_SIZE; /* a hole between any two */
	spin_unlock_irqrestore(&paging_lock, irq);
	for (size_t i = 0; i < pages; i++)
		if (paging_map_core(va + i * PAGE_SIZE, first + i * PAGE_SIZE, PTE_CORE_IO))
			return NULL;
	return (void volatile *)(va + (pa - first));
}
