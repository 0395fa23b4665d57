/* SPDX-License-Identifier: MIT */
/*
 * membarrier(2): registration, errors, and that its barrier spares other CPUs theirs.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

enum {
	QUERY = 0,
	GLOBAL = 1,
	GLOBAL_EXPEDITED = 2,
	REGISTER_GLOBAL_EXPEDITED = 4,
	PRIVATE_EXPEDITED = 8,
	REGISTER_PRIVATE_EXPEDITED = 16,
	SYNC_CORE = 32,
	REGISTER_SYNC_CORE = 64,
	RSEQ = 128,
	REGISTRATIONS = 512,
};

#define NR_MEMBARRIER 324

static struct test_thread other;

static long membarrier(int command, unsigned flags)
{
	return raw(NR_MEMBARRIER, command, flags, 0, 0, 0, 0);
}

static void registering(void)
{
	const long wanted = GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL_EXPEDITED |
			    PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED | SYNC_CORE |
			    REGISTER_SYNC_CORE;

	is(membarrier(QUERY, 0) & wanted, wanted, "all commands are there but of sequences");
	is(membarrier(QUERY, 1), -EINVAL, "a flag");
	is(membarrier(1024, 0), -EINVAL, "no command");
	is(membarrier(3, 0), -EINVAL, "two commands");
	is(membarrier(-1, 0), -EINVAL, "a negative one");
	if (on_ringlet())
		is(membarrier(RSEQ, 0), -EINVAL, "restartable sequences are not there");
	is(membarrier(GLOBAL, 0), 0, "the global one needs no registration");
	is(membarrier(GLOBAL_EXPEDITED, 0), 0, "nor does the expedited");
	is(membarrier(PRIVATE_EXPEDITED, 0), -EPERM, "the private one does");
	is(membarrier(SYNC_CORE, 0), -EPERM, "and that for code");
	is(membarrier(REGISTRATIONS, 0), 0, "nothing is registered");
	is(membarrier(REGISTER_SYNC_CORE, 0), 0, "registering for code");
	is(membarrier(PRIVATE_EXPEDITED, 0), -EPERM, "is not for data");
	is(membarrier(SYNC_CORE, 0), 0, "but for code");
	is(membarrier(REGISTRATIONS, 0), REGISTER_SYNC_CORE | REGISTER_PRIVATE_EXPEDITED,
	   "which shows, and as Linux has it the other too");
	is(membarrier(REGISTER_PRIVATE_EXPEDITED, 0), 0, "registering for data");
	is(membarrier(PRIVATE_EXPEDITED, 0), 0, "now it can be asked for");
	is(membarrier(REGISTER_PRIVATE_EXPEDITED, 0), 0, "twice is no error");
	is(membarrier(REGISTER_GLOBAL_EXPEDITED, 0), 0, "the global one");
	is(membarrier(REGISTRATIONS, 0),
	   REGISTER_SYNC_CORE | REGISTER_PRIVATE_EXPEDITED | REGISTER_GLOBAL_EXPEDITED, "all show");
}

/*
 * Each side stores to its word, then reads the other's; with a barrier in between on both sides one of
 * them sees the other. Here the slow side has membarrier, the fast one nothing but the compiler's order.
 * It runs freely and notes at which of its turns it first read what: after the turn that the slow side
 * read, the next one has to see what the slow side had stored before.
 */
#define ROUNDS	5000
#define SECONDS 2

static struct {
	_Alignas(64) uint64_t fast;
	_Alignas(64) uint32_t slow;
	_Alignas(64) uint32_t stop;
} d;
static uint64_t first_turn[ROUNDS + 1], turn_read[ROUNDS + 1];

static void fast_side(void *unused)
{
	uint32_t last = 0;

	(void)unused;
	for (uint64_t turn = 1; !__atomic_load_n(&d.stop, __ATOMIC_RELAXED); turn++) {
		uint32_t now;

		__atomic_store_n(&d.fast, turn, __ATOMIC_RELAXED);
		__asm__ volatile("" ::: "memory");
		now = __atomic_load_n(&d.slow, __ATOMIC_RELAXED);
		while (last < now)
			first_turn[++last] = turn;
	}
}

static void both_sides(int command)
{
	uint32_t wrong = 0, n = 0;
	struct timespec now;
	time_t until;

	memset(&d, 0, sizeof(d));
	memset(first_turn, 0xff, sizeof(first_turn));
	thread_start(&other, fast_side, 0);
	while (!__atomic_load_n(&d.fast, __ATOMIC_RELAXED))
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec + SECONDS;
	while (n < ROUNDS && now.tv_sec < until) {
		uint32_t spins = 0;

		/* A round counts if the other side goes on meanwhile. */
		while (__atomic_load_n(&d.fast, __ATOMIC_RELAXED) == turn_read[n])
			if (++spins % 1024 == 0)
				raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		__atomic_store_n(&d.slow, ++n, __ATOMIC_RELAXED);
		__asm__ volatile("" ::: "memory");
		if (command)
			membarrier(command, 0);
		__asm__ volatile("" ::: "memory");
		turn_read[n] = __atomic_load_n(&d.fast, __ATOMIC_RELAXED);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	__atomic_store_n(&d.stop, 1, __ATOMIC_RELAXED);
	thread_join(&other);
	for (uint32_t i = 1; i <= n; i++)
		wrong += turn_read[i] < d.fast && first_turn[i] > turn_read[i] + 1;
	is(wrong, 0, "command %d: one of two sees the other, %u times", command, n);
}

int main(int argc, char **argv)
{
	(void)argv;
	registering();
	both_sides(PRIVATE_EXPEDITED);
	both_sides(SYNC_CORE);
	/* With an argument: how often it goes wrong without. */
	if (argc > 1)
		both_sides(0);
	return done();
}
