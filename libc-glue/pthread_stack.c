/* SPDX-License-Identifier: MIT */
/*
 * Threads' stacks. A mapping holds, from low to high: a guard that faults, the stack, thread-local
 * storage, the control block. Stacks of ended threads are kept for the next ones, up to a size; a
 * detached thread puts its own here while it still runs on it, so one counts as free only when the
 * core has zeroed its tid. stacks_lock guards the list.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include "thread.h"

#define PAGE	      4096UL
#define DEFAULT_STACK (2UL << 20)  /* where RLIMIT_STACK sets none */
#define KEEP_BYTES    (64UL << 20) /* of address space: what a thread used of it was given back */
#define KEEP_MOST     32

static uint32_t stacks_lock;
static struct thread_control *kept; /* the youngest first */
static size_t kept_bytes;
static unsigned kept_count;

/* The limit at the first question: later changes are for the first thread. */
size_t stack_default_size(void)
{
	static size_t known;
	size_t size = __atomic_load_n(&known, __ATOMIC_RELAXED);
	struct rlimit limit;

	if (likely(size))
		return size;
	if (syscall2(NR_getrlimit, RLIMIT_STACK, (long)&limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		size = DEFAULT_STACK;
	else if (limit.rlim_cur < PTHREAD_STACK_MIN)
		size = PTHREAD_STACK_MIN;
	else
		size = (limit.rlim_cur + PAGE - 1) & -PAGE;
	__atomic_store_n(&known, size, __ATOMIC_RELAXED);
	return size;
}

static bool is_free(const struct thread_control *tcb)
{
	return !__atomic_load_n(&tcb->tid, __ATOMIC_ACQUIRE);
}

/* stacks_lock held. */
static struct thread_control *unlink_kept(struct thread_control **at)
{
	struct thread_control *tcb = *at;

	*at = tcb->next;
	kept_bytes -= tcb->map_size;
	kept_count--;
	return tcb;
}

static struct thread_control *find_kept(size_t size, size_t guard)
{
	struct thread_control *tcb = NULL;

	if (!kept)
		return NULL;
	word_lock(&stacks_lock);
	for (struct thread_control **at = &kept; *at; at = &(*at)->next)
		if ((*at)->map_size == size && (*at)->guard == guard && is_free(*at)) {
			tcb = unlink_kept(at);
			break;
		}
	word_unlock(&stacks_lock);
	return tcb;
}

/* Unmaps the oldest of those that are free until few enough are left. */
static void trim(void)
{
	struct thread_control *going = NULL, **at, **oldest;

	word_lock(&stacks_lock);
	while (kept_bytes > KEEP_BYTES || kept_count > KEEP_MOST) {
		oldest = NULL;
		for (at = &kept; *at; at = &(*at)->next)
			if (is_free(*at))
				oldest = at;
		if (!oldest)
			break;
		struct thread_control *tcb = unlink_kept(oldest);

		tcb->next = going;
		going = tcb;
	}
	word_unlock(&stacks_lock);
	while (going) {
		struct thread_control *tcb = going;

		going = tcb->next;
		syscall2(SYS_munmap, (long)tcb->map, (long)tcb->map_size);
	}
}

void stack_put(struct thread_control *tcb)
{
	if (!tcb->map)
		return;
	word_lock(&stacks_lock);
	tcb->next = kept;
	kept = tcb;
	kept_bytes += tcb->map_size;
	kept_count++;
	word_unlock(&stacks_lock);
	if (kept_bytes > KEEP_BYTES || kept_count > KEEP_MOST)
		trim();
}

/* Where the TLS block goes in a stack that ends at top. */
static uintptr_t block_at(uintptr_t top)
{
	return (top - tls_block_size(&__ringlet_tls)) & -tls_block_align(&__ringlet_tls);
}

static void *map_stack(size_t size, size_t guard)
{
	long map = syscall6(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (map < 0)
		return NULL;
	if (guard && syscall3(SYS_mprotect, map, (long)guard, PROT_NONE)) {
		syscall2(SYS_munmap, map, (long)size);
		return NULL;
	}
	return (void *)map;
}

/* A control block in memory that the app gave. */
static struct thread_control *on_own_stack(const pthread_attr_t *attr)
{
	uintptr_t low = (uintptr_t)attr->__stackaddr, top = low + attr->__stacksize;
	uintptr_t block = block_at(top);
	struct thread_control *tcb;

	if (block < low + PTHREAD_STACK_MIN / 2)
		return NULL;
	tcb = (void *)(block + tls_block_size(&__ringlet_tls) - sizeof(*tcb));
	memset(tcb, 0, sizeof(*tcb));
	tls_block_init(&__ringlet_tls, (void *)block);
	tcb->stack = (void *)low;
	tcb->stack_size = attr->__stacksize;
	return tcb;
}

int stack_get(const pthread_attr_t *attr, struct thread_control **result)
{
	size_t guard = (attr->__guardsize + PAGE - 1) & -PAGE;
	size_t stack = attr->__stacksize ? attr->__stacksize : stack_default_size(), size;
	struct thread_control *tcb;
	uintptr_t block;
	void *map;

	if (attr->__stackaddr) {
		*result = on_own_stack(attr);
		return *result ? 0 : EINVAL;
	}
	stack = (stack + PAGE - 1) & -PAGE;
	size = guard + stack + ((tls_block_size(&__ringlet_tls) + PAGE - 1) & -PAGE);
	if (stack < PTHREAD_STACK_MIN || size < stack || size < guard)
		return EINVAL;
	tcb = find_kept(size, guard);
	if (!tcb) {
		map = map_stack(size, guard);
		if (!map)
			return EAGAIN;
		block = block_at((uintptr_t)map + size);
		tcb = (void *)(block + tls_block_size(&__ringlet_tls) - sizeof(*tcb));
		tcb->map = map;
		tcb->map_size = size;
		tcb->guard = guard;
		tcb->stack = (char *)map + guard;
		tcb->stack_size = stack;
	}
	block = block_at((uintptr_t)tcb->map + size);
	tls_block_init(&__ringlet_tls, (void *)block);
	*result = tcb;
	return 0;
}
