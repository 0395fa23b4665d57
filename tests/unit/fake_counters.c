// SPDX-License-Identifier: MIT
/* The fake architecture's counts (arch/counters.h): whatever a test sets. */
#include <arch/counters.h>
#include <arch/mmu.h>
#include <core/procfs.h>
#include <core/sched.h>

#include "fake_counters.h"

struct fake_counts fake_counts = {.cpus = 1};

void arch_count_returns(struct arch_returns *r)
{
	*r = fake_counts.returns;
}

long arch_syscall_of(const struct thread *t)
{
	return t->tid;
}

uint64_t arch_count_syscall(unsigned number)
{
	return number == fake_counts.number ? fake_counts.calls : 0;
}

uint64_t arch_count_outside(void)
{
	return fake_counts.outside;
}

unsigned arch_count_cpus(void)
{
	return fake_counts.cpus;
}

uint64_t arch_count_vector(unsigned cpu, unsigned vector)
{
	return vector == fake_counts.vector ? cpu + 1 : 0;
}

const char *arch_vector_name(unsigned vector)
{
	return vector == 240 ? "timer" : "other";
}

uint64_t arch_count_spurious(void)
{
	return 2;
}

uint64_t arch_count_unexpected(void)
{
	return 3;
}

void arch_cpuinfo(struct proc_text *t)
{
	for (unsigned i = 0; i < fake_counts.lines; i++)
		proc_put(t, "line %u\n", i);
}

uint64_t sched_switches(void)
{
	return 17;
}

uint64_t sched_cpu_idle_time(unsigned cpu)
{
	(void)cpu;
	return sched_idle_time();
}

uint64_t sched_idle_time(void)
{
	return 1250 * NSEC_PER_MSEC;
}

size_t arch_mmu_tables(void)
{
	return 0;
}
