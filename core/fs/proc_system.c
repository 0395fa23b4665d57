// SPDX-License-Identifier: MIT
/* Files of /proc that tell of the machine, as programs for Linux look for them. Owns nothing. */
#include <arch/counters.h>
#include <arch/smp.h>
#include <core/cputime.h>
#include <core/page.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/sysinfo.h>
#include <core/vm.h>
#include <generated/version.h>

#include "procfs.h"

#define TICK_NS (10 * NSEC_PER_MSEC)

static void show_version(struct proc_text *t)
{
	proc_put(t, "Linux version " SYSTEM_RELEASE " (Ringlet %s) (gcc %s) #1\n", RINGLET_VERSION,
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

static unsigned busy_cpus(void)
{
	unsigned n = 0;

	for (uint64_t mask = sched_busy_cpus(); mask; mask &= mask - 1)
		n++;
	return n;
}

static void put_cpu(struct proc_text *t, struct cpu_split s, uint64_t idle)
{
	proc_put(t, " %llu 0 %llu %llu 0 0 0 0 0 0\n", (unsigned long long)(s.user / TICK_NS),
		 (unsigned long long)(s.system / TICK_NS), (unsigned long long)(idle / TICK_NS));
}

/* What a CPU was not idle is the app's, split for all as it is for the process. */
static void show_stat(struct proc_text *t)
{
	struct cpu_split all = {0, 0}, one;
	uint64_t now = time_now(), share;

	cputime_sampling();
	(void)cputime_split(0, &all);
	share = all.user * 1024 / max(all.user + all.system, (uint64_t)1);
	proc_put(t, "cpu ");
	put_cpu(t, all, sched_idle_time());
	for (unsigned i = 0; i < arch_cpu_count(); i++) {
		uint64_t idle = sched_cpu_idle_time(i), busy = now - min(now, idle);

		one.user = busy / 1024 * share;
		one.system = busy - one.user;
		proc_put(t, "cpu%u", i);
		put_cpu(t, one, idle);
	}
	proc_put(t, "ctxt %llu\nbtime %llu\nprocesses 1\nprocs_running %u\nprocs_blocked 0\n",
		 (unsigned long long)sched_switches(),
		 (unsigned long long)((time_realtime() - now) / NSEC_PER_SEC), busy_cpus());
}

static void show_loadavg(struct proc_text *t)
{
	uint64_t load[3];

	load_averages(load);
	for (int i = 0; i < 3; i++)
		proc_put(t, "%llu.%02llu ", (unsigned long long)(load[i] >> 32),
			 (unsigned long long)((load[i] & 0xffffffff) * 100 >> 32));
	proc_put(t, "%u/%u %d\n", busy_cpus(), cputime_threads(), APP_PID);
}

static void show_filesystems(struct proc_text *t)
{
	proc_put(t, "nodev\ttmpfs\nnodev\tproc\n");
}

const struct proc_file proc_system_files[] = {
	{"stat", show_stat},
	{"loadavg", show_loadavg},
	{"filesystems", show_filesystems},
	{"version", show_version},
	{"uptime", show_uptime},
	{"meminfo", show_meminfo},
	{"cpuinfo", arch_cpuinfo},
	{NULL, NULL},
};
