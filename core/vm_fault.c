// SPDX-License-Identifier: MIT
/*
 * The pages behind the app's areas: page faults bring them, and they go with their areas. Every
 * mapped page is either the app's own, from the page allocator, or one of the archive's, which is
 * never freed and never writable; a write to it makes an own copy.
 *
 * Where a whole large page fits into an anonymous area that has nothing there yet, and memory is
 * plentiful or the app has asked for it, a fault brings a large page. The page table splits it when
 * a part of it is to go or to change (arch/mmu.h).
 *
 * Lock: the memory-map lock. Zeroing, which takes longer than all else, is done before it is taken,
 * and what was decided before is looked at again under it.
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/fs.h>
#include <core/log.h>
#include <core/page.h>
#include <core/sched.h>
#include <core/string.h>

#include "vm_internal.h"

/* Pages of the archive that one fault maps. */
#define FAULT_AROUND 16

#define LARGE_PAGES (1ul << ARCH_LARGE_ORDER)
/* Free memory with less than that, or than a quarter of all, is not plentiful. */
#define PLENTY_PAGES ((32ul << 20) / PAGE_SIZE)

static size_t resident;
static size_t reserve; /* pages only the core may have: the app meets -ENOMEM before it does */
static size_t plenty;
static struct vm_fault_counts counts;
static void *zeroed; /* a page that a fault did not need; changed with atomics */
static enum {
	THP_ALWAYS,
	THP_ADVISED,
	THP_NEVER
} thp;

void vm_fault_init(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "thp");

	thp = THP_ALWAYS;
	if (v)
		thp = !strcmp(v, "never") ? THP_NEVER : strcmp(v, "madvise") ? thp : THP_ADVISED;
	resident = 0;
	reserve = min(page_total() / 64, (size_t)256);
	plenty = max(page_total() / 4, PLENTY_PAGES);
}

/* 2^order pages for the app with undefined contents, or NULL. */
static void *own_alloc(unsigned order)
{
	if (unlikely(page_free_count() < reserve + (1ul << order)))
		return NULL;
	return page_alloc(order);
}

static void *zeroed_take(void)
{
	void *page = NULL;

	if (unlikely(READ_ONCE(zeroed)))
		page = __atomic_exchange_n(&zeroed, NULL, __ATOMIC_ACQUIRE);
	if (likely(!page)) {
		page = own_alloc(0);
		if (likely(page))
			arch_zero_page(page);
	}
	return page;
}

static void zeroed_put(void *page)
{
	page = __atomic_exchange_n(&zeroed, page, __ATOMIC_ACQ_REL);
	if (page)
		page_free(page, 0);
}

void vm_fault_end(void)
{
	zeroed_put(NULL);
}

unsigned vm_page_prot(const struct area *a, bool own)
{
	unsigned prot = a->prot;

	if (!own && !(a->flags & AREA_SHARED))
		prot &= ~(unsigned)PROT_WRITE;
	return prot ? prot | MMU_READ | MMU_USER : 0;
}
_Static_assert(PROT_READ == MMU_READ && PROT_WRITE == MMU_WRITE && PROT_EXEC == MMU_EXEC,
	       "the app's rights are the page table's");

static inline phys_t archive_page(const struct area *a, uintptr_t va)
{
	return a->pa + (va - a->start);
}

static inline uint64_t file_index(const struct area *a, uintptr_t va)
{
	return (a->offset + (va - a->start)) / PAGE_SIZE;
}

bool vm_page_own(const struct area *a, uintptr_t va, phys_t pa)
{
	if (likely(a->kind < AREA_PHYSICAL))
		return true;
	if (a->kind == AREA_FILE)
		return !(a->flags & AREA_SHARED) &&
		       !inode_page_is(a->inode, file_index(a, va), phys_to_virt(pa));
	return pa != archive_page(a, va);
}

bool vm_page_resident(const struct area *a, uintptr_t va)
{
	const void *mem;

	if (arch_mmu_lookup(va, NULL) != PHYS_NONE)
		return true;
	return a->kind == AREA_FILE && !inode_page(a->inode, file_index(a, va), false, &mem) && mem;
}

size_t vm_available(void)
{
	size_t pages = page_free_count() + (READ_ONCE(zeroed) != NULL);

	return pages - min(pages, reserve);
}

static void page_dropped(void *area, uintptr_t va, phys_t pa, unsigned order)
{
	const struct area *a = area;

	resident -= 1ul << order;
	if (vm_page_own(a, va, pa)) {
		vm_back(a, -(ssize_t)(1ul << order));
		page_free(phys_to_virt(pa), order);
	} else if (a->flags & AREA_SHARED) {
		vm_back(a, -1);
	}
}

void vm_drop_pages(struct area *a, uintptr_t start, uintptr_t end)
{
	arch_mmu_unmap(start, end, page_dropped, a);
}

/* ---- faults; the lock is held but where it says so ---- */

struct fault {
	uintptr_t va; /* of a page */
	unsigned access;
	void *page;    /* zeroed, for who needs it; NULL: there is no memory */
	bool no_large; /* it has been tried */
	bool modest;   /* nobody waits for the page: others come first */
	size_t large;  /* out: the size of the large page that is there now, or 0 */
};

#define FAULT_LARGE 1 /* a large page would fit: come again with one */

static int map_page(uintptr_t va, phys_t pa, unsigned prot)
{
	int err = arch_mmu_map(va, pa, prot);

	resident += !err;
	return err;
}

static int fault_zero(struct fault *f, const struct area *a)
{
	int err;

	if (unlikely(!f->page))
		return -ENOMEM;
	err = map_page(f->va, virt_to_phys(f->page), vm_page_prot(a, true));
	if (likely(!err)) {
		f->page = NULL;
		counts.zeroed++;
		vm_back(a, 1);
	}
	return err;
}

static int fault_copy(const struct fault *f, const struct area *a, const void *from)
{
	void *page = own_alloc(0);
	int err;

	if (unlikely(!page))
		return -ENOMEM;
	arch_copy_page(page, from);
	counts.copied++;
	err = map_page(f->va, virt_to_phys(page), vm_page_prot(a, true));
	if (unlikely(err))
		page_free(page, 0);
	else
		vm_back(a, 1);
	return err;
}

static int fault_archive(const struct fault *f, const struct area *a)
{
	uintptr_t start = max(ALIGN_DOWN(f->va, FAULT_AROUND * PAGE_SIZE), a->start);
	uintptr_t end = min(start + FAULT_AROUND * PAGE_SIZE, a->end);
	int err = map_page(f->va, archive_page(a, f->va), vm_page_prot(a, false));

	counts.mapped++;
	for (; !err && start < end; start += PAGE_SIZE)
		if (arch_mmu_lookup(start, NULL) == PHYS_NONE &&
		    map_page(start, archive_page(a, start), vm_page_prot(a, false)))
			break;
	return err;
}

/* A write to a page that is mapped read-only though its area is writable. */
static int fault_write_protected(const struct fault *f, struct area *a, phys_t pa)
{
	if (a->flags & AREA_SHARED || vm_page_own(a, f->va, pa)) {
		arch_mmu_protect(f->va, f->va + PAGE_SIZE, vm_page_prot(a, true));
		counts.late++;
		return 0;
	}
	vm_drop_pages(a, f->va, f->va + PAGE_SIZE);
	return fault_copy(f, a, phys_to_virt(pa));
}

static bool access_allowed(unsigned prot, unsigned access)
{
	if (access & VM_FAULT_WRITE)
		return prot & PROT_WRITE;
	if (access & VM_FAULT_EXEC)
		return prot & PROT_EXEC;
	return prot != PROT_NONE;
}

/* A large page at va's place may be had, or is asked for, and nothing is there yet. */
static bool large_fits(const struct area *a, uintptr_t va)
{
	uintptr_t start = ALIGN_DOWN(va, LARGE_SIZE);

	if (a->flags & AREA_NOHUGE || start < a->start || a->end - start < LARGE_SIZE ||
	    a->kind != AREA_ANONYMOUS || !(a->prot & PROT_WRITE) || thp == THP_NEVER)
		return false;
	if (!(a->flags & AREA_HUGE) && (thp != THP_ALWAYS || page_free_count() < plenty))
		return false;
	return arch_mmu_next(start, start + LARGE_SIZE) == start + LARGE_SIZE;
}

/* Something is there: another thread was faster, or it is a write to what the archive has. */
static int fault_mapped(struct fault *f, struct area *a, phys_t pa, unsigned have)
{
	f->large = have & MMU_LARGE ? LARGE_SIZE : 0;
	if (f->access & VM_FAULT_WRITE && !(have & MMU_WRITE))
		return fault_write_protected(f, a, pa);
	counts.late++;
	return 0;
}

static int fault_physical(struct fault *f, struct area *a)
{
	phys_t pa = archive_page(a, f->va);

	if (f->access & VM_FAULT_WRITE)
		return fault_copy(f, a, phys_to_virt(pa));
	return fault_archive(f, a);
}

/* A page of its own with what the file has. */
static int fault_read(struct fault *f, const struct area *a)
{
	int err;

	if (!f->page)
		return -ENOMEM;
	inode_page_read(a->inode, file_index(a, f->va), f->page);
	err = fault_zero(f, a);
	if (err) { /* it is not zero any more */
		page_free(f->page, 0);
		f->page = NULL;
	}
	return err;
}

static int fault_file(struct fault *f, const struct area *a)
{
	bool shared = a->flags & AREA_SHARED;
	const void *mem;
	int err = inode_page(a->inode, file_index(a, f->va), shared, &mem);

	if (err < 0)
		return err == -ENOSPC ? -ENXIO : err;
	if (!mem)
		return fault_read(f, a);
	if (f->access & VM_FAULT_WRITE && !shared)
		return fault_copy(f, a, mem);
	err = map_page(f->va, virt_to_phys(mem), vm_page_prot(a, false));
	counts.mapped++;
	if (!err && shared)
		vm_back(a, 1);
	return err;
}

/* Lets a reach down to va as Linux does: within the stack's limit, and no nearer to what lies below
 * and can be accessed than a guard, unless that grows as well. */
static bool grow_down(struct area *a, uintptr_t va)
{
	const struct area *below = area_prev(a);
	bool guard = below && below->prot && !(below->flags & AREA_GROWS);
	uintptr_t low = (below ? below->end : ARCH_USER_START) + (guard ? AREA_STACK_GUARD : 0);

	if (!(a->flags & AREA_GROWS) || va < low || a->end - va > vm_stack_limit)
		return false;
	area_set_range(a, va, a->end);
	return true;
}

static int fault_locked(struct fault *f)
{
	struct area *a = area_at(f->va);
	bool anonymous = a->kind < AREA_PHYSICAL;
	unsigned have;
	phys_t pa;
	int err;

	if (unlikely(a->start > f->va) && !grow_down(a, f->va))
		return -EFAULT;
	if (unlikely(!access_allowed(a->prot, f->access)))
		return -EACCES;
	if (unlikely(f->modest) && a->kind != AREA_PHYSICAL && !(a->flags & AREA_ACCOUNT) &&
	    !vm_can_commit(page_total() / 32))
		return -ENOMEM;
	if (anonymous && !f->no_large && large_fits(a, f->va))
		return FAULT_LARGE;
	/* Mapping is the quick way to learn whether something is there. */
	if (likely(anonymous)) {
		err = fault_zero(f, a);
		if (likely(!err))
			return 0;
	}
	pa = arch_mmu_lookup(f->va, &have);
	if (pa != PHYS_NONE)
		return fault_mapped(f, a, pa, have);
	if (anonymous)
		return err;
	return a->kind == AREA_FILE ? fault_file(f, a) : fault_physical(f, a);
}

/* Not under the lock: a zeroed block, with what is wanted at once in the caches; NULL. */
static void *large_alloc(uintptr_t va)
{
	char *block = own_alloc(ARCH_LARGE_ORDER);

	if (!block)
		return NULL;
	arch_zero_large(block);
	arch_zero_page(block + (va & (LARGE_SIZE - PAGE_SIZE)));
	return block;
}

/* Not under the lock: maps a large page if that can still be done. */
static void fault_large(struct fault *f)
{
	uintptr_t start = ALIGN_DOWN(f->va, LARGE_SIZE);
	void *block = large_alloc(f->va);
	const struct area *a;

	f->no_large = true;
	if (!block)
		return;
	mutex_lock(&vm_lock);
	a = area_at(f->va);
	if (large_fits(a, f->va) &&
	    !arch_mmu_map_large(start, virt_to_phys(block), vm_page_prot(a, true))) {
		resident += LARGE_PAGES;
		vm_back(a, LARGE_PAGES);
		counts.large++;
		block = NULL;
	}
	mutex_unlock(&vm_lock);
	if (block)
		page_free(block, ARCH_LARGE_ORDER);
}

/* Not under the lock. */
static int fault(struct fault *f)
{
	int err;

	do {
		f->page = zeroed_take();
		mutex_lock(&vm_lock);
		err = fault_locked(f);
		if (unlikely(err < 0)) {
			counts.no_memory += err == -ENOMEM;
			counts.refused += err != -ENOMEM;
		}
		mutex_unlock(&vm_lock);
		if (unlikely(f->page))
			zeroed_put(f->page);
		if (unlikely(err == FAULT_LARGE))
			fault_large(f);
	} while (unlikely(err == FAULT_LARGE || (err == -ENOMEM && !f->modest && vm_reclaim())));
	return err;
}

int vm_fault(uintptr_t addr, unsigned access)
{
	struct fault f = {.va = ALIGN_DOWN(addr, PAGE_SIZE), .access = access};

	if (unlikely(addr < ARCH_USER_START || addr >= ARCH_USER_END))
		return -EFAULT;
	return fault(&f);
}

/* Yields, because it can be long. */
int vm_populate(uintptr_t start, size_t len, bool write)
{
	unsigned access = write ? VM_FAULT_WRITE : 0, n = 0;
	uintptr_t end = start + len;
	int err = 0;

	while (!err && start < end) {
		struct fault f = {.va = start, .access = access, .modest = true};

		err = start < ARCH_USER_START ? -EFAULT : fault(&f);
		start = f.large ? ALIGN_DOWN(start, f.large) + f.large : start + PAGE_SIZE;
		if (++n % 256 == 0)
			sched_yield();
	}
	return err;
}

struct vm_fault_counts vm_fault_counts(void)
{
	struct vm_fault_counts c;

	mutex_lock(&vm_lock);
	c = counts;
	mutex_unlock(&vm_lock);
	return c;
}

size_t vm_resident(void)
{
	return READ_ONCE(resident);
}
