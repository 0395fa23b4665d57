/* SPDX-License-Identifier: MIT */
/*
 * Threads: what a new one begins with, what its end does, what is refused. Once more with every call
 * traced, where the handler of clone finds its caller's registers elsewhere.
 *
 * guest:
 * guest: run="--cmdline strace=1"
 */
#include <errno.h>
#include "thread.h"

#define MANY 200

static struct test_thread one, many[MANY];
static uint32_t parent_tid, child_tid, counter, saw_tid;
static uint64_t seen[6];

static void count(void *n)
{
	__atomic_add_fetch(&counter, (uint32_t)(uintptr_t)n, __ATOMIC_RELAXED);
	raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void note_tid(void *unused)
{
	(void)unused;
	saw_tid = (uint32_t)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static void tids(void)
{
	long tid;

	one.alive = 1;
	tid = thread_clone(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
			   one.stack + STACK_SIZE, &parent_tid, &child_tid, 0, note_tid, 0);
	ok(tid > 1, "a thread has a number: %ld", tid);
	is(parent_tid, tid, "CLONE_PARENT_SETTID tells it before clone returns");
	while (!__atomic_load_n(&saw_tid, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	is(saw_tid, tid, "gettid in the thread is that");
	is(child_tid, tid, "CLONE_CHILD_SETTID tells it before the thread runs");
	is(raw(SYS_getpid, 0, 0, 0, 0, 0, 0), 1, "the process is still number 1");
}

/* Six registers that C preserves hold the caller's values in the new thread too. */
static long clone_with_values(void)
{
	register uint32_t *r10 __asm__("r10") = &one.alive;
	long ret;

	one.alive = 1;
	__asm__ volatile("pushq %%rbp\n\t"
			 "movq $0x1111, %%rbx; movq $0x2222, %%rbp; movq $0x3333, %%r12\n\t"
			 "movq $0x4444, %%r13; movq $0x5555, %%r14; movq $0x6666, %%r15\n\t"
			 "syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "leaq %[seen], %%rdi\n\t"
			 "movq %%rbx, (%%rdi); movq %%rbp, 8(%%rdi); movq %%r12, 16(%%rdi)\n\t"
			 "movq %%r13, 24(%%rdi); movq %%r14, 32(%%rdi); movq %%r15, 40(%%rdi)\n\t"
			 "xorl %%edi, %%edi\n\t"
			 "movl %[exit], %%eax\n\t"
			 "syscall\n"
			 "1:\tpopq %%rbp"
			 : "=a"(ret), [seen] "=m"(seen)
			 : "0"((long)SYS_clone), "D"((long)(THREAD_FLAGS | CLONE_CHILD_CLEARTID)),
			   "S"(one.stack + STACK_SIZE), "d"(0L), "r"(r10), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "rbx", "r12", "r13", "r14", "r15", "memory");
	return ret;
}

static void registers(void)
{
	static const uint64_t want[6] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666};

	ok(clone_with_values() > 0, "clone with known registers");
	thread_join(&one);
	for (int i = 0; i < 6; i++)
		is(seen[i], want[i], "preserved register %d came with the thread", i);
}

static uint64_t tls_block[2] = {0, 0x746c73};
static uint64_t tls_seen;

static void read_tls(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %%fs:8, %0" : "=r"(tls_seen));
}

static void tls(void)
{
	uint64_t before, after;

	tls_block[0] = (uint64_t)tls_block;
	__asm__ volatile("movq %%fs:0, %0" : "=r"(before));
	one.alive = 1;
	thread_clone(THREAD_FLAGS | CLONE_CHILD_CLEARTID | CLONE_SETTLS, one.stack + STACK_SIZE, 0,
		     &one.alive, (unsigned long)tls_block, read_tls, 0);
	thread_join(&one);
	__asm__ volatile("movq %%fs:0, %0" : "=r"(after));
	is(tls_seen, 0x746c73, "CLONE_SETTLS is the new thread's FS base");
	is(after, before, "and not the old one's");
	is(thread_clone(THREAD_FLAGS | CLONE_SETTLS, one.stack + STACK_SIZE, 0, 0,
			0xffff800000000000, read_tls, 0),
	   -EPERM, "an FS base of the core's is refused");
}

static void at_once(void)
{
	uint32_t want = 0, failed = 0;

	for (long i = 0; i < MANY; i++) {
		failed += thread_start(&many[i], count, (void *)(i + 1)) < 0;
		want += i + 1;
	}
	for (long i = 0; i < MANY; i++)
		thread_join(&many[i]);
	is(failed, 0, "%d threads at once", MANY);
	is(counter, want, "each ran once");
}

static long clone3(uint64_t *args, size_t size)
{
	return raw(SYS_clone3, (long)args, (long)size, 0, 0, 0, 0);
}

static void refused(void)
{
	uint64_t args[16] = {THREAD_FLAGS};
	long sp = (long)(one.stack + STACK_SIZE);

	is(raw(SYS_clone, 17, 0, 0, 0, 0, 0), -ENOSYS, "fork is not there");
	is(raw(SYS_clone, CLONE_VM | CLONE_VFORK | 17, 0, 0, 0, 0, 0), -ENOSYS, "nor vfork");
	is(raw(SYS_clone, CLONE_VM | CLONE_THREAD, sp, 0, 0, 0, 0), -EINVAL,
	   "CLONE_THREAD wants CLONE_SIGHAND");
	is(raw(SYS_clone, CLONE_SIGHAND, sp, 0, 0, 0, 0), -EINVAL, "which wants CLONE_VM");
	is(clone3(args, 63), -EINVAL, "clone3: too short a struct");
	is(clone3(args, 5000), -E2BIG, "too long a one");
	args[12] = 1;
	is(clone3(args, sizeof(args)), -E2BIG, "one with something asked for that is not known");
	args[12] = 0;
	args[5] = 0x10000;
	is(clone3(args, 64), -EINVAL, "a stack without a size");
	args[6] = 0x1000;
	args[4] = 17;
	is(clone3(args, 64), -EINVAL, "a thread with an exit signal");
	is(clone3((uint64_t *)0xffff800000000000, 64), -EFAULT, "a struct of the core's");
}

/* Linux's struct robust_list_head with one lock in it. */
static struct {
	uint64_t next;
	int64_t offset;
	uint64_t pending;
	uint64_t link; /* of the lock */
	uint32_t lock;
} robust;

static void die_with_lock(void *unused)
{
	(void)unused;
	robust.link = (uint64_t)&robust;
	robust.next = (uint64_t)&robust.link;
	robust.offset = 8;
	raw(SYS_set_robust_list, (long)&robust, 24, 0, 0, 0, 0);
	__atomic_store_n(&robust.lock, (uint32_t)raw(SYS_gettid, 0, 0, 0, 0, 0, 0) | FUTEX_WAITERS,
			 __ATOMIC_RELEASE);
	while (raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0) || counter != 7)
		continue;
}

static uint32_t robust_woken;

static void wait_for_lock(void *unused)
{
	uint32_t now;

	(void)unused;
	while ((now = __atomic_load_n(&robust.lock, __ATOMIC_ACQUIRE)) &&
	       !(now & FUTEX_OWNER_DIED)) {
		__atomic_store_n(&counter, 7, __ATOMIC_RELEASE);
		futex(&robust.lock, FUTEX_WAIT, now, 0, 0, 0);
	}
	robust_woken = now;
}

static void robust_lock(void)
{
	counter = 0;
	thread_start(&one, die_with_lock, 0);
	while (!__atomic_load_n(&robust.lock, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	thread_start(&many[0], wait_for_lock, 0);
	thread_join(&one);
	thread_join(&many[0]);
	is(robust_woken, FUTEX_OWNER_DIED | FUTEX_WAITERS,
	   "who waits for a dead thread's robust lock is woken and told");
}

int main(void)
{
	tids();
	registers();
	tls();
	at_once();
	refused();
	robust_lock();
	return done();
}
