// SPDX-License-Identifier: MIT
/*
 * Memory as files without a name, and seals: promises about such a file that nobody can take back.
 * A seal is set under inode->lock, and every change of the file looks at it there (data.c). One
 * against writing needs a file that no mapping has, for mappings are not looked through.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/heap.h>
#include <core/string.h>
#include <core/vm.h>
#include "inode.h"

#define SEALS                                                                             \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | \
	 F_SEAL_EXEC)

struct file *file_memory(const char *name, uint8_t seals)
{
	struct inode *i = inode_new(S_IFREG | (seals & F_SEAL_EXEC ? 0666 : 0777));
	struct file *f = NULL;
	size_t n = strlen(name) + 32;

	if (!i)
		return NULL;
	i->file.memfd = true;
	i->file.seals = seals;
	if (!inode_open(i, O_RDWR, &f) && (f->path = kmalloc(n)))
		ksnprintf(f->path, n, "/memfd:%s (deleted)", name);
	inode_put(i);
	return f;
}

static struct inode *memory_of(struct file *f)
{
	struct inode *i = f->inode;

	return i && inode_has_data(i) && i->file.memfd && !(f->flags & O_PATH) ? i : NULL;
}

int file_seals(struct file *f)
{
	struct inode *i = memory_of(f);

	return i ? READ_ONCE(i->file.seals) : -EINVAL;
}

int file_add_seals(struct file *f, uint32_t seals)
{
	struct inode *i = memory_of(f);
	int r = 0;

	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	if (!i || seals & ~(uint32_t)SEALS)
		return -EINVAL;
	/* No mapping comes meanwhile. */
	vm_hole_begin(i, 0, 0);
	spin_lock(&i->lock);
	if (i->file.seals & F_SEAL_SEAL)
		r = -EPERM;
	else if (seals & F_SEAL_WRITE && inode_is_mapped(i))
		r = -EBUSY;
	else
		i->file.seals |= (uint8_t)seals;
	spin_unlock(&i->lock);
	vm_file_end();
	return r;
}

bool inode_write_sealed(const struct inode *i)
{
	return inode_sealed(i, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}
