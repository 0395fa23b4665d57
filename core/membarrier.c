/* SPDX-License-Identifier: MIT */
/*
 * membarrier(2): every thread of the app has passed a full memory barrier, on whatever CPU, when the
 * call returns. All other CPUs are interrupted; a thread that does not run has passed the barriers of
 * the switch away from it. Owns what the app has registered for. Thread context.
 */
#include <abi/errno.h>
#include <arch/cpu.h>
#include <arch/smp.h>
#include <core/compiler.h>
#include <core/syscall.h>

enum { /* Linux's commands; those for restartable sequences are not there */
	QUERY = 0,
	GLOBAL = 1 << 0,
	GLOBAL_EXPEDITED = 1 << 1,
	REGISTER_GLOBAL_EXPEDITED = 1 << 2,
	PRIVATE_EXPEDITED = 1 << 3,
	REGISTER_PRIVATE_EXPEDITED = 1 << 4,
	SYNC_CORE = 1 << 5,
	REGISTER_SYNC_CORE = 1 << 6,
	GET_REGISTRATIONS = 1 << 9,
};

#define ALL                                                                          \
	(GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL_EXPEDITED | PRIVATE_EXPEDITED | \
	 REGISTER_PRIVATE_EXPEDITED | SYNC_CORE | REGISTER_SYNC_CORE | GET_REGISTRATIONS)

static uint32_t registered; /* of the register commands, those made; atomic */

static void barrier_here(void *unused)
{
	(void)unused;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void sync_here(void *unused)
{
	(void)unused;
	arch_sync_core();
}

static long everywhere(void (*fn)(void *))
{
	fn(NULL);
	arch_call_others(fn, NULL, true);
	return 0;
}

static bool is_registered(uint32_t command)
{
	return __atomic_load_n(&registered, __ATOMIC_ACQUIRE) & command;
}

long sys_membarrier(int command, unsigned flags, int cpu)
{
	(void)cpu; /* only restartable sequences ask for one */
	if (flags)
		return -EINVAL;
	switch (command) {
	case QUERY:
		return ALL;
	case GLOBAL:
	case GLOBAL_EXPEDITED:
		return everywhere(barrier_here);
	case REGISTER_GLOBAL_EXPEDITED:
	case REGISTER_PRIVATE_EXPEDITED:
	case REGISTER_SYNC_CORE:
		__atomic_or_fetch(&registered, command, __ATOMIC_RELEASE);
		return 0;
	case PRIVATE_EXPEDITED:
		return is_registered(REGISTER_PRIVATE_EXPEDITED) ? everywhere(barrier_here)
								 : -EPERM;
	case SYNC_CORE:
		return is_registered(REGISTER_SYNC_CORE) ? everywhere(sync_here) : -EPERM;
	case GET_REGISTRATIONS:
		/* Linux counts the one as the other too, here only. */
		return __atomic_load_n(&registered, __ATOMIC_ACQUIRE) |
		       (is_registered(REGISTER_SYNC_CORE) ? REGISTER_PRIVATE_EXPEDITED : 0);
	}
	return -EINVAL;
}
