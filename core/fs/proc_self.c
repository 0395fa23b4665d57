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

#define NAME_AT 73 /* column, as on Linux */

static void show_cmdline(struct proc_text *t)
{
	for (char *const *a = exec_args.argv; a && *a; a++)
		proc_put_bytes(t, *a, strlen(*a) + 1);
}

/* As it was at the start. */
static void show_environ(struct proc_text *t)
{
	for (char *const *e = exec_args.envp; e && *e; e++)
		proc_put_bytes(t, *e, strlen(*e) + 1);
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

static void put_limit(struct proc_text *t, unsigned long n, size_t width)
{
	if (n == ABI_RLIM_INFINITY)
		proc_put(t, "unlimited");
	else
		proc_put(t, "%lu", n);
	proc_pad(t, width);
}

static void show_limits(struct proc_text *t)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = {"cpu time", "seconds"},
		[RLIMIT_FSIZE] = {"file size", "bytes"},
		[RLIMIT_DATA] = {"data size", "bytes"},
		[RLIMIT_STACK] = {"stack size", "bytes"},
		[RLIMIT_CORE] = {"core file size", "bytes"},
		[RLIMIT_RSS] = {"resident set", "bytes"},
		[RLIMIT_NPROC] = {"processes", "processes"},
		[RLIMIT_NOFILE] = {"open files", "files"},
		[RLIMIT_MEMLOCK] = {"locked memory", "bytes"},
		[RLIMIT_AS] = {"address space", "bytes"},
		[RLIMIT_LOCKS] = {"file locks", "locks"},
		[RLIMIT_SIGPENDING] = {"pending signals", "signals"},
		[RLIMIT_MSGQUEUE] = {"msgqueue size", "bytes"},
		[RLIMIT_NICE] = {"nice priority", ""},
		[RLIMIT_RTPRIO] = {"realtime priority", ""},
		[RLIMIT_RTTIME] = {"realtime timeout", "us"},
	};

	proc_put(t, "Limit");
	proc_pad(t, 26);
	proc_put(t, "Soft Limit");
	proc_pad(t, 47);
	proc_put(t, "Hard Limit");
	proc_pad(t, 68);
	proc_put(t, "Units     \n");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct abi_rlimit l = process_limit(i);

		proc_put(t, "Max %s", rows[i].name);
		proc_pad(t, 26);
		put_limit(t, l.rlim_cur, 47);
		put_limit(t, l.rlim_max, 68);
		proc_put(t, "%s", rows[i].unit);
		proc_pad(t, 78);
		proc_put(t, "\n");
	}
}

/* There are two: the tree and this one. */
static void show_mounts(struct proc_text *t)
{
	proc_put(t, "rootfs / tmpfs rw 0 0\nproc /proc proc ro 0 0\n");
}

static void show_mountinfo(struct proc_text *t)
{
	proc_put(t, "1 0 0:%d / / rw - tmpfs rootfs rw\n2 1 0:%d / /proc ro - proc proc ro\n",
		 FS_DEVICE, PROC_DEVICE);
}

/* There are no groups of processes but the one. */
static void show_cgroup(struct proc_text *t)
{
	proc_put(t, "0::/\n");
}

/* Who is to be ended for want of memory is not chosen: there is one. */
static void show_zero(struct proc_text *t)
{
	proc_put(t, "0\n");
}

const struct proc_file proc_self_files[] = {
	{"1/cmdline", show_cmdline},	{"1/environ", show_environ},	 {"1/limits", show_limits},
	{"1/mounts", show_mounts},	{"1/mountinfo", show_mountinfo}, {"1/cgroup", show_cgroup},
	{"1/oom_score_adj", show_zero}, {"1/maps", show_maps},		 {NULL, NULL},
};
