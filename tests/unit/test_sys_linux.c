/* SPDX-License-Identifier: MIT */
/* Limits, affinity and what a thread leaves behind, as system calls. */
#include <abi/errno.h>
#include <abi/resource.h>
#include <core/file.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/vm.h>

#include "fake.h"
#include "test.h"

#define STACK	 (8ul << 20)
#define INFINITY ABI_RLIM_INFINITY

/* exec_stack.c is not linked. */
size_t exec_stack_limit(void)
{
	return STACK;
}

/* Nor is there a table of descriptors. */
static unsigned fds = FD_MAX;

unsigned fd_limit(void)
{
	return fds;
}

void fd_set_limit(unsigned limit)
{
	fds = limit;
}

/* Nor are files mapped. */
bool vm_shared(uintptr_t addr, const void **object, uintptr_t *offset)
{
	(void)addr;
	(void)object;
	(void)offset;
	return false;
}

static struct abi_rlimit *limit_new(unsigned long cur, unsigned long max)
{
	struct abi_rlimit l = {cur, max};

	return fake_user_dup(&l, sizeof(l));
}

/* Whether both limits of the resource are this. */
static bool limit_is(unsigned resource, unsigned long value)
{
	struct abi_rlimit *a = limit_new(1, 2), *b = limit_new(1, 2), *p = fake_user_host(a),
			  *q = fake_user_host(b);

	return !sys_getrlimit(resource, a) && !sys_prlimit64(0, resource, NULL, b) &&
	       p->rlim_cur == value && p->rlim_max == value && q->rlim_cur == value &&
	       q->rlim_max == value;
}

TEST(limits_are_what_holds)
{
	CHECK(limit_is(RLIMIT_STACK, STACK));
	CHECK(limit_is(RLIMIT_NOFILE, FD_MAX));
	CHECK(limit_is(RLIMIT_CORE, 0));
	CHECK(limit_is(RLIMIT_AS, INFINITY));
	CHECK(limit_is(RLIMIT_RTTIME, INFINITY));
	CHECK_EQ(sys_getrlimit(RLIM_NLIMITS, limit_new(0, 0)), -EINVAL);
	CHECK_EQ(sys_getrlimit(~0u, limit_new(0, 0)), -EINVAL);
	CHECK_EQ(sys_prlimit64(1, RLIM_NLIMITS, NULL, NULL), -EINVAL);
}

TEST(limits_that_hold_may_be_set)
{
	struct abi_rlimit *old = limit_new(1, 2), *now = fake_user_host(old);

	CHECK_EQ(sys_setrlimit(RLIMIT_CORE, limit_new(0, 0)), 0);
	CHECK_EQ(sys_setrlimit(RLIMIT_DATA, limit_new(INFINITY, INFINITY)), 0);
	CHECK_EQ(sys_prlimit64(1, RLIMIT_NOFILE, limit_new(FD_MAX, FD_MAX), old), 0);
	CHECK_EQ(now->rlim_cur, (unsigned long)FD_MAX);
	CHECK_EQ(sys_setrlimit(RLIMIT_NOFILE, limit_new(1024, FD_MAX)), 0);
	CHECK_EQ(sys_prlimit64(1, RLIMIT_NOFILE, limit_new(FD_MAX, FD_MAX), old), 0);
	CHECK_EQ(now->rlim_cur, 1024ul);
	CHECK_EQ(now->rlim_max, (unsigned long)FD_MAX);
}

TEST(descriptors_are_limited)
{
	CHECK_EQ(sys_setrlimit(RLIMIT_NOFILE, limit_new(1024, 2048)), 0);
	CHECK_EQ(fd_limit(), 1024u);
	CHECK_EQ(process_limit(RLIMIT_NOFILE).rlim_max, 2048ul);
	CHECK_EQ(sys_setrlimit(RLIMIT_NOFILE, limit_new(2048, 2048)), 0);
	CHECK_EQ(sys_setresuid(7, 7, 7), 0);
	CHECK_EQ(sys_setrlimit(RLIMIT_NOFILE, limit_new(FD_MAX, FD_MAX)), -EPERM);
	CHECK_EQ(fd_limit(), 2048u);
}

TEST(other_limits_are_refused)
{
	struct abi_rlimit *old = limit_new(1, 2), *now = fake_user_host(old);

	CHECK_EQ(sys_setrlimit(RLIMIT_NOFILE, limit_new(FD_MAX, FD_MAX + 1ul)), -EPERM);
	CHECK_EQ(sys_setrlimit(RLIMIT_AS, limit_new(1 << 30, INFINITY)), -EPERM);
	CHECK_EQ(sys_setrlimit(RLIMIT_CORE, limit_new(INFINITY, INFINITY)), -EPERM);
	CHECK_EQ(sys_setrlimit(RLIMIT_STACK, limit_new(2, 1)), -EINVAL);
	CHECK_EQ(sys_setrlimit(RLIM_NLIMITS, limit_new(0, 0)), -EINVAL);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_AS, limit_new(1, 1), old), -EPERM);
	CHECK_EQ(now->rlim_cur, 1ul); /* nothing was told */
}

TEST(limits_check_process_and_pointers)
{
	void *bad = (void *)(ARCH_USER_START + 8);

	CHECK_EQ(sys_prlimit64(2, RLIMIT_AS, NULL, NULL), -ESRCH);
	CHECK_EQ(sys_prlimit64(-1, RLIMIT_AS, NULL, NULL), -ESRCH);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_AS, NULL, NULL), 0);
	CHECK_EQ(sys_getrlimit(RLIMIT_AS, bad), -EFAULT);
	CHECK_EQ(sys_setrlimit(RLIMIT_AS, bad), -EFAULT);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_AS, bad, NULL), -EFAULT);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_AS, NULL, bad), -EFAULT);
	CHECK_EQ(sys_getrlimit(RLIMIT_AS, (void *)-16ul), -EFAULT);
}

TEST(affinity_is_the_one_cpu)
{
	unsigned long *mask = fake_user_alloc(16), *host = fake_user_host(mask);

	host[0] = host[1] = 0x5555;
	CHECK_EQ(sys_sched_getaffinity(0, 16, mask), 8);
	CHECK_EQ(host[0], 1ul);
	CHECK_EQ(host[1], 0x5555ul);
	CHECK_EQ(sys_sched_getaffinity(1, 8, mask), 8);
	CHECK_EQ(sys_sched_getaffinity(0, 4, mask), -EINVAL);
	CHECK_EQ(sys_sched_getaffinity(0, 12, mask), -EINVAL);
	CHECK_EQ(sys_sched_getaffinity(7, 8, mask), -ESRCH);
	CHECK_EQ(sys_sched_getaffinity(0, 8, (void *)-8ul), -EFAULT);
}

TEST(affinity_to_no_cpu_is_refused)
{
	unsigned long *mask = fake_user_alloc(16), *host = fake_user_host(mask);

	host[0] = 3;
	host[1] = ~0ul;
	CHECK_EQ(sys_sched_setaffinity(0, 16, mask), 0);
	CHECK_EQ(sys_sched_setaffinity(0, 1, mask), 0);
	CHECK_EQ(sys_sched_setaffinity(0, 0, mask), -EINVAL);
	CHECK_EQ(sys_sched_setaffinity(9, 8, mask), -ESRCH);
	host[0] = 2;
	CHECK_EQ(sys_sched_setaffinity(0, 16, mask), -EINVAL);
	CHECK_EQ(sys_sched_setaffinity(0, 8, (void *)-8ul), -EFAULT);
}

TEST(thread_words_are_kept)
{
	uintptr_t *head = fake_user_alloc(8);
	size_t *len = fake_user_alloc(8);

	current_thread()->tid = 1;
	CHECK_EQ(sys_set_tid_address(0x1000), 1);
	CHECK_EQ(current_thread()->clear_tid, 0x1000ul);
	CHECK_EQ(sys_set_robust_list(0x2000, 24), 0);
	CHECK_EQ(sys_set_robust_list(0x3000, 16), -EINVAL);
	CHECK_EQ(sys_get_robust_list(0, head, len), 0);
	CHECK_EQ(*(uintptr_t *)fake_user_host(head), 0x2000ul);
	CHECK_EQ(*(size_t *)fake_user_host(len), 24ul);
	CHECK_EQ(sys_get_robust_list(5, head, len), -ESRCH);
	CHECK_EQ(sys_get_robust_list(0, (void *)-8ul, len), -EFAULT);
	CHECK_EQ(sys_get_robust_list(0, head, (void *)-8ul), -EFAULT);
}

TEST(rseq_is_not_offered)
{
	CHECK_EQ(sys_rseq(NULL, 32, 0, 0x53053053), -ENOSYS);
}
