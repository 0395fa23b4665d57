// SPDX-License-Identifier: MIT
/* Files of /proc that tell of the machine, as programs for Linux look for them. Owns nothing. */
#include <arch/counters.h>
#include <core/page.h>
#include <core/vm.h>
#include <generated/version.h>

#include "procfs.h"

static void show_version(struct proc_text *t)
{
	proc_put(t, "Linux version 6.1.0-ringlet (Ringlet %s) (gcc %s) #1\n", RINGLET_VERSION,
		 __VERSION__);
}

/* Seconds with two digits behind the point. */
static void put_seconds(struct proc_text *t, uint64_t ns)
{
	proc_put(t, "%llu.%02llu", (unsigned long long)(ns / NSEC_PER_SEC),
		 (unsigned long long)(ns / (NSEC_PER_SEC / 100) % 100));
}

static void show_uptime(struct proc_text *t)
{
	put_seconds(t, time_now());
	proc_put(t, " ");
	put_seconds(t, sched_idle_time());
	proc_put(t, "\n");
}

static void put_kib(struct proc_text *t, const char *name, uint64_t bytes)
{
	proc_put(t, "%s:", name);
	proc_pad(t, 16);
	proc_put(t, "%8llu kB\n", (unsigned long long)(bytes / 1024));
}

/* Nothing is a cache that could be given back, and nothing is swapped out. */
static void show_meminfo(struct proc_text *t)
{
	static const char *const none[] = {"Buffers",	"Cached",   "SwapCached",
					   "SwapTotal", "SwapFree", "Dirty",
					   "Writeback", "Mapped",   "KReclaimable"};
	uint64_t free = (uint64_t)page_free_count() * PAGE_SIZE;

	put_kib(t, "MemTotal", (uint64_t)page_total() * PAGE_SIZE);
	put_kib(t, "MemFree", free);
	put_kib(t, "MemAvailable", free);
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		put_kib(t, none[i], 0);
	put_kib(t, "Shmem", fs_used());
	put_kib(t, "Committed_AS", vm_committed() * PAGE_SIZE);
	put_kib(t, "AnonHugePages", arch_mmu_large_count() * LARGE_SIZE);
}

const struct proc_file proc_system_files[] = {
	{"version", show_version},
	{"uptime", show_uptime},
	{"meminfo", show_meminfo},
	{"cpuinfo", arch_cpuinfo},
	{NULL, NULL},
};
