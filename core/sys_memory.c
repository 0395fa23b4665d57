// SPDX-License-Identifier: MIT
/*
 * System calls on the address space: mmap, munmap, mprotect, brk. There is one process and no fork,
 * so shared anonymous memory is like private. A mapped file is a private copy made at the call, but
 * the pages of an archive file, which are mapped where they lie; what would have to write back to a
 * file, or to see its later changes, is refused. No lock of its own.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <abi/stat.h>
#include <core/file.h>
#include <core/fs.h>
#include <core/page.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/vm.h>

/* Size of the regular file f, or -errno as mmap wants it. */
static off_t mappable_size(struct file *f, unsigned prot, unsigned flags)
{
	struct abi_stat st;
	int err;

	if ((f->flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && prot & PROT_WRITE)
		return (f->flags & O_ACCMODE) == O_RDWR ? -ENODEV : -EACCES;
	if (!f->ops->stat || !f->ops->read)
		return -ENODEV;
	memset(&st, 0, sizeof(st));
	err = f->ops->stat(f, &st);
	if (err)
		return err;
	return (st.st_mode & S_IFMT) == S_IFREG ? st.st_size : -ENODEV;
}

/* Reads the file from offset on into [base, base + len). 0 or -errno. */
static int read_in(struct file *f, uintptr_t base, size_t len, off_t offset)
{
	struct uio u;
	ssize_t n;
	int err = uio_init(&u, (void __user *)base, len);

	while (!err && u.resid) {
		n = file_read(f, &u, &offset);
		if (n == 0)
			break;
		err = n < 0 ? (int)n : 0;
	}
	return err;
}

/* Maps the whole pages of the archive file in place over base; the bytes so mapped, or -errno. */
static long map_in_place(struct file *f, uintptr_t base, size_t len, unsigned prot, off_t offset)
{
	size_t size, bytes;
	const char *data = file_in_place(f, &size);
	long at;

	if (!data || !IS_ALIGNED((uintptr_t)data, PAGE_SIZE) || (size_t)offset >= size)
		return 0;
	bytes = ALIGN_DOWN(min(len, size - (size_t)offset), PAGE_SIZE);
	if (!bytes)
		return 0;
	at = vm_map_pages(base, bytes, prot, MAP_FIXED, virt_to_phys(data + offset));
	return at < 0 ? at : (long)bytes;
}

/* Fills the zero pages mapped at base with the file. 0 or -errno. */
static int fill(struct file *f, uintptr_t base, size_t len, unsigned prot, off_t offset, off_t size)
{
	size_t bytes = offset < size ? min(len, (size_t)(size - offset)) : 0;
	long whole = map_in_place(f, base, bytes, prot, offset);
	int err;

	if (whole < 0)
		return (int)whole;
	err = read_in(f, base + (size_t)whole, bytes - (size_t)whole, offset + whole);
	if (!err && len > (size_t)whole)
		err = vm_protect(base + (size_t)whole, len - (size_t)whole, prot);
	return err;
}

static long map_file(struct file *f, uintptr_t addr, size_t len, unsigned prot, unsigned flags,
		     off_t offset)
{
	off_t size = mappable_size(f, prot, flags), end;
	size_t in_place;
	long at;
	int err;

	if (size < 0)
		return size;
	if (len > ARCH_USER_END)
		return -ENOMEM;
	if (offset < 0 || __builtin_add_overflow(offset, (off_t)len, &end))
		return -EOVERFLOW;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && !file_in_place(f, &in_place))
		return -ENODEV;
	at = vm_map_anonymous(addr, len, PROT_READ | PROT_WRITE,
			      flags & ~(unsigned)(MAP_POPULATE | MAP_LOCKED));
	if (at < 0)
		return at;
	err = fill(f, (uintptr_t)at, ALIGN_UP(len, PAGE_SIZE), prot, offset, size);
	if (err) {
		(void)vm_unmap((uintptr_t)at, len);
		return err;
	}
	return at;
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
	if (flags & MAP_GROWSDOWN)
		return -EOPNOTSUPP;
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
		return vm_map_anonymous(addr, len, (unsigned)prot, (unsigned)flags);
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	at = map_file(f, addr, len, (unsigned)prot, (unsigned)flags, offset);
	file_put(f);
	return at;
}

long sys_munmap(uintptr_t addr, size_t len)
{
	return vm_unmap(addr, len);
}

long sys_mprotect(uintptr_t addr, size_t len, int prot)
{
	return vm_protect(addr, len, (unsigned)prot);
}

long sys_brk(uintptr_t addr)
{
	return (long)vm_brk(addr);
}
