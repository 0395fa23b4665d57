// SPDX-License-Identifier: MIT
/*
 * System calls that tell of the machine, and those that copy between processes, of which there is
 * one. Owns the load averages: what CPUs were busy, decaying over 1, 5 and 15 minutes, brought up to
 * date when somebody asks. load.lock (a leaf) guards them.
 */
#include <abi/errno.h>
#include <arch/smp.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/sysinfo.h>
#include <core/syscall.h>
#include <core/uio.h>

#define ONE   (1ull << 32)
#define TERMS 3

/* What is left of a load after a second: e to the power of -1/60, -1/300, -1/900. */
static const uint64_t decay[TERMS] = {4223977731, 4280674573, 4290197760};

static struct {
	struct spinlock lock;
	uint64_t at, idle;    /* ns, when brought up to date last */
	uint64_t load[TERMS]; /* ONE: one CPU */
} load;

static uint64_t fixed_mul(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 32);
}

static uint64_t fixed_power(uint64_t base, uint64_t n)
{
	uint64_t r = ONE;

	for (; n; n >>= 1, base = fixed_mul(base, base))
		if (n & 1)
			r = fixed_mul(r, base);
	return r;
}

/* a / b as a fixed-point number; b is not 0, and a at most 64 times it. */
static uint64_t ratio(uint64_t a, uint64_t b)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(b), shift = bits > 24 ? bits - 24 : 0;

	return (a >> shift << 32) / (b >> shift);
}

void load_averages(uint64_t out[TERMS])
{
	uint64_t now, idle, seconds, span, busy;

	spin_lock(&load.lock);
	now = time_now();
	idle = sched_idle_time();
	seconds = (now - load.at) / NSEC_PER_SEC;
	if (seconds) {
		span = now - load.at;
		busy = span * arch_cpu_count();
		busy -= min(busy, idle - load.idle);
		busy = ratio(busy, span);
		for (int i = 0; i < TERMS; i++) {
			uint64_t left = fixed_power(decay[i], seconds);

			load.load[i] = fixed_mul(load.load[i], left) + fixed_mul(busy, ONE - left);
		}
		load.at = now;
		load.idle = idle;
	}
	memcpy(out, load.load, sizeof(load.load));
	spin_unlock(&load.lock);
}

/* Linux's struct sysinfo. */
struct sysinfo {
	long uptime;
	unsigned long loads[TERMS], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	unsigned short procs, pad;
	unsigned long totalhigh, freehigh;
	unsigned mem_unit;
	char more[4];
};

long sys_sysinfo(void __user *to)
{
	struct sysinfo s = {0};
	uint64_t loads[TERMS];

	load_averages(loads);
	s.uptime = (long)(time_now() / NSEC_PER_SEC);
	for (int i = 0; i < TERMS; i++)
		s.loads[i] = loads[i] >> 16;
	s.totalram = page_total() * PAGE_SIZE;
	s.freeram = page_free_count() * PAGE_SIZE;
	s.sharedram = fs_used();
	s.procs = (unsigned short)cputime_threads();
	s.mem_unit = 1;
	return copy_to_user(to, &s, sizeof(s));
}

/* ---- process_vm_readv and _writev: with itself ---- */

#define BOUNCE 1024

/* Bytes, or -EFAULT if there were none before what could not be reached. */
static long move(struct uio *from, struct uio *to)
{
	size_t before = to->resid;
	char buf[BOUNCE / 2];
	int r = 0;

	while (from->resid && to->resid && !r) {
		size_t n = min(min(from->resid, to->resid), sizeof(buf)), had = from->resid;

		r = uio_copy_from(from, buf, n);
		n = had - from->resid;
		if (n && uio_copy_to(to, buf, n))
			r = -EFAULT;
	}
	return before != to->resid ? (long)(before - to->resid) : r;
}

static long copy_self(const struct iovec __user *from, unsigned long from_count,
		      const struct iovec __user *to, unsigned long to_count)
{
	struct iovec a_fast[UIO_FAST], b_fast[UIO_FAST], *a_heap, *b_heap;
	struct uio a, b;
	long r = uio_import(&a, from, (unsigned)from_count, a_fast, &a_heap);

	if (r)
		return r;
	r = uio_import(&b, to, (unsigned)to_count, b_fast, &b_heap);
	if (!r) {
		r = move(&a, &b);
		kfree(b_heap);
	}
	kfree(a_heap);
	return r;
}

static long check_process(int pid, unsigned long n, unsigned long m, unsigned long flags)
{
	if (flags || n > UIO_MAXIOV || m > UIO_MAXIOV)
		return -EINVAL;
	return pid == APP_PID ? 0 : -ESRCH;
}

long sys_process_vm_readv(int pid, const struct iovec __user *to, unsigned long n,
			  const struct iovec __user *from, unsigned long m, unsigned long flags)
{
	long r = check_process(pid, n, m, flags);

	return r ? r : copy_self(from, m, to, n);
}

long sys_process_vm_writev(int pid, const struct iovec __user *from, unsigned long n,
			   const struct iovec __user *to, unsigned long m, unsigned long flags)
{
	long r = check_process(pid, n, m, flags);

	return r ? r : copy_self(from, n, to, m);
}
