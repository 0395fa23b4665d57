/* SPDX-License-Identifier: MIT */
/*
 * The app's local descriptor table and modify_ldt: one for all threads. It lies at a fixed address
 * and grows by whole pages, which are never taken away; the CPU sees it read-only there, and what
 * changes is written through the direct map, a descriptor at a time. ldt_lock (sleeping) guards it;
 * readers need none.
 */
#include <abi/errno.h>
#include <arch/smp.h>
#include <core/page.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/descriptor.h>
#include <x86/paging.h>
#include <x86/percpu.h>
#include <x86/selectors.h>

#define LDT_ENTRIES    8192
#define PAGE_ENTRIES   (PAGE_SIZE / sizeof(uint64_t))
#define LDT_PAGES      (LDT_ENTRIES / PAGE_ENTRIES)
#define DEFAULT_LDT    128 /* bytes of what func 2 reads, always zero */
#define TYPE_LDT       0x82ull
#define FUNC_READ      0
#define FUNC_WRITE_OLD 1
#define FUNC_DEFAULT   2
#define FUNC_WRITE     0x11

static struct mutex ldt_lock = MUTEX_INIT(ldt_lock);
static uint64_t *ldt_page[LDT_PAGES];
static unsigned ldt_pages; /* mapped; grows after their mapping, before the CPUs' limit */

void ldt_load(struct percpu *p)
{
	uint64_t size = READ_ONCE(ldt_pages) * PAGE_SIZE;

	if (!size) {
		__asm__ volatile("lldt %w0" ::"r"(0));
		return;
	}
	/* SDM volume 3, section 8.2.3: 16 bytes, as a TSS's. */
	p->gdt[SEL_LDT >> 3] = (size - 1) | (ARCH_LDT & 0xffffff) << 16 | TYPE_LDT << 40 |
			       (ARCH_LDT >> 24 & 0xff) << 56;
	p->gdt[(SEL_LDT >> 3) + 1] = ARCH_LDT >> 32;
	__asm__ volatile("lldt %w0" ::"r"(SEL_LDT));
}

void ldt_reload(void)
{
	unsigned long irq = arch_irq_save();

	ldt_load(percpu());
	/* CS and SS are loaded anew by the IRET to ring 3; FS and GS keep their bases, as on Linux. */
	selectors_reload_ldt();
	arch_irq_restore(irq);
}

static void reload_here(void *unused)
{
	(void)unused;
	ldt_reload();
}

void ldt_reload_all(void)
{
	ldt_reload();
	arch_call_others(reload_here, NULL, true);
}

/* Maps pages up to the one of that entry. ldt_lock held. */
static int ldt_grow(unsigned entry)
{
	for (unsigned i = ldt_pages; i <= entry / PAGE_ENTRIES; i++) {
		uint64_t *page = page_alloc_zeroed(0);

		if (!page)
			return -ENOMEM;
		if (paging_map_core(ARCH_LDT + i * PAGE_SIZE, virt_to_phys(page), PTE_CORE_RO)) {
			page_free(page, 0);
			return -ENOMEM;
		}
		ldt_page[i] = page;
		WRITE_ONCE(ldt_pages, i + 1);
	}
	return 0;
}

static int ldt_set(unsigned entry, uint64_t descriptor)
{
	int err;

	mutex_lock(&ldt_lock);
	err = ldt_grow(entry);
	if (!err) {
		WRITE_ONCE(ldt_page[entry / PAGE_ENTRIES][entry % PAGE_ENTRIES], descriptor);
		ldt_reload_all();
	}
	mutex_unlock(&ldt_lock);
	return err;
}

static int ldt_write(const void __user *from, size_t size, bool old)
{
	struct user_desc d;
	bool clear;

	if (size != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, from, sizeof(d)))
		return -EFAULT;
	if (d.entry_number >= LDT_ENTRIES)
		return -EINVAL;
	/* A conforming segment may only be one that is not present. */
	if (d.contents == CONTENTS_CONFORMING && (old || !d.seg_not_present))
		return -EINVAL;
	clear = (old && !d.base && !d.limit) || user_desc_is_empty(&d);
	if (old)
		d.useable = 0;
	return ldt_set(d.entry_number, clear ? 0 : descriptor_make(&d));
}

static int ldt_read(char __user *to, size_t size)
{
	unsigned pages = READ_ONCE(ldt_pages);

	if (!pages)
		return 0;
	size = min(size, LDT_ENTRIES * sizeof(uint64_t));
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		size_t n = min(size - done, PAGE_SIZE), page = done / PAGE_SIZE;

		if (page < pages ? copy_to_user(to + done, ldt_page[page], n)
				 : clear_user(to + done, n))
			return -EFAULT;
	}
	return (int)size;
}

static int ldt_read_default(void __user *to, size_t size)
{
	size = min(size, (size_t)DEFAULT_LDT);
	return clear_user(to, size) ? -EFAULT : (int)size;
}

static int ldt_do(int func, void __user *ptr, size_t size)
{
	switch (func) {
	case FUNC_READ:
		return ldt_read(ptr, size);
	case FUNC_DEFAULT:
		return ldt_read_default(ptr, size);
	case FUNC_WRITE_OLD:
	case FUNC_WRITE:
		return ldt_write(ptr, size, func == FUNC_WRITE_OLD);
	}
	return -ENOSYS;
}

/* The result is an int, as on Linux: errors come with bits 63:32 clear. */
long sys_modify_ldt(int func, void __user *ptr, size_t size)
{
	return (unsigned)ldt_do(func, ptr, size);
}
