/* SPDX-License-Identifier: MIT */
/*
 * Advice about memory and questions about it: madvise, mincore, the mlock family, msync. Nothing is
 * ever paged out, so what is resident stays so, and there is nothing to write back.
 */
#include <abi/errno.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "vm_internal.h"

#define CHUNK 256 /* pages that mincore looks at under the lock at a time */

/* Rounds len up to pages. 0, or -EINVAL for a range that wraps or does not begin at a page. */
static int check_range(uintptr_t addr, size_t *len)
{
	if (!IS_ALIGNED(addr, PAGE_SIZE) || *len > UINTPTR_MAX - PAGE_SIZE)
		return -EINVAL;
	*len = ALIGN_UP(*len, PAGE_SIZE);
	return *len > UINTPTR_MAX - addr ? -EINVAL : 0;
}

/*
 * Calls each() for every part of [start, end) that is mapped, the lock held. 0, -ENOMEM if a part
 * was not, or the first error.
 */
static int for_each_part(uintptr_t start, uintptr_t end,
			 int (*each)(struct area *a, uintptr_t start, uintptr_t end))
{
	int err = end > ARCH_USER_END || start < ARCH_USER_START ? -ENOMEM : 0, r = 0;
	uintptr_t stop = min(end, ARCH_USER_END);

	mutex_lock(&vm_lock);
	for (uintptr_t at = start; !r && at < stop;) {
		struct area *a = area_at(at);
		uintptr_t from = max(at, a->start), to = min(a->end, stop);

		if (from > at)
			err = -ENOMEM;
		if (from >= stop)
			break;
		r = each(a, from, to);
		at = to;
	}
	/* What each() has changed may now be like what follows. */
	if (stop > start)
		area_join_below(area_at(stop));
	mutex_unlock(&vm_lock);
	return r ? r : err;
}

static int nothing(struct area *a, uintptr_t start, uintptr_t end)
{
	(void)a;
	(void)start;
	(void)end;
	return 0;
}

/* Where a write goes to a file, the page stays there and comes back; locked ones stay. */
static int drop(struct area *a, uintptr_t start, uintptr_t end)
{
	if (a->flags & AREA_LOCKED)
		return -EINVAL;
	vm_drop_pages(a, start, end);
	return 0;
}

static int drop_locked(struct area *a, uintptr_t start, uintptr_t end)
{
	vm_drop_pages(a, start, end);
	return 0;
}

/* MADV_FREE and MADV_WIPEONFORK are for memory that has no file behind it. */
static int drop_anonymous(struct area *a, uintptr_t start, uintptr_t end)
{
	return a->kind < AREA_PHYSICAL ? drop(a, start, end) : -EINVAL;
}

static int need_anonymous(struct area *a, uintptr_t start, uintptr_t end)
{
	(void)start;
	(void)end;
	return a->kind < AREA_PHYSICAL ? 0 : -EINVAL;
}

static int need_unlocked(struct area *a, uintptr_t start, uintptr_t end)
{
	(void)start;
	(void)end;
	return a->flags & AREA_LOCKED ? -EINVAL : 0;
}

static int set_flags(struct area *a, uintptr_t start, uintptr_t end, uint8_t flags)
{
	if (a->flags != flags)
		a = area_isolate(a, start, end);
	if (!a)
		return -ENOMEM;
	a->flags = flags;
	area_join_below(a);
	return 0;
}

static int want_huge(struct area *a, uintptr_t start, uintptr_t end)
{
	return set_flags(a, start, end, (a->flags & ~AREA_NOHUGE) | AREA_HUGE);
}

static int want_no_huge(struct area *a, uintptr_t start, uintptr_t end)
{
	return set_flags(a, start, end, (a->flags & ~AREA_HUGE) | AREA_NOHUGE);
}

static int populate(uintptr_t addr, size_t len, bool write)
{
	int err;

	if (addr >= ARCH_USER_END || len > ARCH_USER_END - addr)
		return -ENOMEM;
	err = vm_populate(addr, len, write);
	if (err == -ENXIO)
		return -EFAULT;
	return err == -EACCES ? -EINVAL : err == -EFAULT ? -ENOMEM : err;
}

long sys_madvise(uintptr_t addr, size_t len, int advice)
{
	int err = check_range(addr, &len);

	if (err)
		return err;
	switch (advice) {
	case MADV_DONTNEED:
		return for_each_part(addr, addr + len, drop);
	case MADV_FREE:
		/* Freed at once, which the app cannot tell from later. */
		return for_each_part(addr, addr + len, drop_anonymous);
	case MADV_REMOVE:
		return for_each_part(addr, addr + len, vm_file_remove);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return populate(addr, len, advice == MADV_POPULATE_WRITE);
	case MADV_HUGEPAGE:
		return for_each_part(addr, addr + len, want_huge);
	case MADV_NOHUGEPAGE:
		return for_each_part(addr, addr + len, want_no_huge);
	case MADV_DONTNEED_LOCKED:
		return for_each_part(addr, addr + len, drop_locked);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return for_each_part(addr, addr + len, need_unlocked);
	case MADV_WIPEONFORK:
		return for_each_part(addr, addr + len, need_anonymous);
	case MADV_NORMAL ... MADV_WILLNEED:
	case MADV_DONTFORK ... MADV_UNMERGEABLE:
	case MADV_DONTDUMP ... MADV_DODUMP:
	case MADV_KEEPONFORK:
		return for_each_part(addr, addr + len, nothing);
	}
	return -EINVAL;
}

/* Whether each of n pages from addr on is resident; -ENOMEM if one is not mapped at all. */
static int look_at_pages(uintptr_t addr, unsigned n, uint8_t *resident)
{
	int err = 0;

	mutex_lock(&vm_lock);
	for (unsigned i = 0; !err && i < n; i++, addr += PAGE_SIZE) {
		const struct area *a = area_at(addr);

		if (a->start > addr)
			err = -ENOMEM;
		else
			resident[i] = vm_page_resident(a, addr);
	}
	mutex_unlock(&vm_lock);
	return err;
}

long sys_mincore(uintptr_t addr, size_t len, void __user *vec)
{
	uint8_t resident[CHUNK], __user *out = vec;
	int err = check_range(addr, &len);

	if (!err && (addr > ARCH_USER_END || len > ARCH_USER_END - addr))
		err = -ENOMEM;
	for (size_t pages = len / PAGE_SIZE; !err && pages;) {
		unsigned n = min(pages, (size_t)CHUNK);

		err = look_at_pages(addr, n, resident);
		if (!err)
			err = copy_to_user(out, resident, n);
		out += n;
		addr += n * PAGE_SIZE;
		pages -= n;
	}
	return err;
}

static int set_locked(struct area *a, uintptr_t start, uintptr_t end)
{
	return set_flags(a, start, end, a->flags | AREA_LOCKED);
}

static int set_unlocked(struct area *a, uintptr_t start, uintptr_t end)
{
	return set_flags(a, start, end, a->flags & ~AREA_LOCKED);
}

static int need_access(struct area *a, uintptr_t start, uintptr_t end)
{
	(void)start;
	(void)end;
	return a->prot ? 0 : -ENOMEM;
}

/* Resident memory stays so by itself: a lock says what madvise and msync may not do, and `now`. */
static long lock_range(uintptr_t addr, size_t len, bool on, bool now)
{
	uintptr_t start = ALIGN_DOWN(addr, PAGE_SIZE);
	int err;

	if (len > UINTPTR_MAX - PAGE_SIZE - (addr - start))
		return -EINVAL;
	len += addr - start;
	err = check_range(start, &len);
	if (!err)
		err = for_each_part(start, start + len, on ? set_locked : set_unlocked);
	if (!err && now)
		err = for_each_part(start, start + len, need_access);
	if (!err && now)
		err = populate(start, len, false);
	return err == -EFAULT ? -ENOMEM : err;
}

long sys_mlock(uintptr_t addr, size_t len)
{
	return lock_range(addr, len, true, true);
}

long sys_mlock2(uintptr_t addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_range(addr, len, true, !(flags & MLOCK_ONFAULT));
}

long sys_munlock(uintptr_t addr, size_t len)
{
	return lock_range(addr, len, false, false);
}

/* The next area from addr on that can be accessed and is not merely reserved. */
static bool next_usable(uintptr_t addr, uintptr_t *start, size_t *len)
{
	struct area *a;

	mutex_lock(&vm_lock);
	for (a = area_at(addr); a->kind != AREA_SENTINEL && (!a->prot || a->kind == AREA_STACK);)
		a = area_next(a);
	*start = max(a->start, addr);
	*len = a->end - *start;
	mutex_unlock(&vm_lock);
	return *len;
}

long sys_mlockall(int flags)
{
	uintptr_t at = ARCH_USER_START;
	size_t len;
	int err = 0;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	vm_lock_future(flags & MCL_FUTURE, !(flags & MCL_ONFAULT));
	if (!(flags & MCL_CURRENT))
		return 0;
	(void)for_each_part(ARCH_USER_START, ARCH_USER_END, set_locked);
	if (flags & MCL_ONFAULT)
		return 0;
	for (; !err && at < ARCH_USER_END && next_usable(at, &at, &len); at += len)
		err = vm_populate(at, len, false);
	return err == -ENOMEM ? -ENOMEM : 0;
}

long sys_munlockall(void)
{
	vm_lock_future(false, false);
	(void)for_each_part(ARCH_USER_START, ARCH_USER_END, set_unlocked);
	return 0;
}

static int not_locked(struct area *a, uintptr_t start, uintptr_t end)
{
	return need_unlocked(a, start, end) ? -EBUSY : 0;
}

long sys_msync(uintptr_t addr, size_t len, int flags)
{
	int err = check_range(addr, &len);

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (err)
		return err;
	return for_each_part(addr, addr + len, flags & MS_INVALIDATE ? not_locked : nothing);
}
