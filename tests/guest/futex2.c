/* SPDX-License-Identifier: MIT */
/*
 * futex_waitv(2), which waits on several words at once, and Linux 6.7's futex_wait, futex_wake and
 * futex_requeue.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define U32	   2u
#define MINE	   (U32 | FUTEX_PRIVATE_FLAG)
#define WORDS	   5
#define MOST	   128
#define NR_WAITV   449
#define NR_WAKE	   454
#define NR_WAIT	   455
#define NR_REQUEUE 456

struct waitv {
	uint64_t value, addr;
	uint32_t flags, reserved;
};

static struct test_thread threads[2];
static uint32_t words[MOST], other;
static struct waitv vs[MOST + 1];
static long results[2];

static void nap(long ns)
{
	struct timespec ts = {0, ns};

	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

/* Until one waits on the word: moving it to where it is counts it. */
static void until_waiting(uint32_t *word, uint32_t flags)
{
	while (futex(word, FUTEX_REQUEUE | (flags & FUTEX_PRIVATE_FLAG), 0, 9, word, 0) != 1)
		nap(1000000);
}

static void fill(int n, uint32_t flags)
{
	for (int i = 0; i < n; i++) {
		words[i % MOST] = i % MOST + 1;
		vs[i] = (struct waitv){i % MOST + 1, (uint64_t)&words[i % MOST], flags, 0};
	}
}

static long waitv(void *v, long n, long flags, struct timespec *timeout, long clock)
{
	return raw(NR_WAITV, (long)v, n, flags, (long)timeout, clock, 0);
}

static long wake2(uint32_t *word, long mask, long n, long flags)
{
	return raw(NR_WAKE, (long)word, mask, n, flags, 0, 0);
}

static long wait2(uint32_t *word, long value, long mask, long flags, struct timespec *timeout,
		  long clock)
{
	return raw(NR_WAIT, (long)word, value, mask, flags, (long)timeout, clock);
}

static struct timespec later(int clock, long ns)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void wait_many(void *n)
{
	results[0] = waitv(vs, (long)n, 0, 0, 0);
}

/* ---- several words ---- */

static void any_of_them(int n, uint32_t flags, int which, const char *what)
{
	fill(n, flags);
	thread_start(&threads[0], wait_many, (void *)(long)n);
	until_waiting(&words[n - 1], flags);
	is(futex(&words[which], FUTEX_WAKE | (flags & FUTEX_PRIVATE_FLAG), 1, 0, 0, 0), 1,
	   "%s: word %d wakes one", what, which);
	thread_join(&threads[0]);
	is(results[0], which, "which is told the word");
	is(futex(&words[0], FUTEX_WAKE | (flags & FUTEX_PRIVATE_FLAG), 1, 0, 0, 0), 0,
	   "and waits on none any more");
}

static void moved(void)
{
	fill(WORDS, MINE);
	thread_start(&threads[0], wait_many, (void *)WORDS);
	until_waiting(&words[WORDS - 1], MINE);
	is(futex(&words[2], FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 1, &other, 0), 1,
	   "one of its waits is moved elsewhere");
	is(futex(&words[2], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 0, "not where it was");
	is(futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 1, "but there");
	thread_join(&threads[0]);
	is(results[0], 2, "it is the same wait");
}

static void several(void)
{
	struct timespec t, bad = {0, 1000000000};

	any_of_them(1, MINE, 0, "one");
	any_of_them(WORDS, MINE, 3, "some");
	any_of_them(MOST, MINE, MOST - 1, "as many as may be");
	any_of_them(WORDS, U32, 4, "shared");
	moved();
	fill(MOST + 1, MINE);
	is(waitv(vs, MOST + 1, 0, 0, 0), -EINVAL, "too many");
	is(waitv(vs, 0, 0, 0, 0), -EINVAL, "none");
	is(waitv(0, 1, 0, 0, 0), -EINVAL, "no pointer");
	is(waitv((void *)8, 1, 0, 0, 0), -EFAULT, "a wrong one");
	is(waitv(vs, WORDS, 1, 0, 0), -EINVAL, "a flag");
	vs[1].value = 77;
	is(waitv(vs, WORDS, 0, 0, 0), -EAGAIN, "one word has another value");
	vs[1].value = 1ull << 32;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "no word has that value");
	fill(WORDS, MINE);
	vs[4].flags = MINE | 0x40;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "a flag of a word that is none");
	vs[4].flags = FUTEX_PRIVATE_FLAG | 3;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "a word of 64 bits");
	vs[4].flags = FUTEX_PRIVATE_FLAG;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "one of 8");
	fill(WORDS, MINE);
	vs[4].reserved = 1;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "what is reserved");
	fill(WORDS, MINE);
	vs[4].addr += 2;
	is(waitv(vs, WORDS, 0, 0, 0), -EINVAL, "a word that is not aligned");
	vs[4].addr = 16;
	is(waitv(vs, WORDS, 0, 0, 0), -EFAULT, "one that is not there");
	vs[4].addr = 0xffffffff80200000;
	is(waitv(vs, WORDS, 0, 0, 0), -EFAULT, "the core's");
	fill(WORDS, MINE);
	t = later(CLOCK_MONOTONIC, 10000000);
	is(waitv(vs, WORDS, 0, &t, CLOCK_MONOTONIC), -ETIMEDOUT, "a timeout");
	t = later(CLOCK_REALTIME, 10000000);
	is(waitv(vs, WORDS, 0, &t, CLOCK_REALTIME), -ETIMEDOUT, "of the other clock");
	is(waitv(vs, WORDS, 0, &t, CLOCK_BOOTTIME), -EINVAL, "of a third");
	is(waitv(vs, WORDS, 0, &bad, CLOCK_REALTIME), -EINVAL, "no time");
	is(waitv(vs, WORDS, 0, (void *)8, CLOCK_REALTIME), -EFAULT, "no pointer to one");
	is(futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, 0, 0, 0), 0, "nobody is left");
}

/* ---- one word ---- */

static void wait_one(void *mask)
{
	results[0] = wait2(&words[0], 1, (long)mask, MINE, 0, 0);
}

static void one(void)
{
	struct timespec t;

	fill(WORDS, MINE);
	thread_start(&threads[0], wait_one, (void *)6);
	until_waiting(&words[0], MINE);
	is(wake2(&words[0], 1, 1, MINE), 0, "a wake-up for other bits");
	is(wake2(&words[0], 2, 0, MINE), 0, "of none wakes none");
	is(wake2(&words[0], 2, 1, MINE), 1, "for this bit");
	thread_join(&threads[0]);
	is(results[0], 0, "it is woken");
	is(wait2(&words[0], 2, 1, MINE, 0, 0), -EAGAIN, "another value");
	is(wait2(&words[0], 1, 0, MINE, 0, 0), -EINVAL, "no bit to wait for");
	is(wait2(&words[0], 1, 1l << 32, MINE, 0, 0), -EINVAL, "a bit beyond the word");
	is(wait2(&words[0], 1l << 32, 1, MINE, 0, 0), -EINVAL, "a value beyond it");
	is(wait2(&words[0], 1, 1, 0, 0, 0), -EINVAL, "a word of 8 bits");
	is(wait2(&words[0], 1, 1, MINE | 0x40, 0, 0), -EINVAL, "a flag that is none");
	t = later(CLOCK_MONOTONIC, 10000000);
	is(wait2(&words[0], 1, 1, MINE, &t, CLOCK_MONOTONIC), -ETIMEDOUT, "a timeout");
	is(wait2(&words[0], 1, 1, MINE, &t, 77), -EINVAL, "of no clock");
	is(wake2(&words[0], 0, 1, MINE), -EINVAL, "to wake by no bit");
	is(wake2(&words[0], 1l << 32, 1, MINE), -EINVAL, "by one beyond");
	is(wake2(&words[0], 1, 1, FUTEX_PRIVATE_FLAG), -EINVAL, "at 8 bits");
	is(wake2((uint32_t *)((char *)words + 2), 1, 1, MINE), -EINVAL, "not aligned");
}

static long requeue2(long flags, long wake, long move)
{
	return raw(NR_REQUEUE, (long)vs, flags, wake, move, 0, 0);
}

static void requeued(void)
{
	fill(WORDS, MINE);
	thread_start(&threads[0], wait_one, (void *)6);
	until_waiting(&words[0], MINE);
	vs[0].value = 5;
	is(requeue2(0, 0, 1), -EAGAIN, "not if the word has another value");
	vs[0].value = 1;
	is(requeue2(1, 0, 1), -EINVAL, "a flag");
	is(requeue2(0, -1, 1), -EINVAL, "no count");
	is(raw(NR_REQUEUE, 0, 0, 0, 1, 0, 0), -EINVAL, "no pointer");
	is(raw(NR_REQUEUE, 8, 0, 0, 1, 0, 0), -EFAULT, "a wrong one");
	is(requeue2(0, 0, 1), 1, "the waiter is moved");
	is(wake2(&words[0], 2, 1, MINE), 0, "away");
	is(wake2(&words[1], 2, 1, MINE), 1, "to the second word");
	thread_join(&threads[0]);
	is(results[0], 0, "and is woken there");
}

int main(void)
{
	several();
	one();
	requeued();
	return done();
}
