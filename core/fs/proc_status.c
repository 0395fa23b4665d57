// SPDX-License-Identifier: MIT
/*
 * What the process and its threads are doing, as /proc tells it: stat, statm, status, comm. A file of
 * no thread tells of the process, whose name is its first thread's. Owns nothing. What nobody counts
 * is 0.
 */
#include <core/cputime.h>
#include <core/file.h>
#include <core/page.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/vm.h>

#include "procfs.h"

#define TICK_NS	 (10 * NSEC_PER_MSEC)
#define CAPS_ALL 0x1ffffffffffull

/* A thread as it is found. */
struct look {
	char name[16], state;
	struct sched_policy policy;
	uint64_t affinity;
};

static void look_at(struct thread *t, void *arg)
{
	struct look *l = arg;

	memcpy(l->name, t->name, sizeof(l->name));
	l->name[sizeof(l->name) - 1] = '\0';
	l->state = READ_ONCE(t->state) == THREAD_SLEEPING ? 'S' : 'R';
	l->policy = t->policy;
	l->affinity = sched_get_affinity(t);
}

/* The thread that t's file is of; false: it has ended. */
static bool look(const struct proc_text *t, int *tid, struct look *l)
{
	*tid = proc_thread(t) ? proc_thread(t) : cputime_next_thread(0);
	return *tid && signal_with_thread(*tid, look_at, l);
}

static void show_comm(struct proc_text *t)
{
	struct look l;
	int tid;

	if (look(t, &tid, &l))
		proc_put(t, "%s\n", l.name);
	else if (!proc_thread(t))
		proc_put(t, "%.15s\n", exec_name());
}

static uint64_t mapped_bytes(void)
{
	struct vm_region r;
	uint64_t n = 0;

	for (uintptr_t at = 0; vm_region(at, &r); at = r.end) {
		n += r.end - r.start;
		if (r.inode)
			inode_put(r.inode);
	}
	return n;
}

/* man 5 proc: fields 1 to 52. */
static void show_stat(struct proc_text *t)
{
	struct cpu_split s = {0, 0};
	struct look l;
	int tid;

	if (!look(t, &tid, &l))
		return;
	cputime_sampling();
	(void)cputime_split(proc_thread(t), &s);
	proc_put(t, "%d (%s) %c 0 0 0 0 -1 0 0 0 0 0 %llu %llu 0 0 %d %d %u 0 0 %llu %zu ",
		 proc_thread(t) ? tid : APP_PID, l.name, l.state,
		 (unsigned long long)(s.user / TICK_NS), (unsigned long long)(s.system / TICK_NS),
		 l.policy.priority ? -1 - l.policy.priority : 20 + l.policy.nice, l.policy.nice,
		 cputime_threads(), (unsigned long long)mapped_bytes(), vm_resident());
	proc_put(t,
		 "18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 %u %u 0 0 0 0 0 0 0 0 0 0 0\n",
		 l.policy.priority, l.policy.policy);
}

static void show_statm(struct proc_text *t)
{
	uint64_t pages = mapped_bytes() / PAGE_SIZE;

	proc_put(t, "%llu %zu 0 0 0 %llu 0\n", (unsigned long long)pages, vm_resident(),
		 (unsigned long long)pages);
}

static void put_ids(struct proc_text *t, const char *name, bool group)
{
	uint32_t id[4];

	process_ids(group, id);
	proc_put(t, "%s:\t%u\t%u\t%u\t%u\n", name, id[0], id[1], id[2], id[3]);
}

static void put_caps(struct proc_text *t)
{
	unsigned long long has = process_privileged() ? CAPS_ALL : 0;

	proc_put(t,
		 "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n"
		 "CapAmb:\t%016llx\n",
		 0ull, has, has, CAPS_ALL, 0ull);
}

/* The CPUs of a mask as ranges: 0-3,5. */
static void put_cpus(struct proc_text *t, uint64_t mask)
{
	const char *comma = "";

	for (int i = 0; i < 64; i++) {
		int from = i;

		if (!(mask >> i & 1))
			continue;
		while (i < 63 && mask >> (i + 1) & 1)
			i++;
		if (i > from)
			proc_put(t, "%s%d-%d", comma, from, i);
		else
			proc_put(t, "%s%d", comma, i);
		comma = ",";
	}
}

static void show_status(struct proc_text *t)
{
	struct look l;
	int tid;

	if (!look(t, &tid, &l))
		return;
	proc_put(t,
		 "Name:\t%s\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n",
		 l.name, l.state == 'R' ? "R (running)" : "S (sleeping)", APP_PID,
		 proc_thread(t) ? tid : APP_PID);
	put_ids(t, "Uid", false);
	put_ids(t, "Gid", true);
	proc_put(t, "FDSize:\t%u\n", fd_limit());
	proc_put(t, "VmSize:\t%8llu kB\nVmRSS:\t%8zu kB\n",
		 (unsigned long long)(mapped_bytes() / 1024), vm_resident() * (PAGE_SIZE / 1024));
	proc_put(t, "Threads:\t%u\n", cputime_threads());
	put_caps(t);
	proc_put(t, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", (unsigned long long)l.affinity);
	put_cpus(t, l.affinity);
	proc_put(t, "\nMems_allowed_list:\t0\n");
}

const struct proc_file proc_thread_files[] = {
	{"comm", show_comm},   {"stat", show_stat}, {"status", show_status},
	{"statm", show_statm}, {NULL, NULL},
};
