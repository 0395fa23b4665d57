// SPDX-License-Identifier: MIT
/*
 * poll and ppoll. First a look at every file without queueing anywhere: a call that finds something,
 * or must not wait, ends there. Else a waiter is queued on each file, which wakes the thread only
 * for events that were asked for. Storage is on the stack for few descriptors. Owns nothing.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <abi/time.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define FEW	6
#define ALWAYS	(POLLERR | POLLHUP | POLLNVAL)
#define SIGSETS 8 /* bytes of a signal set */

struct poller {
	struct waiter waiter;
	struct file *file; /* a reference; NULL if the descriptor is negative or not open */
	uint32_t events;
};

struct poll {
	struct abi_pollfd *fds;
	struct poller *pollers;
	unsigned n, queued;
};

/* Looks at every file; the number of descriptors with something to tell. */
static unsigned scan(struct poll *p)
{
	unsigned found = 0;

	for (unsigned i = 0; i < p->n; i++) {
		struct file *f = p->pollers[i].file;

		if (f)
			p->fds[i].revents = (short)(file_poll(f) & p->pollers[i].events);
		found += p->fds[i].revents != 0;
	}
	return found;
}

/* Takes references to the files; what is not open tells so at once. */
static void begin(struct poll *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct abi_pollfd *fd = &p->fds[i];

		p->pollers[i].file = fd->fd < 0 ? NULL : fd_get(fd->fd);
		p->pollers[i].events = (uint16_t)fd->events | ALWAYS;
		fd->revents = fd->fd >= 0 && !p->pollers[i].file ? POLLNVAL : 0;
	}
}

static void end(struct poll *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (!p->pollers[i].file)
			continue;
		if (i < p->queued)
			waitq_remove(&p->pollers[i].waiter);
		file_put(p->pollers[i].file);
	}
}

static bool poll_wake(struct waiter *w, uint32_t events)
{
	struct poller *p = container_of(w, struct poller, waiter);

	if (events & p->events)
		sched_wake(w->thread);
	return false;
}

static void queue(struct poll *p)
{
	for (; p->queued < p->n; p->queued++) {
		struct poller *e = &p->pollers[p->queued];

		if (!e->file)
			continue;
		e->waiter.wake = poll_wake;
		e->waiter.thread = current_thread();
		waitq_add_callback(file_waitq(e->file), &e->waiter);
	}
}

/* The count of descriptors with something to tell, 0 at the deadline, or -ERESTARTNOHAND. */
static long wait_for_some(struct poll *p, uint64_t deadline)
{
	unsigned found;
	int r;

	queue(p);
	wait_event(r, NULL, deadline, (found = scan(p)));
	if (found)
		return found;
	return r == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

static long poll_copied(struct poll *p, uint64_t deadline)
{
	long r;

	begin(p);
	r = scan(p);
	if (!r && deadline)
		r = wait_for_some(p, deadline);
	else if (!r && signal_waiting())
		r = -ERESTARTNOHAND; /* its handler runs even if the call would not wait */
	end(p);
	return r;
}

/* With storage for n entries of both kinds. */
static long poll_in(void *storage, struct abi_pollfd __user *ufds, unsigned n, uint64_t deadline)
{
	struct poll p = {.n = n};
	long r;

	p.pollers = storage;
	p.fds = (struct abi_pollfd *)(p.pollers + n);
	if (copy_from_user(p.fds, ufds, n * sizeof(*p.fds)))
		return -EFAULT;
	r = poll_copied(&p, deadline);
	if (r >= 0 && copy_to_user(ufds, p.fds, n * sizeof(*p.fds)))
		return -EFAULT;
	return r;
}

#define ENTRY_SIZE (sizeof(struct poller) + sizeof(struct abi_pollfd))

static __noinline long poll_few(struct abi_pollfd __user *fds, unsigned n, uint64_t deadline)
{
	uint8_t storage[FEW * ENTRY_SIZE] __aligned(8);

	return poll_in(storage, fds, n, deadline);
}

/* deadline: monotonic ns, 0 not to wait, TIME_NEVER. */
static long do_poll(struct abi_pollfd __user *fds, unsigned n, uint64_t deadline)
{
	void *storage;
	long r;

	if (n <= FEW)
		return poll_few(fds, n, deadline);
	if (n > FD_MAX)
		return -EINVAL;
	storage = kmalloc(n * ENTRY_SIZE);
	if (!storage)
		return -ENOMEM;
	r = poll_in(storage, fds, n, deadline);
	kfree(storage);
	return r;
}

/* The sum of both, or TIME_NEVER. */
static uint64_t deadline_in(uint64_t ns)
{
	uint64_t now = time_now();

	return ns < TIME_NEVER - now ? now + ns : TIME_NEVER;
}

/* Goes on where a signal without a handler broke a poll off. */
static long restart_poll(struct signal_restart *r)
{
	long n = do_poll((struct abi_pollfd __user *)r->arg[0], (unsigned)r->arg[1], r->deadline);

	return n == -ERESTARTNOHAND ? -ERESTART_RESTARTBLOCK : n;
}

long sys_poll(struct abi_pollfd __user *fds, unsigned n, int timeout_ms)
{
	uint64_t deadline = TIME_NEVER;
	long r;

	if (timeout_ms >= 0)
		deadline = timeout_ms ? deadline_in((uint64_t)timeout_ms * NSEC_PER_MSEC) : 0;
	r = do_poll(fds, n, deadline);
	if (r != -ERESTARTNOHAND)
		return r;
	current_thread()->restart = (struct signal_restart){
		restart_poll, deadline, {(uintptr_t)fds, n}};
	return -ERESTART_RESTARTBLOCK;
}

/* False: the app's timeout stays as it was. */
static bool put_timeout(struct abi_timespec __user *uts, uint64_t deadline)
{
	uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;
	struct abi_timespec ts = {(long)(left / NSEC_PER_SEC), (long)(left % NSEC_PER_SEC)};

	return !copy_to_user(uts, &ts, sizeof(ts));
}

/*
 * Linux tells what is left of the timeout. If that cannot be written (constants may be read-only),
 * it does not matter but to a call that would be made again with the whole of it.
 */
static long end_ppoll(long r, struct abi_timespec __user *ts, uint64_t deadline)
{
	if (r != -ERESTARTNOHAND)
		signal_restore_saved();
	if (ts && deadline != TIME_NEVER && !put_timeout(ts, deadline) && r == -ERESTARTNOHAND)
		r = -EINTR;
	return r;
}

long sys_ppoll(struct abi_pollfd __user *fds, unsigned n, const struct abi_timespec __user *ts,
	       const void __user *mask, size_t masksize)
{
	uint64_t deadline, set;
	int err = timeout_from_user(ts, &deadline);

	if (err)
		return err;
	if (mask && masksize != SIGSETS)
		return -EINVAL;
	if (mask && copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	if (mask)
		signal_set_blocked_for_call(set);
	return end_ppoll(do_poll(fds, n, deadline), (struct abi_timespec __user *)(uintptr_t)ts,
			 deadline);
}
