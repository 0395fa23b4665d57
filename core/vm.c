// SPDX-License-Identifier: MIT
/*
 * The app's address space: areas (vm_area.c) say what should be where, page faults (vm_fault.c) make
 * it so. Here areas come, change and go.
 *
 * Lock: vm_lock, the memory-map lock: a mutex, outermost, held over no access to the app's memory.
 * It guards the areas, the app's page tables and all that is static here.
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/fs.h>
#include <core/log.h>
#include <core/page.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/vm.h>

#include "vm_internal.h"

/*
 * Where things go. Stacks in the last 64 GiB, mappings below that, downwards; position-independent
 * programs in the middle, with room for brk above them.
 */
#define STACK_ZONE	  (ARCH_USER_END - (64ul << 30))
#define STACK_MAX	  (32ul << 30)
#define MAP_LOW		  (1ul << 20) /* nothing is placed lower unless asked for */
#define PIE_LOW		  0x100000000000ul
#define PIE_HIGH	  0x700000000000ul
#define PIE_FIXED	  0x555555554000ul /* without randomization */
#define END_32BIT	  0x80000000ul
#define RANDOM_MAP_BITS	  28 /* in pages, as Linux */
#define RANDOM_STACK_BITS 22
#define RANDOM_BRK_BITS	  13

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

size_t vm_stack_limit = 8ul << 20;
struct mutex vm_lock = MUTEX_INIT(vm_lock);
static uintptr_t brk_start, brk_end;
static uintptr_t map_top; /* chosen mappings end at or below; 0: not chosen yet */
static bool no_wx;	  /* option wx=off: refuse what is writable and executable */
static bool aslr = true;
static bool lock_future; /* mlockall(MCL_FUTURE) */
static bool lock_now;	 /* and not MCL_ONFAULT */

void vm_init(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "aslr");

	aslr = !v || (strcmp(v, "off") && strcmp(v, "0"));
	v = cmdline_get(&boot_info.cmdline, "wx");
	no_wx = v && !strcmp(v, "off");
	area_init();
	vm_fault_init();
	vm_commit_init();
	brk_start = brk_end = 0;
	map_top = 0;
}

/* A random multiple of the page size, or 0 without randomization. */
static uintptr_t random_pages(unsigned bits)
{
	return aslr ? (random_u64() & ((1ul << bits) - 1)) << PAGE_SHIFT : 0;
}

/* Not at vm_init(), because random numbers come later than memory. */
static uintptr_t place_top(void)
{
	if (!map_top)
		map_top = STACK_ZONE - random_pages(RANDOM_MAP_BITS);
	return map_top;
}

void vm_lock_future(bool on, bool now)
{
	lock_future = on;
	lock_now = on && now;
}

uintptr_t vm_find_page(phys_t pa)
{
	uintptr_t va;

	mutex_lock(&vm_lock);
	va = arch_mmu_find(pa);
	mutex_unlock(&vm_lock);
	return va;
}

static enum vm_region_kind region_kind(const struct area *a)
{
	if (a->kind == AREA_STACK && !(a->flags & AREA_GROWS))
		return VM_REGION_STACK;
	if (a->kind == AREA_PHYSICAL)
		return VM_REGION_ARCHIVE;
	if (a->kind == AREA_FILE)
		return inode_is_anonymous(a->inode) ? VM_REGION_SHARED : VM_REGION_FILE;
	return a->start < brk_end && a->end > brk_start ? VM_REGION_HEAP : VM_REGION_ANONYMOUS;
}

const char *vm_region_name(const struct area *a)
{
	static const char *const names[] = {"anonymous", "heap", "stack",
					    "archive",	 "file", "shared"};

	return names[region_kind(a)];
}

bool vm_region(uintptr_t addr, struct vm_region *out)
{
	const struct area *a;
	bool found;

	if (addr >= ARCH_USER_END)
		return false;
	mutex_lock(&vm_lock);
	a = area_at(addr);
	found = a->kind != AREA_SENTINEL;
	*out = (struct vm_region){.start = a->start, .end = a->end, .prot = a->prot};
	out->kind = region_kind(a);
	out->shared = a->flags & AREA_SHARED;
	out->offset = a->offset;
	if (a->kind == AREA_PHYSICAL)
		out->data = phys_to_virt(a->pa);
	if (out->kind == VM_REGION_FILE) {
		out->inode = a->inode;
		inode_hold(a->inode);
	}
	mutex_unlock(&vm_lock);
	return found;
}

/* ---- mapping ---- */

int vm_unmap_locked(uintptr_t start, uintptr_t end)
{
	struct area *a = area_at(start), *next;

	if (a->start < start && end < a->end && !area_split(a, end))
		return -ENOMEM;
	for (; a->start < end; a = next) {
		uintptr_t s = max(a->start, start), e = min(a->end, end);

		next = area_next(a);
		vm_drop_pages(a, s, e);
		vm_commit(a, -(ssize_t)(e - s));
		if (a->start < s)
			area_set_range(a, a->start, s);
		else if (e < a->end)
			area_set_range(a, e, a->end);
		else
			area_remove(a);
	}
	return 0;
}

static int place_fixed(struct area *a, size_t len, unsigned flags)
{
	if (!IS_ALIGNED(a->start, PAGE_SIZE))
		return -EINVAL;
	if (a->start < ARCH_USER_START)
		return -EPERM;
	if (a->start > ARCH_USER_END || len > ARCH_USER_END - a->start)
		return -ENOMEM;
	if (!(flags & MAP_FIXED_NOREPLACE))
		return vm_unmap_locked(a->start, a->start + len);
	return area_at(a->start)->start >= a->start + len ? 0 : -EEXIST;
}

/* The highest place below high, where large pages fit if a is made of as many; 0. */
static uintptr_t find_place(const struct area *a, size_t len, uintptr_t high)
{
	size_t more = LARGE_SIZE - PAGE_SIZE;
	uintptr_t at = 0;

	if (a->kind == AREA_ANONYMOUS && !(a->flags & AREA_NOHUGE) && IS_ALIGNED(len, LARGE_SIZE))
		at = area_find_gap(len + more, MAP_LOW, high);
	return at ? ALIGN_DOWN(at + more, LARGE_SIZE) : area_find_gap(len, MAP_LOW, high);
}

/* The wish if it can be had, else the highest place. */
static int place_free(struct area *a, size_t len, unsigned flags)
{
	uintptr_t wish = ALIGN_DOWN(a->start, PAGE_SIZE), high = place_top();

	if (flags & MAP_32BIT)
		high = END_32BIT;
	if (wish >= MAP_LOW && wish < ARCH_USER_END && len <= ARCH_USER_END - wish &&
	    (!(flags & MAP_32BIT) || wish + len <= END_32BIT) && area_is_free(wish, wish + len)) {
		a->start = wish;
		return 0;
	}
	a->start = find_place(a, len, high);
	if (!a->start && !(flags & MAP_32BIT))
		a->start = area_find_gap(len, MAP_LOW, ARCH_USER_END);
	return a->start ? 0 : -ENOMEM;
}

/* Adds a, promised if it is to be; where it is, or -ENOMEM. */
static long add(struct area *a)
{
	size_t len = a->end - a->start;

	if (vm_accountable(a, a->prot)) {
		if (!vm_can_commit(len / PAGE_SIZE))
			return -ENOMEM;
		a->flags |= AREA_ACCOUNT;
	}
	if (area_add(a))
		return -ENOMEM;
	vm_commit(a, (ssize_t)len);
	return (long)a->start;
}

/* Maps len bytes (a multiple of the page size) described by *a; a->start is where or a wish. */
long vm_place(struct area *a, size_t len, unsigned flags)
{
	int err;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		err = place_fixed(a, len, flags);
	else
		err = place_free(a, len, flags);
	if (err)
		return err;
	a->end = a->start + len;
	return add(a);
}

long vm_map_area(struct area *a, size_t len, unsigned flags)
{
	bool now;
	long at;

	if (!len)
		return -EINVAL;
	if (len > ARCH_USER_END - ARCH_USER_START)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (no_wx && (a->prot & PROT_WRITE) && (a->prot & PROT_EXEC))
		return -EACCES;
	if (lock_future || flags & MAP_LOCKED)
		a->flags |= AREA_LOCKED;
	now = a->prot && (lock_now || flags & (MAP_POPULATE | MAP_LOCKED));
	/* What is wanted at once must be there, promised or not. */
	if (now && !vm_can_commit(len / PAGE_SIZE))
		return -ENOMEM;
	mutex_lock(&vm_lock);
	at = vm_place(a, len, flags);
	mutex_unlock(&vm_lock);
	/* A page that cannot be had is met again at the access. */
	if (at > 0 && now)
		(void)vm_populate((uintptr_t)at, len, a->prot & PROT_WRITE);
	return at;
}

/* Stacks are big and mostly unused: neither backed in advance nor by large pages, as on Linux. */
static uint8_t area_flags(unsigned flags)
{
	if (flags & MAP_GROWSDOWN)
		return AREA_NORESERVE | AREA_NOHUGE | AREA_GROWS;
	if (flags & MAP_STACK)
		return AREA_NORESERVE | AREA_NOHUGE;
	return flags & MAP_NORESERVE ? AREA_NORESERVE : 0;
}

long vm_map_anonymous(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
	struct area a = {
		.start = addr,
		.kind = flags & MAP_GROWSDOWN ? AREA_STACK : AREA_ANONYMOUS,
		.prot = prot & PROT_ALL,
		.flags = area_flags(flags),
	};

	return vm_map_area(&a, len, flags);
}

long vm_map_pages(uintptr_t addr, size_t len, unsigned prot, unsigned flags, phys_t pa)
{
	struct area a = {
		.start = addr,
		.kind = AREA_PHYSICAL,
		.prot = prot & PROT_ALL,
		.pa = pa,
	};

	if (!IS_ALIGNED(pa, PAGE_SIZE))
		return -EINVAL;
	return vm_map_area(&a, len, flags);
}

int vm_map_physical(uintptr_t addr, size_t len, unsigned prot, phys_t pa)
{
	long at;

	if (prot & PROT_WRITE)
		return -EINVAL;
	at = vm_map_pages(addr, len, prot, MAP_FIXED_NOREPLACE, pa);
	return at < 0 ? (int)at : 0;
}

int vm_unmap(uintptr_t addr, size_t len)
{
	int err;

	if (!IS_ALIGNED(addr, PAGE_SIZE) || !len || addr > ARCH_USER_END ||
	    len > ARCH_USER_END - addr)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len <= ARCH_USER_START)
		return 0;
	mutex_lock(&vm_lock);
	err = vm_unmap_locked(max(addr, ARCH_USER_START), addr + len);
	mutex_unlock(&vm_lock);
	return err;
}

void vm_unmap_all(void)
{
	mutex_lock(&vm_lock);
	/* Cannot fail: no area is split. */
	(void)vm_unmap_locked(ARCH_USER_START, ARCH_USER_END);
	brk_start = brk_end = 0;
	map_top = 0;
	mutex_unlock(&vm_lock);
	vm_fault_end();
}

/* ---- rights ---- */

/* 0 if [start, end) is mapped without a hole and may have the rights. */
static int protect_check(uintptr_t start, uintptr_t end, unsigned prot)
{
	size_t more = 0;

	for (const struct area *a = area_at(start); start < end; a = area_next(a)) {
		if (a->start > start)
			return -ENOMEM;
		if (prot & PROT_WRITE && a->flags & AREA_NOWRITE && a->flags & AREA_SHARED)
			return -EACCES;
		if (vm_accountable(a, prot))
			more += (min(a->end, end) - start) / PAGE_SIZE;
		start = a->end;
	}
	return more && !vm_can_commit(more) ? -ENOMEM : 0;
}

/* Gives the part of a in [start, end) the rights; the area that then holds the part, or NULL. */
static struct area *protect_area(struct area *a, uintptr_t start, uintptr_t end, unsigned prot)
{
	a = area_isolate(a, start, end);
	if (!a)
		return NULL;
	if (vm_accountable(a, prot))
		vm_account(a);
	a->prot = (uint8_t)prot;
	arch_mmu_protect(a->start, a->end, vm_page_prot(a, a->kind < AREA_PHYSICAL));
	return area_join_below(a);
}

static int protect_locked(uintptr_t start, uintptr_t end, unsigned prot)
{
	int err = protect_check(start, end, prot);
	struct area *a = area_at(start);

	if (err)
		return err;
	for (; a->start < end; a = area_next(a)) {
		a = a->prot == prot ? area_join_below(a) : protect_area(a, start, end, prot);
		if (!a)
			return -ENOMEM;
	}
	area_join_below(a);
	return 0;
}

/* The beginning of the area at addr, if that grows down and not only below addr; else 0. */
static uintptr_t growing_start(uintptr_t addr)
{
	const struct area *a = area_at(min(addr, ARCH_USER_END));

	return a->start <= addr && a->kind == AREA_STACK ? a->start : 0;
}

static int protect_growing(uintptr_t addr, uintptr_t end, unsigned prot)
{
	uintptr_t start = growing_start(addr);

	return start ? protect_locked(start, end, prot) : -EINVAL;
}

int vm_protect(uintptr_t addr, size_t len, unsigned prot)
{
	unsigned grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	int err;

	prot &= ~(grows | PROT_SEM);
	if (!IS_ALIGNED(addr, PAGE_SIZE) || prot & ~(unsigned)PROT_ALL || grows & PROT_GROWSUP)
		return -EINVAL;
	if (!len)
		return 0;
	if (addr < ARCH_USER_START || addr > ARCH_USER_END || len > ARCH_USER_END - addr)
		return -ENOMEM;
	if (no_wx && (prot & PROT_WRITE) && (prot & PROT_EXEC))
		return -EACCES;
	mutex_lock(&vm_lock);
	len = ALIGN_UP(len, PAGE_SIZE);
	err = (grows ? protect_growing : protect_locked)(addr, addr + len, prot);
	mutex_unlock(&vm_lock);
	return err;
}

/* ---- brk, stack, bases ---- */

void vm_set_brk(uintptr_t start)
{
	mutex_lock(&vm_lock);
	brk_start = brk_end = ALIGN_UP(start, PAGE_SIZE) + random_pages(RANDOM_BRK_BITS);
	mutex_unlock(&vm_lock);
}

/* Maps [from, to) for brk: a page must stay free above it. */
static bool brk_grow(uintptr_t from, uintptr_t to)
{
	struct area a = {
		.start = from,
		.end = to,
		.kind = AREA_ANONYMOUS,
		.prot = PROT_READ | PROT_WRITE,
		.flags = lock_future ? AREA_LOCKED : 0,
	};

	return to < STACK_ZONE && area_is_free(from, to + PAGE_SIZE) && add(&a) > 0;
}

uintptr_t vm_brk(uintptr_t addr)
{
	uintptr_t from = 0, to = 0, result;
	bool done = true;

	mutex_lock(&vm_lock);
	if (addr >= brk_start && addr < ARCH_USER_END && brk_start) {
		from = ALIGN_UP(brk_end, PAGE_SIZE);
		to = ALIGN_UP(addr, PAGE_SIZE);
		if (to > from)
			done = brk_grow(from, to);
		else if (to < from)
			done = !vm_unmap_locked(to, from);
		if (done)
			brk_end = addr;
	}
	result = brk_end;
	mutex_unlock(&vm_lock);
	if (lock_now && done && to > from)
		(void)vm_populate(from, to - from, true);
	return result;
}

long vm_map_stack(size_t limit)
{
	struct area a = {
		.kind = AREA_STACK,
		.prot = PROT_READ | PROT_WRITE,
		.flags = AREA_NORESERVE | AREA_NOHUGE,
	};
	long err;

	if (!limit || limit > STACK_MAX)
		return -EINVAL;
	limit = ALIGN_UP(limit, PAGE_SIZE);
	vm_stack_limit = limit;
	mutex_lock(&vm_lock);
	a.start = ARCH_USER_END - PAGE_SIZE - random_pages(RANDOM_STACK_BITS) - limit;
	if (!area_is_free(a.start - AREA_STACK_GUARD, a.start + limit)) {
		a.start = area_find_gap(limit + AREA_STACK_GUARD, STACK_ZONE, ARCH_USER_END);
		a.start += a.start ? AREA_STACK_GUARD : 0;
	}
	a.end = a.start + limit;
	err = a.start ? area_add(&a) : -ENOMEM;
	mutex_unlock(&vm_lock);
	return err ? err : (long)a.end;
}

uintptr_t vm_random_base(size_t len)
{
	uintptr_t base = 0;

	if (!len || len > PIE_HIGH - PIE_LOW)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	mutex_lock(&vm_lock);
	for (int tries = 0; tries < 8 && !base; tries++) {
		uint64_t span = (PIE_HIGH - PIE_LOW - len) / PAGE_SIZE + 1;

		base = aslr ? PIE_LOW + random_u64() % span * PAGE_SIZE : PIE_FIXED;
		if (!area_is_free(base, base + len))
			base = 0;
	}
	if (!base)
		base = area_find_gap(len, PIE_LOW, PIE_HIGH);
	mutex_unlock(&vm_lock);
	return base;
}
