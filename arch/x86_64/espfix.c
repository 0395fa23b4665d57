/* SPDX-License-Identifier: MIT */
/*
 * IRET to a 16-bit stack segment loads SP alone and leaves the rest of ESP as the core had it. So the
 * app's bits 31:16 must be in RSP already: each CPU has a 64-byte stack for that IRET, in a page that
 * appears read-only at every multiple of 64 KiB of a 4 GiB region, and IRET runs from the alias whose
 * address has those bits. All stacks are in one page; each slot is written by its CPU only, through
 * the direct map, with interrupts off. Called from entry.S and paranoid.c.
 */
#include <core/boot.h>
#include <core/page.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/paging.h>
#include <x86/percpu.h>

#define SLOT	     64
#define ALIAS_STRIDE 0x10000UL
#define FRAME_SIZE   (5 * sizeof(uint64_t)) /* ip cs flags sp ss */
#define REGION_SHIFT 39			    /* one entry of the top table */

_Static_assert(SLOT *ARCH_MAX_CPUS <= PAGE_SIZE, "every CPU's slot is in the one page");

extern const char return_iret[], vector_stubs[];

/* Aligned so that its low 16 bits are those of the region's start. */
static char *page __ro_after_init;

/*
 * One table of page-table entries holds what of the aliases a 2 MiB stretch has, every 16th entry
 * the page; all entries of one page directory point at it, and four entries above at that.
 */
static void espfix_init(void)
{
	static const unsigned stride = ALIAS_STRIDE / PAGE_SIZE;
	uint64_t *leaf = page_alloc_zeroed(0), *middle = page_alloc(0),
		 *upper = page_alloc_zeroed(0);
	const uint64_t table = (PTE_TABLE & ~PTE_USER) | PTE_ACCESSED;

	page = page_alloc_zeroed(0);
	if (!page || !leaf || !middle || !upper)
		boot_fail("too little memory for the ESPFIX stacks");
	for (unsigned i = 0; i < TABLE_ENTRIES; i += stride)
		leaf[i] = (virt_to_phys(page) | PTE_CORE_RO) & paging_nx_mask;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		middle[i] = virt_to_phys(leaf) | table;
	for (unsigned i = 0; i < 4; i++)
		upper[i] = virt_to_phys(middle) | table;
	paging_pml4[TABLE_INDEX(ARCH_ESPFIX, 4)] = virt_to_phys(upper) | table;
}
INITCALL(1, espfix_init);

uintptr_t espfix_frame(const struct regs *r);
uintptr_t espfix_frame(const struct regs *r)
{
	uintptr_t slot = SLOT * arch_cpu_id();

	memcpy(page + slot, &r->ip, FRAME_SIZE);
	return ARCH_ESPFIX + slot + (r->sp & 0xffff0000);
}

bool espfix_double_fault(struct regs *r)
{
	struct regs *gp = (struct regs *)percpu()->stack_top - 1;

	if (r->ip != (uintptr_t)return_iret || r->sp >> REGION_SHIFT != ARCH_ESPFIX >> REGION_SHIFT)
		return false;
	memcpy(&gp->ip, (const void *)r->sp, FRAME_SIZE);
	gp->orig_ax = 0; /* the error code is lost */
	r->ip = (uintptr_t)vector_stubs + 16 * VECTOR_GP;
	r->sp = (uintptr_t)&gp->orig_ax;
	return true;
}
