// SPDX-License-Identifier: MIT
/*
 * /proc/ringlet: what the core counts, a name and a number a line. Owns nothing; the counts are
 * their owners'. docs/FILES.md tells each.
 */
#include <arch/counters.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/syscall.h>
#include <core/vm.h>
#include <generated/syscall_numbers.h>

#include "procfs.h"

static void put_count(struct proc_text *t, const char *name, uint64_t n)
{
	proc_put(t, "%s %llu\n", name, (unsigned long long)n);
}

/* In a call that will go back. */
static bool in_call(const struct thread *t)
{
	long number = arch_syscall_of(t);

	return number >= 0 && number != SYS_exit && number != SYS_exit_group;
}

/*
 * The reader's own call has not gone back yet, nor have those that other threads are in, nor will
 * one that ended its thread; every other call left in one of three ways, two of which are counted.
 * Exact while no thread runs on another CPU: of one in ring 3 only its last call is known.
 */
static void show_returns(struct proc_text *t)
{
	uint64_t inside, left;
	struct arch_returns r;

	arch_count_returns(&r);
	inside = 1 + signal_count_threads(in_call);
	inside += arch_count_syscall(SYS_exit) + arch_count_syscall(SYS_exit_group);
	left = r.calls - inside;
	put_count(t, "sysret_fast", left - r.sysret_slow - r.iret_syscall);
	put_count(t, "sysret_slow", r.sysret_slow);
	put_count(t, "iret", r.iret);
	put_count(t, "iret_syscall", r.iret_syscall);
}

static void show_syscalls(struct proc_text *t)
{
	uint64_t unknown = arch_count_outside();

	for (unsigned i = 0; i < SYSCALL_COUNT; i++) {
		uint64_t n = arch_count_syscall(i);

		if (!syscall_infos[i].name)
			unknown += n;
		else if (n)
			proc_put(t, "%u %s %llu\n", i, syscall_infos[i].name,
				 (unsigned long long)n);
	}
	put_count(t, "unknown", unknown);
}

/* The vectors of [first, last] that any CPU took: number, name, a count for each CPU. */
static void put_vectors(struct proc_text *t, unsigned first, unsigned last)
{
	unsigned cpus = arch_count_cpus();

	for (unsigned v = first; v <= last; v++) {
		uint64_t sum = 0;

		for (unsigned cpu = 0; cpu < cpus; cpu++)
			sum += arch_count_vector(cpu, v);
		if (!sum)
			continue;
		proc_put(t, "%u %s", v, arch_vector_name(v));
		for (unsigned cpu = 0; cpu < cpus; cpu++)
			proc_put(t, " %llu", (unsigned long long)arch_count_vector(cpu, v));
		proc_put(t, "\n");
	}
}

static void show_interrupts(struct proc_text *t)
{
	put_vectors(t, ARCH_EXCEPTION_MAX + 1, ARCH_VECTORS - 1);
	put_count(t, "spurious", arch_count_spurious());
	put_count(t, "unexpected", arch_count_unexpected());
}

static void show_faults(struct proc_text *t)
{
	struct vm_fault_counts c = vm_fault_counts();

	put_vectors(t, 0, ARCH_EXCEPTION_MAX);
	put_count(t, "page_zeroed", c.zeroed);
	put_count(t, "page_copied", c.copied);
	put_count(t, "page_large", c.large);
	put_count(t, "page_archive", c.mapped);
	put_count(t, "page_late", c.late);
	put_count(t, "page_refused", c.refused);
	put_count(t, "page_no_memory", c.no_memory);
}

static void show_switches(struct proc_text *t)
{
	put_count(t, "switches", sched_switches());
}

static void show_memory(struct proc_text *t)
{
	put_count(t, "page_size", PAGE_SIZE);
	put_count(t, "pages_total", page_total());
	put_count(t, "pages_free", page_free_count());
	put_count(t, "pages_app", vm_resident());
	put_count(t, "pages_tables", arch_mmu_tables());
	put_count(t, "heap_bytes", heap_in_use());
	put_count(t, "files_bytes", fs_used());
}

const struct proc_file proc_ringlet_files[] = {
	{"ringlet/returns", show_returns},
	{"ringlet/syscalls", show_syscalls},
	{"ringlet/interrupts", show_interrupts},
	{"ringlet/faults", show_faults},
	{"ringlet/switches", show_switches},
	{"ringlet/memory", show_memory},
	{NULL, NULL},
};
