/* SPDX-License-Identifier: MIT */
/*
 * Core stacks: slots of 32 KiB in a region of their own, the stack at the upper end, everything
 * below it unmapped, so that an overflow is a fault and not damage. Freed stacks keep their pages
 * and are used again. Lock: stack_lock.
 */
#include <arch/mmu.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/page.h>
#include <core/spinlock.h>
#include <x86/arch.h>
#include <x86/paging.h>
#include <x86/percpu.h>

#define SLOT	       32768
#define MAX_ORDER      2
#define IST_ORDER      1
#define FREE_LINK(top) (*(uintptr_t *)((top)-8))

_Static_assert(PAGE_SIZE << IST_ORDER == IST_STACK_SIZE, "the assembly rounds up to it");

static struct spinlock stack_lock;
static uintptr_t next_slot = ARCH_STACKS;
static uintptr_t free_stacks[MAX_ORDER + 1]; /* by order; the link is the stack's topmost word */

static uintptr_t take_free(unsigned order)
{
	unsigned long irq = spin_lock_irqsave(&stack_lock);
	uintptr_t top = free_stacks[order];

	if (top)
		free_stacks[order] = FREE_LINK(top);
	spin_unlock_irqrestore(&stack_lock, irq);
	return top;
}

uintptr_t stack_alloc(unsigned order)
{
	uintptr_t top = take_free(order), size = PAGE_SIZE << order;
	unsigned long irq;
	char *pages;

	if (top)
		return top;
	pages = page_alloc(order);
	if (!pages)
		return 0;
	irq = spin_lock_irqsave(&stack_lock);
	next_slot += SLOT;
	top = next_slot;
	spin_unlock_irqrestore(&stack_lock, irq);
	for (uintptr_t off = 0; off < size; off += PAGE_SIZE) {
		phys_t pa = virt_to_phys(pages + off);

		if (paging_map_core(top - size + off, pa, PTE_CORE_RW)) {
			page_free(pages, order); /* the slot stays unused */
			return 0;
		}
	}
	return top;
}

void stack_free(uintptr_t top, unsigned order)
{
	unsigned long irq = spin_lock_irqsave(&stack_lock);

	FREE_LINK(top) = free_stacks[order];
	free_stacks[order] = top;
	spin_unlock_irqrestore(&stack_lock, irq);
}

void stack_init_ist(struct percpu *p)
{
	for (unsigned i = 1; i <= IST_COUNT; i++) {
		uintptr_t top = stack_alloc(IST_ORDER);

		if (!top)
			boot_fail("too little memory for the interrupt stacks");
		*(struct percpu **)(top - IST_BLOCK) = p;
		*(uint64_t *)(top - IST_NMI_STATE) = 0;
		p->ist_top[i] = top;
		p->tss.ist[i - 1] = top - IST_NMI_STATE;
	}
}

bool stack_is_guard(uintptr_t addr)
{
	if (addr >= (uintptr_t)boot_stack_guard && addr < (uintptr_t)boot_stack_guard + PAGE_SIZE)
		return true;
	return addr >= ARCH_STACKS && addr < next_slot && arch_mmu_lookup(addr, NULL) == PHYS_NONE;
}
