/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks, barriers, spin locks, once and keys: what each answers, and that it holds under many
 * threads.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 8

static void start_all(pthread_t *t, void *(*fn)(void *))
{
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, fn, (void *)(long)i))
			abort();
}

static long join_all(pthread_t *t)
{
	long sum = 0;

	for (int i = 0; i < THREADS; i++) {
		void *result = NULL;

		pthread_join(t[i], &result);
		sum += (long)result;
	}
	return sum;
}

static long other(void *(*fn)(void *))
{
	void *result;
	pthread_t t;

	pthread_create(&t, NULL, fn, NULL);
	pthread_join(t, &result);
	return (long)result;
}

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec at;

	clock_gettime(clock, &at);
	at.tv_nsec += ms * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

/* ---- read-write locks ---- */

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

static void *try_read(void *arg)
{
	int err = pthread_rwlock_tryrdlock(&rw);

	(void)arg;
	if (!err)
		pthread_rwlock_unlock(&rw);
	return (void *)(long)err;
}

static void *try_write(void *arg)
{
	int err = pthread_rwlock_trywrlock(&rw);

	(void)arg;
	if (!err)
		pthread_rwlock_unlock(&rw);
	return (void *)(long)err;
}

static void *timed_read(void *arg)
{
	struct timespec at = after(CLOCK_REALTIME, 20);

	(void)arg;
	return (void *)(long)pthread_rwlock_timedrdlock(&rw, &at);
}

static void *timed_write(void *arg)
{
	struct timespec at = after(CLOCK_MONOTONIC, 20);

	(void)arg;
	return (void *)(long)pthread_rwlock_clockwrlock(&rw, CLOCK_MONOTONIC, &at);
}

static void *write_now(void *arg)
{
	(void)arg;
	pthread_rwlock_wrlock(&rw);
	pthread_rwlock_unlock(&rw);
	return NULL;
}

static void rwlock_answers(void)
{
	is(pthread_rwlock_rdlock(&rw), 0, "rwlock: read");
	is(pthread_rwlock_rdlock(&rw), 0, "and again");
	is(other(try_read), 0, "others too");
	is(other(try_write), EBUSY, "but nobody writes");
	is(pthread_rwlock_trywrlock(&rw), EBUSY, "nor does the reader");
	is(other(timed_write), ETIMEDOUT, "a writer gives up");
	pthread_rwlock_unlock(&rw);
	is(other(try_write), EBUSY, "one reader is left");
	pthread_rwlock_unlock(&rw);
	is(other(try_write), 0, "none");
	is(pthread_rwlock_wrlock(&rw), 0, "write");
	is(pthread_rwlock_wrlock(&rw), EDEADLK, "not again");
	is(pthread_rwlock_rdlock(&rw), EDEADLK, "nor read");
	is(pthread_rwlock_tryrdlock(&rw), EBUSY, "nor try to");
	is(other(try_read), EBUSY, "others do not read");
	is(other(timed_read), ETIMEDOUT, "a reader gives up");
	is(other(timed_write), ETIMEDOUT, "a writer as well");
	pthread_rwlock_unlock(&rw);
	is(other(try_read), 0, "free");
}

static void rwlock_preference(int kind, int wanted, const char *what)
{
	pthread_rwlockattr_t attr;
	pthread_t t;

	pthread_rwlockattr_init(&attr);
	is(pthread_rwlockattr_setkind_np(&attr, kind), 0, "kind %d", kind);
	pthread_rwlock_init(&rw, &attr);
	pthread_rwlock_rdlock(&rw);
	pthread_create(&t, NULL, write_now, NULL);
	usleep(20000);
	is(other(try_read), wanted, "%s", what);
	pthread_rwlock_unlock(&rw);
	pthread_join(t, NULL);
	is(pthread_rwlock_destroy(&rw), 0, "destroyed");
}

static volatile long left, right;
static volatile int writers, readers;

static void *read_and_write(void *arg)
{
	long wrong = 0;

	for (long i = 0; i < 5000; i++) {
		if ((i + (long)arg) % 5) {
			pthread_rwlock_rdlock(&rw);
			wrong += left != right || writers;
			__atomic_add_fetch(&readers, 1, __ATOMIC_RELAXED);
			if (i % 50 == 0)
				sched_yield();
			wrong += left != right || writers;
			__atomic_sub_fetch(&readers, 1, __ATOMIC_RELAXED);
		} else {
			pthread_rwlock_wrlock(&rw);
			writers++;
			left++;
			if (i % 50 == 0)
				sched_yield();
			right++;
			wrong += readers || writers != 1;
			writers--;
		}
		pthread_rwlock_unlock(&rw);
	}
	return (void *)wrong;
}

static void rwlock_many(int kind)
{
	pthread_rwlockattr_t attr;
	pthread_t t[THREADS];

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlock_init(&rw, &attr);
	left = right = 0;
	start_all(t, read_and_write);
	is(join_all(t), 0, "kind %d: nobody sees a writer at work", kind);
	is(left, THREADS * 1000, "and every write counts");
	pthread_rwlock_destroy(&rw);
}

/* Many give up at the moment they get it. */
static void *read_and_write_timed(void *arg)
{
	long wrong = 0;

	for (long i = 0; i < 1000; i++) {
		struct timespec at;

		clock_gettime(CLOCK_REALTIME, &at);
		at.tv_nsec += i % 7 * 20000;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		if ((i + (long)arg) % 3) {
			if (pthread_rwlock_timedrdlock(&rw, &at))
				continue;
			wrong += left != right || writers;
			sched_yield();
			wrong += left != right || writers;
		} else {
			if (pthread_rwlock_timedwrlock(&rw, &at))
				continue;
			writers++;
			left++;
			sched_yield();
			right++;
			wrong += writers != 1;
			writers--;
		}
		pthread_rwlock_unlock(&rw);
	}
	return (void *)wrong;
}

static void rwlock_timed(int kind)
{
	pthread_rwlockattr_t attr;
	pthread_t t[THREADS];

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlock_init(&rw, &attr);
	start_all(t, read_and_write_timed);
	is(join_all(t), 0, "kind %d: readers and writers that give up", kind);
	is(pthread_rwlock_trywrlock(&rw), 0, "leave nothing behind");
	pthread_rwlock_unlock(&rw);
	is(pthread_rwlock_tryrdlock(&rw), 0, "neither way");
	pthread_rwlock_unlock(&rw);
}

/* ---- barriers ---- */

static pthread_barrier_t barrier;
static int came[200];

static void *meet(void *arg)
{
	long serial = 0, wrong = 0;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		__atomic_add_fetch(&came[i], 1, __ATOMIC_RELAXED);
		serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
		wrong += __atomic_load_n(&came[i], __ATOMIC_RELAXED) != THREADS;
	}
	return (void *)(wrong * 100000 + serial);
}

static pthread_barrier_t *once_barrier;

static void *meet_and_destroy(void *arg)
{
	pthread_barrier_t *b = once_barrier;

	(void)arg;
	if (pthread_barrier_wait(b) == PTHREAD_BARRIER_SERIAL_THREAD) {
		pthread_barrier_destroy(b);
		memset(b, 0x55, sizeof(*b));
		free(b);
		return (void *)1;
	}
	return NULL;
}

static void barriers(void)
{
	pthread_t t[THREADS];
	int destroyed = 0;

	is(pthread_barrier_init(&barrier, NULL, 0), EINVAL, "a barrier for nobody");
	is(pthread_barrier_init(&barrier, NULL, THREADS), 0, "a barrier for %d", THREADS);
	start_all(t, meet);
	is(join_all(t), 200, "200 meetings, each complete, each with one serial thread");
	is(pthread_barrier_destroy(&barrier), 0, "destroyed");
	for (int i = 0; i < 100; i++) {
		once_barrier = malloc(sizeof(*once_barrier));
		pthread_barrier_init(once_barrier, NULL, THREADS);
		start_all(t, meet_and_destroy);
		destroyed += (int)join_all(t);
	}
	is(destroyed, 100, "100 barriers destroyed by the first to leave");
}

/* ---- spin locks ---- */

static pthread_spinlock_t spin;
static volatile long spun;

static void *spin_count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5000; i++) {
		pthread_spin_lock(&spin);
		spun = spun + 1;
		pthread_spin_unlock(&spin);
	}
	return NULL;
}

static void spin_locks(void)
{
	pthread_t t[THREADS];

	is(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0, "a spin lock");
	is(pthread_spin_lock(&spin), 0, "locked");
	is(pthread_spin_trylock(&spin), EBUSY, "tried");
	is(pthread_spin_unlock(&spin), 0, "unlocked");
	start_all(t, spin_count);
	join_all(t);
	is(spun, THREADS * 5000, "lets one in at a time");
	is(pthread_spin_destroy(&spin), 0, "destroyed");
}

/* ---- once ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialized;

static void slow_init(void)
{
	usleep(20000);
	initialized++;
}

static void *init_once(void *arg)
{
	(void)arg;
	pthread_once(&once, slow_init);
	return (void *)(long)initialized;
}

static void once_only(void)
{
	pthread_t t[THREADS];

	start_all(t, init_once);
	is(join_all(t), THREADS, "pthread_once: all come back after it was done");
	is(initialized, 1, "once");
}

/* ---- keys ---- */

static pthread_key_t key, chain, late;
static int destroyed, rounds;

static void count_destroyed(void *value)
{
	__atomic_add_fetch(&destroyed, (int)(long)value, __ATOMIC_RELAXED);
}

static void store_again(void *value)
{
	rounds++;
	pthread_setspecific(chain, value);
}

static void *use_keys(void *arg)
{
	long ok = pthread_getspecific(key) == NULL;

	pthread_setspecific(key, (void *)((long)arg + 1));
	sched_yield();
	return (void *)(long)(ok && pthread_getspecific(key) == (void *)((long)arg + 1));
}

static void *use_chain(void *arg)
{
	pthread_setspecific(chain, &rounds);
	return arg;
}

static void keys(void)
{
	pthread_key_t many[PTHREAD_KEYS_MAX];
	pthread_t t[THREADS];
	int n = 0, wrong = 0;

	is(pthread_key_create(&key, count_destroyed), 0, "a key");
	is((long)pthread_getspecific(key), 0, "holds nothing");
	start_all(t, use_keys);
	is(join_all(t), THREADS, "each thread has its own value");
	is(destroyed, THREADS * (THREADS + 1) / 2, "each was destroyed");
	pthread_key_create(&chain, store_again);
	other(use_chain);
	is(rounds, PTHREAD_DESTRUCTOR_ITERATIONS, "one that comes back is destroyed some times");

	pthread_setspecific(key, (void *)5);
	is(pthread_key_delete(key), 0, "the key is deleted");
	is(pthread_key_delete(key), EINVAL, "once");
	is(pthread_setspecific(key, &key), EINVAL, "nothing can be stored");
	pthread_key_create(&late, NULL);
	is((long)pthread_getspecific(late), 0, "a new key in its place holds nothing");

	while (n < PTHREAD_KEYS_MAX && !pthread_key_create(&many[n], NULL))
		n++;
	ok(n > 1000 && n < PTHREAD_KEYS_MAX, "then there is room for %d more", n);
	is(pthread_key_create(&key, NULL), EAGAIN, "and not for one beyond");
	for (int i = 0; i < n; i++)
		wrong += pthread_setspecific(many[i], &many[i]) != 0;
	for (int i = 0; i < n; i++)
		wrong += pthread_getspecific(many[i]) != &many[i];
	is(wrong, 0, "each holds what was stored");
	for (int i = 0; i < n; i++)
		wrong += pthread_key_delete(many[i]);
	is(wrong, 0, "all are deleted");
}

int main(void)
{
	rwlock_answers();
	rwlock_preference(PTHREAD_RWLOCK_DEFAULT_NP, 0, "readers go before a waiting writer");
	rwlock_preference(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP, EBUSY,
			  "unless the lock prefers writers");
	rwlock_many(PTHREAD_RWLOCK_DEFAULT_NP);
	rwlock_many(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	rwlock_timed(PTHREAD_RWLOCK_DEFAULT_NP);
	rwlock_timed(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	barriers();
	spin_locks();
	once_only();
	keys();
	return done();
}
