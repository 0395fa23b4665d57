/* SPDX-License-Identifier: MIT */
/*
 * A CPU that still knows a page that has gone would write to whoever has it next. One thread writes
 * to a page in a loop; another takes the page away, by munmap, by MADV_DONTNEED, by mremap, or makes
 * it read-only, and then watches the memory that comes in its place, or the page itself: not a byte
 * may change. And all CPUs at once: faults on the same page, on pages of one area, and maps that come
 * and go beside them. Runs on a Linux host too.
 *
 * guest: args="4000" timeout=120
 * guest: args="800" run="--smp 2" timeout=300
 * guest: args="400" run="--smp 4" timeout=300
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "thread.h"

#define P     4096ul
#define LARGE (2ul << 20)
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define MANY  4

#define CONTEXT_RIP 21 /* in a ucontext of 8-byte words */

static struct test_thread writer, crowd[MANY];
static volatile uint64_t writes, faults;
static volatile int stop;
static volatile uint64_t *target;

/* The store that faults is skipped: it is 3 bytes long (movq %rax, (%rdi)). */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((uint64_t *)context)[CONTEXT_RIP] += 3;
	faults++;
}

/* The handler's frame is big: the thread has a stack of its own for it. */
static char signal_stack[65536];

static void write_on(void *unused)
{
	stack_t own = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};

	(void)unused;
	raw(SYS_sigaltstack, (long)&own, 0, 0, 0, 0, 0);
	while (!stop) {
		for (int i = 0; i < 64; i++)
			__asm__ volatile("movq %%rax, (%%rdi)" ::"a"(-1L), "D"(target) : "memory");
		writes++;
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
}

/* Until the writer has written anew, so that its CPU knows the page. */
static void wait_for_writes(void)
{
	uint64_t seen = writes;

	while (writes - seen < 2)
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static int turn;

static char *map(void *at, size_t len, int flags)
{
	return (char *)raw(SYS_mmap, (long)at, (long)len, RW, ANON | flags, -1, 0);
}

static long remap(char *from, char *to)
{
	return raw(SYS_mremap, (long)from, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
}

/* Bytes that are not as they should be, looked at for a while. */
static int changed(volatile const uint64_t *page, uint64_t wanted)
{
	int bad = 0;

	for (int i = 0; i < 200; i++)
		bad += page[0] != wanted;
	if (turn++ % 16 < 4)
		wait_for_writes();
	return bad + (page[0] != wanted);
}

static char *page, *other, *third;

static int by_unmap(void)
{
	int bad;

	raw(SYS_munmap, (long)page, P, 0, 0, 0, 0);
	map(other, P, MAP_FIXED);
	bad = changed((uint64_t *)other, 0); /* most likely the same memory */
	raw(SYS_munmap, (long)other, P, 0, 0, 0, 0);
	return bad;
}

static int by_advice(void)
{
	int bad;

	raw(SYS_mprotect, (long)page, P, PROT_NONE, 0, 0, 0);
	raw(SYS_madvise, (long)page, P, MADV_DONTNEED, 0, 0, 0);
	map(other, P, MAP_FIXED);
	bad = changed((uint64_t *)other, 0);
	raw(SYS_munmap, (long)other, P, 0, 0, 0, 0);
	return bad;
}

static int by_rights(void)
{
	raw(SYS_mprotect, (long)page, P, PROT_READ, 0, 0, 0);
	*(volatile uint64_t *)third = *(volatile uint64_t *)page;
	return changed((uint64_t *)page, *(uint64_t *)third);
}

static int by_move(void)
{
	int bad;

	remap(page, other);
	*(volatile uint64_t *)other = 7;
	bad = changed((uint64_t *)other, 7);
	raw(SYS_munmap, (long)other, P, 0, 0, 0, 0);
	return bad;
}

static void stale_writes(int rounds)
{
	static int (*const ways[])(void) = {by_unmap, by_advice, by_rights, by_move};
	int bad[4] = {0};
	uint64_t faults_before;

	page = map(0, 4 * P, 0);
	other = page + 2 * P;
	third = page + 3 * P;
	raw(SYS_munmap, (long)other, P, 0, 0, 0, 0);
	target = (uint64_t *)page;
	ok(thread_start(&writer, write_on, 0) > 0, "a thread that writes");
	faults_before = faults;
	for (int i = 0; i < rounds; i++) {
		map(page, P, MAP_FIXED);
		wait_for_writes();
		bad[i % 4] += ways[i % 4]();
	}
	stop = 1;
	map(page, P, MAP_FIXED);
	thread_join(&writer);
	is(bad[0], 0, "nothing written after munmap, %d rounds of each", rounds / 4);
	is(bad[1], 0, "after MADV_DONTNEED");
	is(bad[2], 0, "after mprotect");
	is(bad[3], 0, "after mremap");
	ok(faults > faults_before, "the writer met what was gone");
	raw(SYS_munmap, (long)page, 4 * P, 0, 0, 0, 0);
}

/* ---- all at once ---- */

static char *area;
static size_t area_pages;
static uint32_t ready, wrong;

/* Each thread writes its own byte of each page: none may get a page of its own. */
static void touch_all(void *n)
{
	size_t me = (size_t)n;

	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < MANY)
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	for (size_t i = 0; i < area_pages; i++)
		((volatile char *)area)[i * P + me] = (char)(me + 1);
}

static void all_wait(void (*fn)(void *))
{
	__atomic_store_n(&ready, 0, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < MANY; i++)
		if (thread_start(&crowd[i], fn, (void *)i) < 0)
			wrong++;
	for (size_t i = 0; i < MANY; i++)
		thread_join(&crowd[i]);
}

static void faults_at_once(void)
{
	int bad = 0;

	for (int round = 0; round < 20; round++) {
		area_pages = round % 2 ? 4 * LARGE / P : 100;
		area = map(0, area_pages * P, 0);
		if (round % 4 == 1)
			raw(SYS_madvise, (long)area, (long)(area_pages * P), 15, 0, 0, 0);
		all_wait(touch_all);
		for (size_t i = 0; i < area_pages; i++)
			for (size_t k = 0; k < MANY; k++)
				bad += area[i * P + k] != (char)(k + 1);
		raw(SYS_munmap, (long)area, (long)(area_pages * P), 0, 0, 0, 0);
	}
	is(bad, 0, "four threads fault on the same pages: all have written to the same memory");
}

/* Each maps, writes, changes and unmaps in its own part of one range, beside the others'. */
static void churn(void *n)
{
	char *mine = area + (size_t)n * 64 * P;
	unsigned state = (unsigned)(size_t)n + 1;

	for (int i = 0; i < 2000; i++) {
		size_t from, len;

		state = state * 1103515245 + 12345;
		from = (state >> 16) % 60;
		len = 1 + (state >> 22) % 4;
		if (map(mine + from * P, len * P, MAP_FIXED) != mine + from * P)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		for (size_t k = 0; k < len; k++) {
			volatile uint64_t *p = (uint64_t *)(mine + (from + k) * P);

			if (p[1])
				__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
			p[1] = i + 1;
			if (p[1] != (uint64_t)i + 1)
				__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		}
		if (state & 1 << 20)
			raw(SYS_mprotect, (long)(mine + from * P), P, PROT_READ, 0, 0, 0);
		if (state & 1 << 21)
			raw(SYS_munmap, (long)(mine + from * P), (long)(len * P), 0, 0, 0, 0);
	}
}

static void maps_at_once(void)
{
	area = map(0, MANY * 64 * P, 0);
	all_wait(churn);
	is(wrong, 0, "four threads map, protect and unmap side by side");
	raw(SYS_munmap, (long)area, MANY * 64 * P, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaction(SIGSEGV, &act, NULL);
	stale_writes(argc > 1 ? atoi(argv[1]) : 1000);
	faults_at_once();
	maps_at_once();
	return done();
}
