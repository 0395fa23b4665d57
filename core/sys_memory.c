// SPDX-License-Identifier: MIT
/*
 * System calls on the address space: mmap, munmap, mprotect, brk, personality. Owns the personality.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <core/file.h>
#include <core/fs.h>
#include <core/syscall.h>
#include <core/vm.h>

#define MAP_KNOWN                                                                                \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |      \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
	 MAP_FIXED_NOREPLACE)

static uint32_t persona;

static unsigned implied(unsigned prot)
{
	return prot & PROT_READ && persona & READ_IMPLIES_EXEC ? prot | PROT_EXEC : prot;
}

static long map_anonymous(uintptr_t addr, size_t len, unsigned prot, unsigned flags)
{
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		return vm_map_anonymous(addr, len, prot, flags);
	return flags & MAP_GROWSDOWN ? -EINVAL : vm_map_shared(addr, len, prot, flags);
}

/* 0, or why f cannot be mapped so. */
static int check_file(struct file *f, unsigned prot, unsigned flags, off_t offset, size_t len)
{
	unsigned mode = f->flags & O_ACCMODE;
	off_t end;

	if (offset < 0 || __builtin_add_overflow(offset, (off_t)len, &end))
		return -EOVERFLOW;
	if (f->flags & O_PATH)
		return -EBADF;
	if (mode == O_WRONLY)
		return -EACCES;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && prot & PROT_WRITE && mode != O_RDWR)
		return -EACCES;
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & ~(unsigned)MAP_KNOWN)
		return -EOPNOTSUPP;
	return 0;
}

static long map_file(struct file *f, uintptr_t addr, size_t len, unsigned prot, unsigned flags,
		     off_t offset)
{
	int err = check_file(f, prot, flags, offset, len);
	struct inode *i = file_mappable(f);
	bool sealed;

	if (err)
		return err;
	if (file_is_zero(f))
		return map_anonymous(addr, len, prot, flags);
	if (!i)
		return -ENODEV;
	sealed = (flags & MAP_TYPE) != MAP_PRIVATE && inode_write_sealed(i);
	if (sealed && prot & PROT_WRITE)
		return -EPERM;
	return vm_map_file(addr, len, prot, flags, i, (uint64_t)offset,
			   (flags & MAP_TYPE) == MAP_PRIVATE ||
				   ((f->flags & O_ACCMODE) == O_RDWR && !sealed));
}

/* Checks what of the flags no kind of mapping can have. 0 or -errno. */
static int check_flags(unsigned flags)
{
	unsigned type = flags & MAP_TYPE;

	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type == MAP_SHARED_VALIDATE && flags & MAP_ANONYMOUS)
		return -EINVAL;
	if (flags & MAP_HUGETLB)
		return -ENOMEM; /* as Linux with an empty pool */
	return 0;
}

long sys_mmap(uintptr_t addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	int err = check_flags((unsigned)flags);
	struct file *f;
	long at;

	if (!IS_ALIGNED((size_t)offset, PAGE_SIZE))
		return -EINVAL;
	if (err)
		return err;
	if (flags & MAP_ANONYMOUS)
		return map_anonymous(addr, len, implied((unsigned)prot), (unsigned)flags);
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	at = map_file(f, addr, len, implied((unsigned)prot), (unsigned)flags, offset);
	file_put(f);
	return at;
}

long sys_munmap(uintptr_t addr, size_t len)
{
	return vm_unmap(addr, len);
}

long sys_mprotect(uintptr_t addr, size_t len, int prot)
{
	return vm_protect(addr, len, implied((unsigned)prot));
}

long sys_brk(uintptr_t addr)
{
	return (long)vm_brk(addr);
}

/*
 * Only what Linux's own personality knows can be had, and most of that says something to exec alone:
 * ADDR_NO_RANDOMIZE is kept and told, the option aslr=off is what acts.
 */
long sys_personality(uint32_t wanted)
{
	uint32_t old = persona;

	if (wanted == PERSONALITY_ASK)
		return old;
	if (wanted & PERSONALITY_KIND)
		return -EINVAL;
	persona = wanted;
	return old;
}
