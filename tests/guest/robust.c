/* SPDX-License-Identifier: MIT */
/*
 * Threads' numbers and what a thread leaves behind: gettid, tkill and tgkill, set_tid_address, and
 * robust locks, whose list may be anything.
 *
 * guest:
 * guest: run="--smp 4"
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#include "thread.h"

#define LOCKS 3
#define MOST  2048 /* of a list, what Linux looks at */

struct entry {
	uint64_t next;
	uint32_t lock, pad;
};

static struct {
	uint64_t next;
	int64_t offset;
	uint64_t pending;
} head;

static struct test_thread one, two;
static struct entry entries[MOST + 2];
static uint32_t go, ready, word;
static uint64_t got_head, got_len;
static long result;

static void nap(long ns)
{
	struct timespec ts = {0, ns};

	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

static long tid(void)
{
	return raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static void until(uint32_t *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		nap(100000);
}

static void set(uint32_t *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_RELEASE);
}

static long set_list(void *list, long len)
{
	return raw(SYS_set_robust_list, (long)list, len, 0, 0, 0, 0);
}

static long get_list(long of, void *list, void *len)
{
	return raw(SYS_get_robust_list, of, (long)list, (long)len, 0, 0, 0);
}

/* ---- numbers ---- */

static void wait_to_end(void *unused)
{
	(void)unused;
	set_list(&head, 24);
	set(&ready);
	until(&go);
}

static void numbers(void)
{
	long me = tid(), pid = raw(SYS_getpid, 0, 0, 0, 0, 0, 0), that;

	is(me, pid, "the first thread's number is the process's");
	go = ready = 0;
	thread_start(&one, wait_to_end, 0);
	until(&ready);
	that = one.tid;
	is(raw(SYS_tkill, that, 0, 0, 0, 0, 0), 0, "a thread is there");
	is(raw(SYS_tgkill, pid, that, 0, 0, 0, 0), 0, "in this process");
	is(raw(SYS_tgkill, pid + 1, that, 0, 0, 0, 0), -ESRCH, "in no other");
	is(raw(SYS_tkill, that, 65, 0, 0, 0, 0), -EINVAL, "no signal");
	is(raw(SYS_tgkill, pid, that, -1, 0, 0, 0), -EINVAL, "a negative one");
	is(raw(SYS_tkill, 0, 0, 0, 0, 0, 0), -EINVAL, "no thread has number 0");
	is(raw(SYS_tkill, -1, 0, 0, 0, 0, 0), -EINVAL, "or a negative one");
	is(raw(SYS_tgkill, pid, 0, 0, 0, 0, 0), -EINVAL, "nor in this process");
	is(raw(SYS_tgkill, 0, that, 0, 0, 0, 0), -EINVAL, "which has one");
	is(raw(SYS_tkill, 0x3ffffff0, 0, 0, 0, 0, 0), -ESRCH, "a number nobody has");
	is(get_list(that, &got_head, &got_len), 0, "another thread's list can be asked for");
	is(got_head, (long)&head, "it is that thread's");
	is(get_list(0x3ffffff0, &got_head, &got_len), -ESRCH, "nobody's cannot");
	set(&go);
	thread_join(&one);
	while (raw(SYS_tkill, that, 0, 0, 0, 0, 0) == 0)
		nap(100000);
	is(raw(SYS_tkill, that, 0, 0, 0, 0, 0), -ESRCH, "it has ended");
	is(get_list(that, &got_head, &got_len), -ESRCH, "with its list");
}

static void lists(void)
{
	is(set_list(&head, 24), 0, "a list");
	is(set_list(&word, 16), -EINVAL, "of another size");
	is(get_list(0, &got_head, &got_len), 0, "it can be asked for");
	is(got_head, (long)&head, "and is still the first");
	is(got_len, 24, "of that size");
	is(get_list(tid(), &got_head, &got_len), 0, "by number too");
	is(got_head, (long)&head, "the same");
	is(get_list(0, (void *)8, &got_len), -EFAULT, "nowhere to tell it");
	is(get_list(0, &got_head, (void *)8), -EFAULT, "nor its size");
	set_list(0, 24);
}

static uint32_t own_word;

static void end_with_word(void *unused)
{
	(void)unused;
	result = raw(SYS_set_tid_address, (long)&own_word, 0, 0, 0, 0, 0);
	set(&ready);
	until(&go);
}

static void tid_address(void)
{
	go = ready = 0;
	own_word = 7;
	one.tid = thread_clone(THREAD_FLAGS, one.stack + STACK_SIZE, 0, 0, 0, end_with_word, 0);
	until(&ready);
	is(result, one.tid, "set_tid_address tells the thread's number");
	set(&go);
	while (__atomic_load_n(&own_word, __ATOMIC_ACQUIRE))
		futex(&own_word, FUTEX_WAIT, 7, 0, 0, 0);
	is(own_word, 0, "and the word is cleared and woken at its end");
}

/* ---- locks ---- */

static void chain(int n)
{
	head.next = (uint64_t)&entries[0];
	head.offset = offsetof(struct entry, lock);
	head.pending = 0;
	for (int i = 0; i < n; i++) {
		entries[i].next = i + 1 < n ? (uint64_t)&entries[i + 1] : (uint64_t)&head;
		entries[i].lock = 0;
	}
}

static void die(void *locks)
{
	set_list(&head, 24);
	for (long i = 0; i < (long)locks; i++)
		entries[i].lock |= (uint32_t)tid();
	set(&ready);
	until(&go);
}

static void start_dying(long locks)
{
	go = ready = 0;
	thread_start(&one, die, (void *)locks);
	until(&ready);
}

static void dead(void)
{
	set(&go);
	thread_join(&one);
}

static void marked(void)
{
	chain(LOCKS);
	entries[1].lock = FUTEX_WAITERS;
	start_dying(LOCKS);
	entries[2].lock = 12345;
	dead();
	is(entries[0].lock, FUTEX_OWNER_DIED, "a lock of a dead thread is marked");
	is(entries[1].lock, FUTEX_OWNER_DIED | FUTEX_WAITERS, "who waits for it is not forgotten");
	is(entries[2].lock, 12345, "another's lock is not");
}

static void wait_word(void *value)
{
	struct timespec second = {3, 0};

	set(&ready);
	result = futex(&entries[0].lock, FUTEX_WAIT, (uint32_t)(long)value, (long)&second, 0, 0);
}

static void start_waiting(uint32_t value)
{
	ready = 0;
	thread_start(&two, wait_word, (void *)(long)value);
	until(&ready);
	while (futex(&entries[0].lock, FUTEX_REQUEUE, 0, 9, &entries[0].lock, 0) != 1)
		nap(1000000);
}

/* The one being taken or given back stands outside the list. */
static void pending(void)
{
	chain(0);
	head.next = (uint64_t)&head;
	head.pending = (uint64_t)&entries[0];
	start_dying(1);
	dead();
	is(entries[0].lock, FUTEX_OWNER_DIED, "a lock that was about to be listed is marked");
	start_dying(0);
	entries[0].lock = 0;
	start_waiting(0);
	dead();
	thread_join(&two);
	is(result, 0, "given back already, one who waits for it is woken");
	start_dying(0);
	head.pending |= 1;
	start_waiting(0);
	dead();
	thread_join(&two);
	is(result, -ETIMEDOUT, "but not for one that inherits priority");
	chain(1);
	entries[0].lock = FUTEX_WAITERS;
	start_dying(1);
	start_waiting(entries[0].lock);
	dead();
	thread_join(&two);
	is(result, 0, "who waits for a listed lock is woken");
}

/* Whatever the list is, the thread ends and the core goes on. */
static void broken(void)
{
	char *page = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct entry *last = (struct entry *)(page + 4096) - 1;

	munmap(page + 4096, 4096);
	chain(1);
	entries[0].next = (uint64_t)&entries[0];
	start_dying(1);
	dead();
	is(entries[0].lock, FUTEX_OWNER_DIED, "a circle");
	chain(2);
	entries[0].next = 8;
	start_dying(2);
	dead();
	is(entries[0].lock, FUTEX_OWNER_DIED, "a link to nowhere, behind the first");
	ok(entries[1].lock != FUTEX_OWNER_DIED, "the second is lost");
	chain(1);
	/* The link's page is gone, the word's is there. */
	head.next = (uint64_t)(page + 4096);
	head.offset = (int64_t)((uint64_t)&entries[0].lock - head.next);
	start_dying(1);
	dead();
	is(entries[0].lock, FUTEX_OWNER_DIED, "an entry that cannot be read, but its word");
	chain(1);
	head.offset += 2;
	start_dying(1);
	dead();
	ok(entries[0].lock != FUTEX_OWNER_DIED, "words that are not aligned are no locks");
	chain(2);
	head.next = (uint64_t)last;
	last->next = (uint64_t)&entries[1];
	last->lock = 0;
	mprotect(page, 4096, PROT_READ);
	start_dying(2);
	dead();
	ok(entries[1].lock == FUTEX_OWNER_DIED, "a word that is another's may be read-only");
	chain(MOST + 1);
	start_dying(MOST + 1);
	dead();
	is(entries[MOST - 1].lock, FUTEX_OWNER_DIED, "%d locks", MOST);
	ok(entries[MOST].lock != FUTEX_OWNER_DIED, "no more");
	head.next = 0xffffffff80200000;
	start_dying(0);
	dead();
	ok(true, "a list in the core");
	chain(1);
	head.offset = (int64_t)(0xffffffff80200000 - (uint64_t)&entries[0]);
	start_dying(0);
	dead();
	ok(true, "locks in the core");
}

int main(void)
{
	numbers();
	lists();
	tid_address();
	marked();
	pending();
	broken();
	return done();
}
