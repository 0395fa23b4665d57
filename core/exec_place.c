// SPDX-License-Identifier: MIT
/*
 * Tells people where in the app an address is: a function of the program's, or else a place in a file
 * that is mapped there, such as a library's. Owns nothing. Thread context, no lock held.
 */
#include <core/fs.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/process.h>
#include <core/string.h>
#include <core/vm.h>

/* The name of the file at addr, without its folder, and the byte of it that is there. */
static bool file_at(uintptr_t addr, char *path, size_t size, const char **name, uint64_t *offset)
{
	struct vm_region r;
	ssize_t n = -1;
	uint64_t ino;

	if (!vm_region(addr, &r))
		return false;
	*offset = r.offset;
	if (r.kind == VM_REGION_ARCHIVE)
		n = fs_archive_name(r.data, path, size, offset, &ino);
	else if (r.kind == VM_REGION_FILE)
		n = fs_file_name(r.inode, path, size, &ino);
	if (r.inode)
		inode_put(r.inode);
	if (n < 0 || r.start > addr)
		return false;
	*offset += addr - r.start;
	*name = strrchr(path, '/');
	*name = *name ? *name + 1 : path;
	return true;
}

const char *exec_place(uintptr_t addr, char *buf, size_t size)
{
	uint64_t offset = 0;
	const char *name = exec_symbol(addr, &offset);
	char *path = NULL;

	*buf = '\0';
	if (name)
		ksnprintf(buf, size, " in %s", name);
	else if ((path = kmalloc(PATH_MAX)) && file_at(addr, path, PATH_MAX, &name, &offset))
		ksnprintf(buf, size, " in %s+%#llx", name, (unsigned long long)offset);
	kfree(path);
	return buf;
}
