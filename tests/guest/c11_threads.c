/* SPDX-License-Identifier: MIT */
/*
 * The threads of C11.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include "tap.h"

static mtx_t m;
static cnd_t c;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static int turn, inits, destroyed;
static thread_local int mine = 3;

static void init(void)
{
	inits++;
}

static void destroy(void *value)
{
	(void)value;
	destroyed++;
}

static int negative(void *arg)
{
	(void)arg;
	return -5;
}

static int leave(void *arg)
{
	(void)arg;
	thrd_exit(77);
}

static int take_turns(void *arg)
{
	int me = *(int *)arg, result = mine;

	mine = me;
	call_once(&once, init);
	tss_set(key, arg);
	for (int i = 0; i < 200; i++) {
		mtx_lock(&m);
		while (turn % 4 != me)
			cnd_wait(&c, &m);
		turn++;
		cnd_broadcast(&c);
		mtx_unlock(&m);
	}
	return tss_get(key) == arg && mine == me ? result : -1;
}

static int try_locks(void *arg)
{
	struct timespec at;

	(void)arg;
	if (mtx_trylock(&m) != thrd_busy)
		return 1;
	timespec_get(&at, TIME_UTC);
	at.tv_nsec += 20000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return mtx_timedlock(&m, &at) == thrd_timedout ? 0 : 2;
}

static int detached(void *arg)
{
	(void)arg;
	mtx_lock(&m);
	turn = -1;
	cnd_signal(&c);
	mtx_unlock(&m);
	return 0;
}

int main(void)
{
	struct timespec nap = {0, 1000000};
	int id[4] = {0, 1, 2, 3}, result, sum = 0;
	thrd_t t[4];

	is(mtx_init(&m, mtx_timed), thrd_success, "a mutex");
	is(cnd_init(&c), thrd_success, "a condition");
	is(tss_create(&key, destroy), thrd_success, "a key");
	is(thrd_create(&t[0], negative, NULL), thrd_success, "a thread");
	is(thrd_join(t[0], &result), thrd_success, "joined");
	is(result, -5, "with its result");
	thrd_create(&t[0], leave, NULL);
	thrd_join(t[0], &result);
	is(result, 77, "thrd_exit says another");
	for (int i = 0; i < 4; i++)
		thrd_create(&t[i], take_turns, &id[i]);
	for (int i = 0; i < 4; i++) {
		thrd_join(t[i], &result);
		sum += result;
	}
	is(sum, 12, "four take turns, each with variables of its own");
	is(turn, 800, "two hundred times each");
	is(inits, 1, "call_once");
	is(destroyed, 4, "values are destroyed");
	is(mine, 3, "ours is as it was");

	mtx_lock(&m);
	thrd_create(&t[0], try_locks, NULL);
	thrd_join(t[0], &result);
	is(result, 0, "busy, and timed out");
	thrd_create(&t[0], detached, NULL);
	is(thrd_detach(t[0]), thrd_success, "detached");
	while (turn != -1)
		cnd_wait(&c, &m);
	mtx_unlock(&m);
	ok(turn == -1, "it ran");
	mtx_destroy(&m);
	is(mtx_init(&m, mtx_plain | mtx_recursive), thrd_success, "a recursive mutex");
	is(mtx_lock(&m), thrd_success, "locked");
	is(mtx_trylock(&m), thrd_success, "again");
	ok(thrd_equal(thrd_current(), thrd_current()), "one is oneself");
	is(thrd_sleep(&nap, NULL), 0, "a sleep");
	thrd_yield();
	tss_delete(key);
	cnd_destroy(&c);
	return done();
}
