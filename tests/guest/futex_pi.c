/* SPDX-License-Identifier: MIT */
/*
 * futex(2)'s locks that inherit priority: the word's protocol, handing over, deadlocks, owners that
 * end, timeouts, and waiting for a condition to be moved to a lock.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define THREADS 4
#define NOBODY	0x3ffffff0 /* no thread's number */

static struct test_thread threads[THREADS];
static uint32_t lock, other, third, cond, order, go[THREADS], passed[THREADS];
static long results[THREADS];
static uint32_t seen[THREADS], place[THREADS];

static long tid(void)
{
	return raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static uint32_t load(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void nap(long ns)
{
	struct timespec ts = {0, ns};

	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

static long pi(uint32_t *word, int op)
{
	return futex(word, op | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0);
}

/* Until it is set, and who set it sleeps. */
static void wait_bits(uint32_t *word, uint32_t bits)
{
	while ((load(word) & bits) != bits)
		nap(100000);
	nap(2000000);
}

static void joined(int n)
{
	for (int i = 0; i < n; i++)
		thread_join(&threads[i]);
}

/* ---- one thread ---- */

static void alone(void)
{
	uint32_t me = (uint32_t)tid();

	is(pi(&lock, FUTEX_LOCK_PI), 0, "a free lock is taken");
	is(load(&lock), me, "the word is the thread's number");
	is(pi(&lock, FUTEX_LOCK_PI), -EDEADLK, "not twice");
	is(pi(&lock, FUTEX_LOCK_PI2), -EDEADLK, "nor by the other call");
	is(pi(&lock, FUTEX_TRYLOCK_PI), -EDEADLK, "nor by trying");
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "it is given back");
	is(load(&lock), 0, "the word is 0");
	is(pi(&lock, FUTEX_UNLOCK_PI), -EPERM, "not twice");
	is(pi(&lock, FUTEX_TRYLOCK_PI), 0, "a free lock is taken by trying");
	store(&lock, me | FUTEX_WAITERS | FUTEX_OWNER_DIED);
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "nobody waits, whatever the word says");
	is(load(&lock), 0, "the word is 0 then");
	store(&lock, FUTEX_OWNER_DIED);
	is(pi(&lock, FUTEX_LOCK_PI), 0, "a dead owner's lock is taken");
	is(load(&lock), me | FUTEX_OWNER_DIED, "and still says so");
	store(&lock, FUTEX_WAITERS);
	is(pi(&lock, FUTEX_LOCK_PI2), 0, "one with waiters that are none");
	is(load(&lock), me, "whose bit goes");
	store(&lock, NOBODY);
	is(pi(&lock, FUTEX_LOCK_PI), -ESRCH, "an owner who is not there");
	is(pi(&lock, FUTEX_UNLOCK_PI), -EPERM, "is not the caller");
	store(&lock, 0);
}

static void places(void)
{
	char *page = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *word = (uint32_t *)page;

	is(pi(word, FUTEX_LOCK_PI), 0, "a page that is not there yet");
	is(load(word), tid(), "has the word then");
	is(pi(word, FUTEX_UNLOCK_PI), 0, "which is given back");
	word = (uint32_t *)(page + 4096);
	mprotect(word, 4096, PROT_READ);
	is(pi(word, FUTEX_LOCK_PI), -EFAULT, "one that cannot be written");
	munmap(page, 3 * 4096);
	is(pi(word, FUTEX_LOCK_PI), -EFAULT, "one that is not mapped");
	is(pi(word, FUTEX_UNLOCK_PI), -EFAULT, "nor given back");
	is(futex((uint32_t *)((char *)&lock + 2), FUTEX_LOCK_PI, 0, 0, 0, 0), -EINVAL,
	   "not aligned");
	is(futex((uint32_t *)0xffffffff80200000, FUTEX_LOCK_PI, 0, 0, 0, 0), -EFAULT, "the core's");
}

/* ---- handing over ---- */

/* Waits for the lock, notes what it got and when, keeps it until told. */
static void take(void *arg)
{
	long n = (long)arg;

	results[n] = pi(&lock, FUTEX_LOCK_PI);
	seen[n] = load(&lock);
	place[n] = __atomic_add_fetch(&order, 1, __ATOMIC_ACQ_REL);
	store(&passed[n], 1);
	while (!load(&go[n]))
		nap(100000);
	if (!results[n])
		results[n] = pi(&lock, FUTEX_UNLOCK_PI);
}

static void start_takers(int n)
{
	order = 0;
	memset(go, 0, sizeof(go));
	memset(passed, 0, sizeof(passed));
	for (long i = 0; i < n; i++) {
		thread_start(&threads[i], take, (void *)i);
		nap(20000000);
	}
	wait_bits(&lock, FUTEX_WAITERS);
}

static void handed_over(void)
{
	pi(&lock, FUTEX_LOCK_PI);
	start_takers(3);
	is(load(&lock), (uint32_t)tid() | FUTEX_WAITERS, "the word says that others wait");
	is(order, 0, "they do");
	is(pi(&lock, FUTEX_TRYLOCK_PI), -EDEADLK, "the owner is still the owner");
	is(futex(&lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), -EINVAL,
	   "who waits for a lock is not just woken");
	is(futex(&lock, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 1, &other, 0), -EINVAL, "nor moved");
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "given back, it is handed over");
	is(load(&lock), (uint32_t)threads[0].tid | FUTEX_WAITERS, "to the first, at once");
	is(pi(&lock, FUTEX_UNLOCK_PI), -EPERM, "it is not the caller's any more");
	is(pi(&lock, FUTEX_TRYLOCK_PI), -EAGAIN, "nor free");
	for (int i = 0; i < 3; i++)
		store(&go[i], 1);
	joined(3);
	for (int i = 0; i < 3; i++) {
		is(results[i], 0, "waiter %d", i);
		is(seen[i] & FUTEX_TID_MASK, threads[i].tid, "had it");
		is(place[i], i + 1, "in the order they came");
	}
	is(load(&lock), 0, "and it is free in the end");
}

/* What the app has written over the word does not mislead the core. */
static void overwritten(void)
{
	pi(&lock, FUTEX_LOCK_PI);
	start_takers(1);
	store(&lock, (uint32_t)threads[0].tid | FUTEX_WAITERS);
	is(pi(&lock, FUTEX_UNLOCK_PI), -EPERM, "another's number: not the caller's");
	is(pi(&lock, FUTEX_LOCK_PI), -EINVAL, "an owner who is not the one waited for");
	store(&lock, 0);
	is(pi(&lock, FUTEX_LOCK_PI), -EINVAL, "free, though it is waited for");
	store(&lock, FUTEX_WAITERS | (uint32_t)tid());
	store(&go[0], 1);
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "put right, it is handed over");
	joined(1);
	is(results[0], 0, "as it should");
}

static void keep(void *unused)
{
	(void)unused;
	pi(&lock, FUTEX_LOCK_PI);
	store(&passed[0], 1);
	while (!load(&go[0]))
		nap(100000);
	results[0] = pi(&lock, FUTEX_UNLOCK_PI);
}

/* The word says it is main's, but another has it in the core's eyes. */
static void not_the_owner(void)
{
	lock = 0;
	go[0] = passed[0] = passed[1] = 0;
	thread_start(&threads[0], keep, 0);
	while (!load(&passed[0]))
		nap(100000);
	go[1] = 1;
	thread_start(&threads[1], take, (void *)1);
	wait_bits(&lock, FUTEX_WAITERS);
	store(&lock, (uint32_t)tid() | FUTEX_WAITERS);
	is(pi(&lock, FUTEX_UNLOCK_PI), -EINVAL, "what another has is not given back");
	store(&lock, (uint32_t)threads[0].tid | FUTEX_WAITERS);
	store(&go[0], 1);
	joined(2);
	is(results[0] | results[1], 0, "but by that one");
}

static void wait_plain(void *unused)
{
	(void)unused;
	results[0] = futex(&lock, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, 0, 0, 0);
}

static void not_a_lock(void)
{
	store(&lock, 5);
	thread_start(&threads[0], wait_plain, 0);
	nap(20000000);
	is(pi(&lock, FUTEX_LOCK_PI), -EINVAL, "a word that is waited on is no lock");
	store(&lock, (uint32_t)tid());
	is(pi(&lock, FUTEX_UNLOCK_PI), -EINVAL, "nor one to give back");
	is(futex(&lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 1, "its waiter is woken");
	joined(1);
	store(&lock, 0);
}

/* ---- circles ---- */

static void take_two(void *unused)
{
	(void)unused;
	pi(&other, FUTEX_LOCK_PI);
	store(&passed[0], 1);
	results[0] = pi(&lock, FUTEX_LOCK_PI);
	pi(&lock, FUTEX_UNLOCK_PI);
	pi(&other, FUTEX_UNLOCK_PI);
}

static void take_other(void *unused)
{
	(void)unused;
	pi(&third, FUTEX_LOCK_PI);
	results[1] = pi(&other, FUTEX_LOCK_PI);
	pi(&other, FUTEX_UNLOCK_PI);
	pi(&third, FUTEX_UNLOCK_PI);
}

static void circles(void)
{
	pi(&lock, FUTEX_LOCK_PI);
	thread_start(&threads[0], take_two, 0);
	wait_bits(&lock, FUTEX_WAITERS);
	is(pi(&other, FUTEX_LOCK_PI), -EDEADLK, "a lock whose owner waits for this thread");
	thread_start(&threads[1], take_other, 0);
	while (!load(&third))
		nap(100000);
	nap(20000000);
	is(pi(&third, FUTEX_LOCK_PI), -EDEADLK, "through one more");
	is(pi(&third, FUTEX_TRYLOCK_PI), -EAGAIN, "trying is no waiting");
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "it all comes apart");
	joined(2);
	is(results[0] | results[1], 0, "and all get what they waited for");
	is(lock | other | third, 0, "everything is free");
}

/* ---- an owner's end ---- */

static struct {
	uint64_t next;
	int64_t offset;
	uint64_t pending;
	uint64_t link;
	uint32_t lock;
} robust;

static void die_with_lock(void *arg)
{
	uint32_t *word = arg;

	pi(word, FUTEX_LOCK_PI);
	if (word == &robust.lock) {
		robust.next = (uint64_t)&robust.link | 1; /* bit 0: inherits priority */
		robust.link = (uint64_t)&robust;
		robust.offset = (char *)&robust.lock - (char *)&robust.link;
		raw(SYS_set_robust_list, (long)&robust, 24, 0, 0, 0, 0);
	}
	store(&passed[0], 1);
	while (!load(&go[0]))
		nap(100000);
}

static void wait_dying(void *arg)
{
	uint32_t *word = arg;

	results[1] = pi(word, FUTEX_LOCK_PI);
	seen[1] = load(word);
	results[2] = pi(word, FUTEX_UNLOCK_PI);
}

static void owner_ends(uint32_t *word, const char *what)
{
	go[0] = passed[0] = 0;
	thread_start(&threads[0], die_with_lock, word);
	while (!load(&passed[0]))
		nap(100000);
	thread_start(&threads[1], wait_dying, word);
	wait_bits(word, FUTEX_WAITERS);
	store(&go[0], 1);
	joined(2);
	is(results[1], 0, "%s: who waits gets the lock of a thread that ends", what);
	is(seen[1], (uint32_t)threads[1].tid | FUTEX_WAITERS | FUTEX_OWNER_DIED,
	   "and is told so by the word");
	is(results[2], 0, "it can give it back");
	is(load(word), 0, "free again");
}

static void owner_ended(void)
{
	go[0] = 1;
	thread_start(&threads[0], die_with_lock, &robust.lock);
	joined(1);
	is(robust.lock, FUTEX_OWNER_DIED, "a robust lock that nobody waited for is marked");
	is(pi(&robust.lock, FUTEX_LOCK_PI), 0, "and can be taken");
	is(robust.lock, (uint32_t)tid() | FUTEX_OWNER_DIED, "with the mark");
	pi(&robust.lock, FUTEX_UNLOCK_PI);
	thread_start(&threads[0], die_with_lock, &lock);
	joined(1);
	is(lock, threads[0].tid, "one that is not robust stays as it was");
	is(pi(&lock, FUTEX_LOCK_PI), -ESRCH, "and lost");
	store(&lock, 0);
}

/* The page with the lock goes while one waits for it. */
static void wait_gone(void *arg)
{
	results[1] = pi(arg, FUTEX_LOCK_PI);
}

static void word_ends(void)
{
	uint32_t *word = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	go[0] = passed[0] = 0;
	thread_start(&threads[0], die_with_lock, word);
	while (!load(&passed[0]))
		nap(100000);
	thread_start(&threads[1], wait_gone, word);
	wait_bits(word, FUTEX_WAITERS);
	munmap(word, 4096);
	store(&go[0], 1);
	joined(2);
	is(results[1], -EFAULT, "its owner and its word gone, who waits for a lock is told");
}

/* ---- timeouts ---- */

static long lock_until(int op, int clock, long ns)
{
	struct timespec now, until;
	long err;

	clock_gettime(clock, &until);
	until.tv_nsec += ns;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	err = futex(&lock, op, 0, (long)&until, 0, 0);
	clock_gettime(clock, &now);
	if (now.tv_sec < until.tv_sec ||
	    (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec))
		return 1;
	return err;
}

static void timeouts(void)
{
	struct timespec bad = {0, -1}, past = {1, 0};

	go[0] = passed[0] = 0;
	thread_start(&threads[0], keep, 0);
	while (!load(&passed[0]))
		nap(100000);
	is(lock_until(FUTEX_LOCK_PI, CLOCK_REALTIME, 20000000), -ETIMEDOUT,
	   "a timeout of the wall clock, not early");
	is(lock_until(FUTEX_LOCK_PI2, CLOCK_MONOTONIC, 20000000), -ETIMEDOUT,
	   "LOCK_PI2's is the monotonic clock's");
	is(lock_until(FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, 20000000), -ETIMEDOUT,
	   "or the wall clock's, if it is told");
	is(futex(&lock, FUTEX_LOCK_PI2, 0, (long)&past, 0, 0), -ETIMEDOUT, "one in the past");
	is(futex(&lock, FUTEX_LOCK_PI, 0, (long)&bad, 0, 0), -EINVAL, "no time");
	is(futex(&lock, FUTEX_LOCK_PI, 0, 8, 0, 0), -EFAULT, "no pointer");
	is(futex(&lock, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, (long)&past, 0, 0), -ENOSYS,
	   "LOCK_PI has one clock only");
	is(futex(&lock, FUTEX_UNLOCK_PI | FUTEX_CLOCK_REALTIME, 0, 0, 0, 0), -ENOSYS,
	   "UNLOCK_PI none");
	is(load(&lock), (uint32_t)threads[0].tid | FUTEX_WAITERS, "the owner has it still");
	store(&go[0], 1);
	joined(1);
	is(results[0], 0, "and gives it back, though nobody waits any more");
	is(load(&lock), 0, "free");
	is(futex(&lock, FUTEX_LOCK_PI2, 0, (long)&past, 0, 0), 0,
	   "a free lock is taken whatever the timeout");
	pi(&lock, FUTEX_UNLOCK_PI);
}

/* ---- waiting for a condition ---- */

static long wait_cond(uint32_t value, long timeout)
{
	return futex(&cond, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG, value, timeout, &lock, 0);
}

static long move(uint32_t wake, long count, uint32_t *to, uint32_t value)
{
	return futex(&cond, FUTEX_CMP_REQUEUE_PI | FUTEX_PRIVATE_FLAG, wake, count, to, value);
}

static void wait_for_cond(void *arg)
{
	long n = (long)arg;

	results[n] = wait_cond(7, 0);
	seen[n] = load(&lock);
	place[n] = __atomic_add_fetch(&order, 1, __ATOMIC_ACQ_REL);
	if (!results[n])
		results[n] = pi(&lock, FUTEX_UNLOCK_PI);
}

static void start_cond(int n)
{
	cond = 7;
	order = 0;
	for (long i = 0; i < n; i++) {
		thread_start(&threads[i], wait_for_cond, (void *)i);
		nap(20000000);
	}
}

static void moved(bool owned)
{
	start_cond(3);
	if (owned)
		pi(&lock, FUTEX_LOCK_PI);
	is(move(1, 9, &lock, 8), -EAGAIN, "the condition has another value");
	is(move(1, 9, &other, 7), -EINVAL, "they wait for another lock");
	is(futex(&cond, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), -EINVAL,
	   "they are not just woken");
	is(futex(&cond, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &lock, 7), -EINVAL,
	   "nor moved without their lock");
	is(move(1, 0, &lock, 7), 1, "one gets the lock, or waits for it");
	is(move(1, 9, &lock, 7), 2, "the others too");
	if (owned) {
		nap(20000000);
		is(order, 0, "who has it keeps it");
		is(load(&lock), (uint32_t)tid() | FUTEX_WAITERS, "as the word says");
		is(pi(&lock, FUTEX_UNLOCK_PI), 0, "then gives it back");
	}
	joined(3);
	for (int i = 0; i < 3; i++) {
		is(results[i], 0, "waiter %d", i);
		is(seen[i] & FUTEX_TID_MASK, threads[i].tid, "had the lock");
		ok(!owned || place[i] == (uint32_t)i + 1, "in the order they came");
	}
	is(load(&lock), 0, "which is free");
}

static void conditions(void)
{
	struct timespec past = {1, 0};

	moved(false);
	moved(true);
	is(wait_cond(8, 0), -EAGAIN, "the condition has another value already");
	is(wait_cond(7, (long)&past), -ETIMEDOUT, "a timeout");
	is(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 7, 0, &cond, 0), -EINVAL,
	   "the condition is not its lock");
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, 1, &cond, 7), -EINVAL, "nor moved to");
	is(move(2, 1, &lock, 7), -EINVAL, "one may be woken, no more");
	is(move(1, -1, &lock, 7), -EINVAL, "no number of waiters");
	is(move(1, 1, &lock, 7), 0, "nobody is there");
}

/* ---- signals ---- */

static uint32_t handled;

static void handler(int sig)
{
	(void)sig;
	__atomic_add_fetch(&handled, 1, __ATOMIC_ACQ_REL);
}

static void signal_main(long pid)
{
	nap(20000000);
	raw(SYS_tgkill, pid, pid, SIGUSR1, 0, 0, 0);
	while (!load(&handled))
		nap(100000);
	nap(20000000);
}

/* Has the lock, signals who waits for it, gives it back. */
static void keep_and_signal(void *unused)
{
	(void)unused;
	pi(&lock, FUTEX_LOCK_PI);
	store(&passed[0], 1);
	while (!(load(&lock) & FUTEX_WAITERS))
		nap(100000);
	signal_main(raw(SYS_getpid, 0, 0, 0, 0, 0, 0));
	results[0] = pi(&lock, FUTEX_UNLOCK_PI);
}

/* Moves who waits for the condition to the lock, which it has, before it signals. */
static void move_and_signal(void *moves)
{
	if (moves)
		pi(&lock, FUTEX_LOCK_PI);
	store(&passed[0], 1);
	nap(20000000);
	while (moves && move(1, 1, &lock, 7) != 1)
		nap(100000);
	signal_main(raw(SYS_getpid, 0, 0, 0, 0, 0, 0));
	store(&cond, 8);
	if (moves)
		results[0] = pi(&lock, FUTEX_UNLOCK_PI);
	else
		results[0] = move(1, 1, &lock, 8);
}

static void start_signaller(void (*fn)(void *), void *arg)
{
	handled = passed[0] = 0;
	cond = 7;
	thread_start(&threads[0], fn, arg);
	while (!load(&passed[0]))
		nap(100000);
}

static void signals(void)
{
	struct sigaction act = {.sa_handler = handler};

	sigaction(SIGUSR1, &act, 0);
	lock = 0;
	start_signaller(keep_and_signal, 0);
	is(pi(&lock, FUTEX_LOCK_PI), 0, "a signal does not end the wait for a lock");
	is(load(&handled), 1, "but is handled");
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "the lock is there");
	joined(1);
	start_signaller(move_and_signal, (void *)1);
	is(wait_cond(7, 0), -EAGAIN, "moved already, a wait for a condition ends by a signal");
	joined(1);
	is(load(&lock), 0, "without the lock");
	start_signaller(move_and_signal, 0);
	is(wait_cond(7, 0), 0, "not moved yet, it goes on");
	joined(1);
	is(results[0], 1, "until moved");
	is(pi(&lock, FUTEX_UNLOCK_PI), 0, "with the lock");
}

/* A lock that its next owner has already: moving would have it wait for itself. */
static void have_and_wait(void *unused)
{
	(void)unused;
	pi(&lock, FUTEX_LOCK_PI);
	results[0] = wait_cond(7, 0);
	pi(&lock, FUTEX_UNLOCK_PI);
}

static void moved_to_own(void)
{
	cond = 7;
	thread_start(&threads[0], have_and_wait, 0);
	while (!load(&lock))
		nap(100000);
	nap(20000000);
	is(move(1, 1, &lock, 7), -EDEADLK, "nobody is moved to a lock he has");
	is(futex(&cond, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), -EINVAL, "he still waits");
	store(&lock, 0);
	is(move(1, 1, &lock, 7), 1, "the lock free, he gets it");
	joined(1);
	is(results[0], 0, "and goes on");
	is(load(&lock), 0, "free");
}

int main(void)
{
	alone();
	places();
	handed_over();
	overwritten();
	not_the_owner();
	not_a_lock();
	circles();
	owner_ends(&lock, "plain");
	owner_ends(&robust.lock, "robust");
	owner_ended();
	word_ends();
	timeouts();
	conditions();
	moved_to_own();
	signals();
	return done();
}
