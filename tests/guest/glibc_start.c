/* SPDX-License-Identifier: MIT */
/*
 * The calls that a static glibc program makes at its start, and whether what they say is true: the
 * descriptors there may be, how far the stack grows, the CPU.
 *
 * guest: args="8388608"
 * guest: args="262144" run="--cmdline stack=256K"
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tap.h"

#define NR_sched_setaffinity 203
#define NR_sched_getaffinity 204
#define NR_set_tid_address   218
#define NR_set_robust_list   273
#define NR_prlimit64	     302
#define NR_rseq		     334

#define PAGE 4096

static struct rlimit limit(int resource)
{
	struct rlimit l = {1, 2}, m = {3, 4};

	ok(!getrlimit(resource, &l) && !raw(NR_prlimit64, 0, resource, 0, (long)&m, 0, 0) &&
		   l.rlim_cur == m.rlim_cur && l.rlim_max == m.rlim_max,
	   "limit %d by both calls", resource);
	return l;
}

static void check_descriptors(void)
{
	struct rlimit l = limit(RLIMIT_NOFILE);

	is(dup2(1, (int)l.rlim_cur - 1), (long)l.rlim_cur - 1, "the last descriptor can be had");
	ok(dup2(1, (int)l.rlim_cur) < 0 && errno == EBADF, "the one behind it cannot");
	close((int)l.rlim_cur - 1);
	is(setrlimit(RLIMIT_NOFILE, &l), 0, "what holds may be set");
	l.rlim_cur = 10;
	is(setrlimit(RLIMIT_NOFILE, &l), 0, "fewer, too");
	ok(dup2(1, 10) < 0 && errno == EBADF, "and that holds");
}

/* Writes to the stack page by page until bytes of it are in use; where it got to. */
__attribute__((noinline)) static uintptr_t use_stack(uintptr_t top, size_t bytes)
{
	volatile char page[PAGE];

	page[0] = 1;
	if (top - (uintptr_t)page >= bytes)
		return (uintptr_t)page + page[0] - 1;
	return use_stack(top, bytes) + page[0] - 1;
}

static void check_stack(char **argv)
{
	struct rlimit l = limit(RLIMIT_STACK);
	uintptr_t top = (uintptr_t)argv;
	size_t spare = 5 * PAGE; /* this function's, and the strings above argv */

	is((long)l.rlim_cur, atol(argv[1]), "the stack's limit is the option's");
	ok(use_stack(top, l.rlim_cur - spare) < top, "the stack grows that far");
}

static void check_cpu(void)
{
	unsigned long mask = 0;

	is(raw(NR_sched_getaffinity, 0, sizeof(mask), (long)&mask, 0, 0, 0), 8, "affinity");
	ok(mask && !(mask & (mask + 1)), "the app may run on all CPUs: %#lx", mask);
	is(raw(NR_sched_setaffinity, 0, sizeof(mask), (long)&mask, 0, 0, 0), 0, "to stay there");
	mask++;
	is(raw(NR_sched_setaffinity, 0, sizeof(mask), (long)&mask, 0, 0, 0), -EINVAL,
	   "to go where there is none");
}

int main(int argc, char **argv)
{
	static unsigned word;
	char path[64];

	if (argc != 2)
		return 2;
	is(raw(NR_set_tid_address, (long)&word, 0, 0, 0, 0, 0), gettid(), "set_tid_address");
	is(raw(NR_set_robust_list, (long)&word, 24, 0, 0, 0, 0), 0, "set_robust_list");
	is(raw(NR_set_robust_list, (long)&word, 23, 0, 0, 0, 0), -EINVAL, "of another size");
	is(raw(NR_rseq, (long)&word, 32, 0, 0x53053053, 0, 0), -ENOSYS, "rseq is not offered");
	ok(readlink("/proc/self/exe", path, sizeof(path)) > 5 && !memcmp(path, "/bin/", 5),
	   "where the program is");
	is((long)limit(RLIMIT_CORE).rlim_max, 0, "no core files");
	ok(limit(RLIMIT_AS).rlim_cur == RLIM_INFINITY, "no limit on addresses");
	check_descriptors();
	check_stack(argv);
	check_cpu();
	return done();
}
