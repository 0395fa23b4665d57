/* SPDX-License-Identifier: MIT */
/*
 * Locks that inherit priority, by a model: many threads do what they may at random, and after each step
 * what the core knows, what the words say and what the threads inherit must agree.
 */
#include "../../core/futex.c"
#include "../../core/futex_pi.c"

#include <core/syscall.h>

#include "fake.h"
#include "fs_archive.h"
#include "test.h"

#define THREADS 12
#define LOCKS	5
#define STEPS	100000

extern struct thread *fake_current;

static struct thread threads[THREADS];
static struct futex_waiter waiters[THREADS];
static bool waiting[THREADS]; /* in the lock that its waiter names, as the model knows */
static uint32_t *words, *host;
static uint64_t state;

static unsigned any(unsigned n)
{
	return (unsigned)(test_random(&state) % n);
}

static void begin(void)
{
	static const struct thread fresh;

	futex_init();
	words = fake_user_alloc(LOCKS * sizeof(*words));
	host = fake_user_host(words);
	memset(host, 0, LOCKS * sizeof(*words));
	state = 88172645463325252ull;
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = fresh;
		threads[i].tid = 100 + (int)i;
		fake_current = &threads[i];
		signal_thread_start(&threads[i], 0);
		waiting[i] = false;
	}
}

static void end(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		fake_current = &threads[i];
		signal_thread_exit(&threads[i]);
	}
}

/* A handed-over lock ends its waiter's call. */
static void settle(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		if (!waiting[i] || !waiters[i].woken)
			continue;
		fake_current = &threads[i];
		CHECK_EQ(leave(&waiters[i], -ETIMEDOUT), 0);
		waiting[i] = false;
	}
}

static void lock_one(unsigned t, unsigned l)
{
	struct futex_key key;
	int got;

	CHECK_EQ(futex_key((uintptr_t)&words[l], false, &key), 0);
	futex_waiter_init(&waiters[t], (uintptr_t)&words[l], &key);
	got = lock_or_queue(&waiters[t], false);
	CHECK(got == 1 || got == 0 || got == -EDEADLK);
	waiting[t] = got == 0;
}

static void unlock_one(unsigned t, unsigned l)
{
	struct futex_key key;
	bool mine = (host[l] & FUTEX_TID_MASK) == (uint32_t)threads[t].tid;

	(void)futex_key((uintptr_t)&words[l], false, &key);
	CHECK_EQ(futex_unlock_pi((uintptr_t)&words[l], &key), mine ? 0 : -EPERM);
}

static void step(void)
{
	unsigned t = any(THREADS), l = any(LOCKS);

	fake_current = &threads[t];
	switch (any(8)) {
	case 0:
		threads[t].policy.priority = (uint8_t)any(100);
		futex_pi_changed(threads[t].tid);
		break;
	case 1: /* the timeout */
		if (waiting[t])
			CHECK_EQ(leave(&waiters[t], -ETIMEDOUT), -ETIMEDOUT);
		waiting[t] = false;
		break;
	case 2:
	case 3:
	case 4:
		if (!waiting[t])
			unlock_one(t, l);
		break;
	default:
		if (!waiting[t])
			lock_one(t, l);
	}
	settle();
}

/* ---- what must hold ---- */

static struct thread *owner_by_word(unsigned l)
{
	uint32_t tid = host[l] & FUTEX_TID_MASK;

	return tid ? &threads[tid - 100] : NULL;
}

static unsigned lock_of(unsigned t)
{
	return (unsigned)((uint32_t *)waiters[t].addr - words);
}

static void check_waiter(unsigned t)
{
	struct thread *o = owner_by_word(lock_of(t));
	unsigned n = 0;

	CHECK(threads[t].pi.waiting == &waiters[t]);
	CHECK(waiters[t].owner == o);
	CHECK(host[lock_of(t)] & FUTEX_WAITERS);
	for (; o && n <= THREADS; n++)
		o = owner_waited_for(o);
	CHECK(n <= THREADS); /* no circle */
}

static void check_inherited(unsigned t)
{
	unsigned most = 0, n = 0;
	struct futex_waiter *w;

	for (unsigned i = 0; i < THREADS; i++)
		if (waiting[i] && owner_by_word(lock_of(i)) == &threads[t]) {
			most = max(most, sched_priority(&threads[i]));
			n++;
		}
	CHECK_EQ(threads[t].inherited, most);
	list_for_each_entry (w, waiters_of(&threads[t]), of_owner)
		n--;
	CHECK_EQ(n, 0);
}

static void check(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		if (waiting[i])
			check_waiter(i);
		else
			CHECK(!threads[i].pi.waiting);
		check_inherited(i);
	}
}

TEST(random_steps_leave_all_in_agreement)
{
	unsigned most = 0;

	begin();
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned n = 0;

		step();
		check();
		for (unsigned t = 0; t < THREADS; t++)
			n += waiting[t];
		most = max(most, n);
	}
	CHECK(most >= THREADS / 2); /* the steps came to something */
	end();
}

/* Threads end with what they have; who waits gets it, marked. */
TEST(an_owners_end_passes_on_all_it_has)
{
	begin();
	for (unsigned l = 0; l < LOCKS; l++) {
		fake_current = &threads[0];
		lock_one(0, l);
	}
	for (unsigned t = 1; t < THREADS; t++) {
		fake_current = &threads[t];
		threads[t].policy.priority = (uint8_t)t;
		lock_one(t, t % LOCKS);
		CHECK(waiting[t]);
	}
	CHECK_EQ(threads[0].inherited, THREADS - 1);
	fake_current = &threads[0];
	futex_pi_exit();
	settle();
	check();
	for (unsigned l = 0; l < LOCKS; l++) {
		unsigned best = l ? l : LOCKS;

		while (best + LOCKS < THREADS)
			best += LOCKS;
		CHECK_EQ(host[l] & ~FUTEX_WAITERS, (100 + best) | FUTEX_OWNER_DIED);
	}
	/* Nobody begins to wait for who has ended. */
	CHECK(!living(100));
	CHECK(living(101) == &threads[1]);
	CHECK(!living(99));
	end();
}
