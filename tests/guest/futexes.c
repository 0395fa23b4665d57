/* SPDX-License-Identifier: MIT */
/*
 * futex(2): waiting, waking, moving waiters, the operation on a second word, timeouts, errors.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define WAITERS 4

static struct test_thread threads[WAITERS];
static uint32_t word, second, woken;
static long results[WAITERS];

static void yield(void)
{
	raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void wait_on_word(void *n)
{
	results[(long)n] = futex(&word, FUTEX_WAIT_BITSET, 5, 0, 0, 1u << (long)n);
	__atomic_add_fetch(&woken, 1, __ATOMIC_RELEASE);
}

/* All wait: moving them to where they are counts them. */
static void start_waiters(void)
{
	word = 5;
	woken = 0;
	for (long i = 0; i < WAITERS; i++)
		thread_start(&threads[i], wait_on_word, (void *)i);
	while (futex(&word, FUTEX_REQUEUE, 0, WAITERS, &word, 0) != WAITERS)
		yield();
}

static void join_waiters(void)
{
	for (int i = 0; i < WAITERS; i++)
		thread_join(&threads[i]);
}

static void waking(void)
{
	start_waiters();
	is(futex(&word, FUTEX_WAKE, 0, 0, 0, 0), 1, "one waiter is woken, also by a count of 0");
	is(futex(&word, FUTEX_WAKE_BITSET, 9, 0, 0, 1u << 3), 1, "the one with that bit");
	is(futex(&second, FUTEX_WAKE, 9, 0, 0, 0), 0, "nobody waits on another word");
	is(futex(&word, FUTEX_WAKE, 99, 0, 0, 0), 2, "the other two");
	join_waiters();
	is(woken, WAITERS, "all went on");
	is(results[0] | results[1] | results[2] | results[3], 0, "and were told 0");
	is(futex(&word, FUTEX_WAKE, 0, 0, 0, 0), 0, "nobody is left");
}

static void moving(void)
{
	start_waiters();
	is(futex(&word, FUTEX_CMP_REQUEUE, 1, 2, &second, 6), -EAGAIN,
	   "the word has another value");
	is(futex(&word, FUTEX_CMP_REQUEUE, 1, 2, &second, 5), 3, "one is woken, two are moved");
	is(futex(&word, FUTEX_WAKE, 9, 0, 0, 0), 1, "one had stayed");
	is(futex(&second, FUTEX_WAKE, 9, 0, 0, 0), 2, "the moved ones wait elsewhere");
	join_waiters();
	start_waiters();
	is(futex(&word, FUTEX_REQUEUE, 0, 9, &second, 0), WAITERS, "all are moved");
	is(futex(&second, FUTEX_REQUEUE, 0, 9, &second, 0), WAITERS, "to where they are");
	is(futex(&second, FUTEX_WAKE, 9, 0, 0, 0), WAITERS, "and woken there");
	join_waiters();
}

static uint32_t code(uint32_t op, uint32_t arg, uint32_t cmp, uint32_t with)
{
	return op << 28 | cmp << 24 | (arg & 0xfff) << 12 | (with & 0xfff);
}

static void operations(void)
{
	static const struct {
		uint32_t code, before, after;
		const char *what;
	} ops[] = {
		{0 << 28 | 7 << 12, 3, 7, "set"},
		{1u << 28 | 0xfff << 12, 3, 2, "add -1"},
		{2u << 28 | 8 << 12, 3, 11, "or"},
		{3u << 28 | 1 << 12, 3, 2, "and not"},
		{4u << 28 | 1 << 12, 3, 2, "exclusive or"},
		{10u << 28 | 4 << 12, 1, 17, "or 1 << 4"},
	};

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		second = ops[i].before;
		is(futex(&word, FUTEX_WAKE_OP, 1, 1, &second, ops[i].code), 0, "%s", ops[i].what);
		is(second, ops[i].after, "%s gives that", ops[i].what);
	}
	start_waiters();
	second = 1;
	is(futex(&second, FUTEX_WAKE_OP, 9, 1, &word, code(0, 4, FUTEX_OP_CMP_GT, 5)), 0,
	   "the old value is not above 5: nobody is woken");
	is(futex(&second, FUTEX_WAKE_OP, 9, 9, &word, code(0, 5, FUTEX_OP_CMP_LT, 5)), WAITERS,
	   "it is below 5: all are");
	join_waiters();
	is(futex(&word, FUTEX_WAKE_OP, 1, 1, &second, 5u << 28), -ENOSYS, "no such operation");
	is(futex(&word, FUTEX_WAKE_OP, 1, 1, &second, 9u << 24), -ENOSYS, "no such comparison");
}

static void timeouts(void)
{
	struct timespec past = {0, 1}, ms = {0, 2000000}, bad = {0, 1000000000}, t0, t1, until;
	long ns;

	word = 5;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	is(futex(&word, FUTEX_WAIT, 5, (long)&ms, 0, 0), -ETIMEDOUT, "a relative timeout ends it");
	clock_gettime(CLOCK_MONOTONIC, &t1);
	ns = (t1.tv_sec - t0.tv_sec) * 1000000000l + t1.tv_nsec - t0.tv_nsec;
	ok(ns >= 2000000, "not early: %ld ns", ns);
	is(futex(&word, FUTEX_WAIT_BITSET, 5, (long)&past, 0, ~0u), -ETIMEDOUT,
	   "an absolute one in the past at once");
	until = t1;
	until.tv_nsec = (until.tv_nsec + 1000000) % 1000000000;
	until.tv_sec += until.tv_nsec < 1000000;
	is(futex(&word, FUTEX_WAIT_BITSET, 5, (long)&until, 0, ~0u), -ETIMEDOUT, "an absolute one");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec -= 1;
	is(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, (long)&until, 0, ~0u),
	   -ETIMEDOUT, "one of the wall clock");
	is(futex(&word, FUTEX_WAIT, 5, (long)&bad, 0, 0), -EINVAL, "no time");
	is(futex(&word, FUTEX_WAIT, 5, 8, 0, 0), -EFAULT, "no pointer");
}

static void errors(void)
{
	char *page = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	word = 5;
	is(futex(&word, FUTEX_WAIT, 6, 0, 0, 0), -EAGAIN, "another value is there");
	is(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 5, 0, 0, 0), -EINVAL, "not aligned");
	is(futex((uint32_t *)page, FUTEX_WAIT, 0, 0, 0, 0), -EFAULT, "not readable");
	is(futex((uint32_t *)0xffffffff80200000, FUTEX_WAIT, 0, 0, 0, 0), -EFAULT, "the core's");
	is(futex((uint32_t *)0xffffffff80200000, FUTEX_WAKE, 1, 0, 0, 0), -EFAULT, "nor woken");
	is(futex(&word, FUTEX_CMP_REQUEUE, 1, 1, (uint32_t *)0xffffffff80200000, 5), -EFAULT,
	   "nor moved to");
	is(futex(&word, FUTEX_WAIT_BITSET, 5, 0, 0, 0), -EINVAL, "an empty set waits for nothing");
	is(futex(&word, FUTEX_WAKE_BITSET, 5, 0, 0, 0), -EINVAL, "and wakes nobody");
	is(futex(&word, 99, 5, 0, 0, 0), -ENOSYS, "no such operation");
}

/* ---- what another does at the same time ---- */

static uint32_t stop;

/* Asks again and again to wait for a value that is not there. */
static void ask_in_vain(void *unused)
{
	(void)unused;
	for (int n = 1; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); n++) {
		futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 7, 0, 0, 0);
		if (n % 16 == 0)
			yield();
	}
}

static void wait_a_second(void *unused)
{
	struct timespec second = {1, 0};

	(void)unused;
	results[0] = futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, (long)&second, 0, 0);
}

/* A wake-up is for one who waits, not for one who is on the way out. */
static void not_stolen(void)
{
	int lost = 0, rounds = 0;

	word = 5;
	stop = 0;
	thread_start(&threads[1], ask_in_vain, 0);
	thread_start(&threads[2], ask_in_vain, 0);
	for (; rounds < 300 && lost < 3; rounds++) {
		results[0] = -1;
		thread_start(&threads[0], wait_a_second, 0);
		for (int i = 0; i < rounds % 64; i++)
			yield();
		while (futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0) != 1)
			yield();
		thread_join(&threads[0]);
		lost += results[0] != 0;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	thread_join(&threads[1]);
	thread_join(&threads[2]);
	is(lost, 0, "no wake-up of %d is lost on those who find another value", rounds);
}

static void fresh_page(void)
{
	struct timespec ms = {0, 1000000};
	uint32_t *page = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);

	is(futex(page, FUTEX_WAIT, 0, (long)&ms, 0, 0), -ETIMEDOUT,
	   "a word in a page that is not there yet is 0");
	is(futex(page + 1024, FUTEX_CMP_REQUEUE, 1, 1, &second, 0), 0, "for who moves too");
	munmap(page, 2 * 4096);
	is(futex(page, FUTEX_WAIT, 0, (long)&ms, 0, 0), -EFAULT, "one that is gone is none");
	is(futex(page, FUTEX_CMP_REQUEUE, 1, 1, &second, 0), -EFAULT, "nor to move from");
}

/* ---- signals ---- */

static uint32_t handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void signal_main(void *times)
{
	long pid = raw(SYS_getpid, 0, 0, 0, 0, 0, 0);

	for (long i = 0; i < (long)times; i++) {
		while (futex(&word, FUTEX_REQUEUE, 0, 9, &word, 0) != 1)
			yield();
		raw(SYS_tgkill, pid, pid, SIGUSR1, 0, 0, 0);
		while (__atomic_load_n(&handled, __ATOMIC_ACQUIRE) <= (uint32_t)i)
			yield();
	}
	while (__atomic_load_n(&stop, __ATOMIC_ACQUIRE) == 0 &&
	       futex(&word, FUTEX_WAKE, 1, 0, 0, 0) != 1)
		yield();
}

static long wait_signalled(long times, int flags, struct timespec *timeout)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = flags};
	long err;

	sigaction(SIGUSR1, &act, 0);
	handled = stop = 0;
	thread_start(&threads[0], signal_main, (void *)times);
	err = futex(&word, FUTEX_WAIT, 5, (long)timeout, 0, 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	thread_join(&threads[0]);
	return err;
}

static void signals(void)
{
	struct timespec long_time = {100, 0};

	word = 5;
	is(wait_signalled(1, 0, 0), -EINTR, "a signal ends a wait");
	is(wait_signalled(3, SA_RESTART, 0), 0, "or is handled while it goes on");
	is(handled, 3, "each time");
	is(wait_signalled(1, SA_RESTART, &long_time), -EINTR,
	   "with a timeout it is not begun anew");
}

int main(void)
{
	waking();
	moving();
	operations();
	timeouts();
	errors();
	not_stolen();
	fresh_page();
	signals();
	return done();
}
