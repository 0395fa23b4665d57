// SPDX-License-Identifier: MIT
/*
 * /proc/1, which is /proc/self: what the app is. Owns nothing. Addresses told are the app's own and
 * never the core's.
 */
#include <abi/mman.h>
#include <core/heap.h>
#include <core/process.h>
#include <core/string.h>
#include <core/vm.h>

#include "procfs.h"

#define COMM_MOST 15
#define NAME_AT	  73 /* column, as on Linux */

static void show_cmdline(struct proc_text *t)
{
	for (char *const *a = exec_args.argv; a && *a; a++)
		proc_put_bytes(t, *a, strlen(*a) + 1);
}

static void show_comm(struct proc_text *t)
{
	const char *name = exec_name();

	proc_put_bytes(t, name, strnlen(name, COMM_MOST));
	proc_put(t, "\n");
}

/* What is mapped in r, or nothing. name: PATH_MAX bytes of room. */
static void region_name(const struct vm_region *r, char *name, uint64_t *offset, uint64_t *ino)
{
	static const char *const special[] = {
		[VM_REGION_HEAP] = "[heap]",
		[VM_REGION_STACK] = "[stack]",
		[VM_REGION_SHARED] = "/dev/zero (deleted)",
	};
	ssize_t n = 0;

	*name = '\0';
	*offset = r->kind == VM_REGION_FILE || r->kind == VM_REGION_SHARED ? r->offset : 0;
	*ino = 0;
	if (r->kind == VM_REGION_ARCHIVE)
		n = fs_archive_name(r->data, name, PATH_MAX, offset, ino);
	else if (r->kind == VM_REGION_FILE)
		n = fs_file_name(r->inode, name, PATH_MAX, ino);
	else if (special[r->kind])
		ksnprintf(name, PATH_MAX, "%s", special[r->kind]);
	if (n < 0)
		*name = '\0';
	if (r->inode)
		inode_put(r->inode);
}

static void put_region(struct proc_text *t, const struct vm_region *r, char *name)
{
	uint64_t offset, ino;

	region_name(r, name, &offset, &ino);
	proc_put(t, "%08lx-%08lx %c%c%c%c %08llx 00:%02x %llu", r->start, r->end,
		 r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-',
		 r->prot & PROT_EXEC ? 'x' : '-', r->shared ? 's' : 'p', (unsigned long long)offset,
		 ino ? FS_DEVICE : 0, (unsigned long long)ino);
	if (*name) {
		proc_pad(t, NAME_AT);
		proc_put_bytes(t, name, strlen(name));
	}
	proc_put(t, "\n");
}

static void show_maps(struct proc_text *t)
{
	char *name = kmalloc(PATH_MAX);
	struct vm_region r;
	uintptr_t at = 0;

	if (!name) {
		proc_fail(t);
		return;
	}
	for (; vm_region(at, &r); at = r.end)
		put_region(t, &r, name);
	kfree(name);
}

const struct proc_file proc_self_files[] = {
	{"1/cmdline", show_cmdline},
	{"1/comm", show_comm},
	{"1/maps", show_maps},
	{NULL, NULL},
};
