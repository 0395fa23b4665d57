// SPDX-License-Identifier: MIT
/*
 * poll and ppoll, select and pselect6. First a look at every file without queueing anywhere: a call
 * that finds something, or must not wait, ends there. Else a waiter is queued on each file, which
 * wakes the thread only for events that were asked for. Storage is on the stack for few descriptors.
 * Owns nothing.
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

static inline long poll_begun(struct poll *p, uint64_t deadline)
{
	long r = scan(p);

	if (!r && deadline)
		r = wait_for_some(p, deadline);
	else if (!r && signal_waiting())
		r = -ERESTARTNOHAND; /* its handler runs even if the call would not wait */
	return r;
}

static long poll_copied(struct poll *p, uint64_t deadline)
{
	long r;

	begin(p);
	r = poll_begun(p, deadline);
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

/* TIME_NEVER for what is beyond 64 bits. */
static uint64_t timeval_ns(const struct abi_timeval *tv)
{
	uint64_t seconds = (uint64_t)tv->tv_sec + (uint64_t)tv->tv_usec / 1000000;

	if (seconds >= TIME_NEVER / NSEC_PER_SEC)
		return TIME_NEVER;
	return seconds * NSEC_PER_SEC + (uint64_t)tv->tv_usec % 1000000 * NSEC_PER_USEC;
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

/*
 * Linux tells what is left of the timeout, in seconds and a fraction of so many ns. If that cannot be
 * written (constants may be read-only), it does not matter but to a call that would be made again
 * with the whole of it.
 */
static long put_timeout(long r, void __user *uts, uint64_t deadline, unsigned fraction)
{
	uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;

	if (!uts || deadline == TIME_NEVER)
		return r;
	if (put_user_pair(uts, left / NSEC_PER_SEC, left % NSEC_PER_SEC / fraction) &&
	    r == -ERESTARTNOHAND)
		r = -EINTR;
	return r;
}

/* For the time of this call, the signals that it lets in, if it says so. 0 or -errno. */
static int begin_mask(const void __user *mask, size_t masksize)
{
	uint64_t set;

	if (!mask)
		return 0;
	if (masksize != SIGSETS)
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	signal_set_blocked_for_call(set);
	return 0;
}

static void end_mask(long r)
{
	if (r != -ERESTARTNOHAND)
		signal_restore_saved();
}

long sys_ppoll(struct abi_pollfd __user *fds, unsigned n, const struct abi_timespec __user *ts,
	       const void __user *mask, size_t masksize)
{
	uint64_t deadline;
	long r = timeout_from_user(ts, &deadline);

	if (!r)
		r = begin_mask(mask, masksize);
	if (r)
		return r;
	r = do_poll(fds, n, deadline);
	end_mask(r);
	return put_timeout(r, (void __user *)(uintptr_t)ts, deadline, 1);
}

/* ---- select ---- */

#define SETS	  3
#define FEW_WORDS 4 /* of each set, on the stack */

/* What ends a wait in each of the sets: to read, to write, and the rest. */
static const uint32_t set_events[SETS] = {
	POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	POLLPRI,
};

struct select {
	uint64_t *bits; /* of the sets, one after the other */
	unsigned words; /* of each */
};

/* Of the descriptors of word w, those that are in a set. */
static uint64_t in_any(const struct select *s, unsigned w)
{
	return s->bits[w] | s->bits[s->words + w] | s->bits[2 * s->words + w];
}

static int get_sets(const struct select *s, unsigned n, void __user *const user[SETS])
{
	size_t size = s->words * sizeof(*s->bits);

	for (unsigned i = 0; i < SETS; i++) {
		uint64_t *set = s->bits + i * s->words;

		memset(set, 0, size);
		if (user[i] && copy_from_user(set, user[i], size))
			return -EFAULT;
		if (n % 64)
			set[s->words - 1] &= (1ull << n % 64) - 1;
	}
	return 0;
}

static int put_sets(const struct select *s, void __user *const user[SETS])
{
	size_t size = s->words * sizeof(*s->bits);

	for (unsigned i = 0; i < SETS; i++)
		if (user[i] && copy_to_user(user[i], s->bits + i * s->words, size))
			return -EFAULT;
	return 0;
}

/* As begin(), from the sets; -EBADF if a descriptor is not open. */
static int begin_select(struct poll *p, const struct select *s)
{
	unsigned n = 0;

	for (unsigned w = 0; w < s->words; w++)
		for (uint64_t left = in_any(s, w); left; left &= left - 1, n++) {
			unsigned bit = (unsigned)__builtin_ctzll(left);
			uint32_t events = 0;

			for (unsigned i = 0; i < SETS; i++)
				if (s->bits[i * s->words + w] >> bit & 1)
					events |= set_events[i];
			p->fds[n] = (struct abi_pollfd){.fd = (int)(w * 64 + bit)};
			p->pollers[n].file = fd_get(p->fds[n].fd);
			p->pollers[n].events = events;
			if (!p->pollers[n].file) {
				p->n = n;
				return -EBADF;
			}
		}
	return 0;
}

/* Leaves in the sets what was found: how many bits. */
static long fill_sets(const struct poll *p, const struct select *s)
{
	long found = 0;

	for (unsigned n = 0; n < p->n; n++) {
		unsigned w = (unsigned)p->fds[n].fd / 64;
		uint64_t bit = 1ull << p->fds[n].fd % 64;

		for (unsigned i = 0; i < SETS; i++) {
			uint64_t *word = &s->bits[i * s->words + w];

			if (!(p->fds[n].revents & set_events[i]))
				*word &= ~bit;
			found += (*word & bit) != 0;
		}
	}
	return found;
}

static long select_in(void *storage, unsigned n, const struct select *s, uint64_t deadline)
{
	struct poll p = {.n = n, .pollers = storage};
	long r;

	p.fds = (struct abi_pollfd *)(p.pollers + n);
	r = begin_select(&p, s);
	if (!r)
		r = poll_begun(&p, deadline);
	if (r >= 0)
		r = fill_sets(&p, s);
	end(&p);
	return r;
}

static __noinline long select_few(unsigned n, const struct select *s, uint64_t deadline)
{
	uint8_t storage[FEW * ENTRY_SIZE] __aligned(8);

	return select_in(storage, n, s, deadline);
}

static long select_sets(const struct select *s, uint64_t deadline)
{
	unsigned n = 0;
	void *storage;
	long r;

	for (unsigned w = 0; w < s->words; w++)
		for (uint64_t left = in_any(s, w); left; left &= left - 1)
			n++;
	if (n <= FEW)
		return select_few(n, s, deadline);
	storage = kmalloc(n * ENTRY_SIZE);
	if (!storage)
		return -ENOMEM;
	r = select_in(storage, n, s, deadline);
	kfree(storage);
	return r;
}

static __noinline long do_select(int n, void __user *const user[SETS], uint64_t deadline)
{
	uint64_t few[SETS * FEW_WORDS];
	struct select s = {.bits = few};
	long r;

	if (n < 0)
		return -EINVAL;
	n = min(n, FD_MAX);
	s.words = ((unsigned)n + 63) / 64;
	if (s.words > FEW_WORDS)
		s.bits = kmalloc(SETS * s.words * sizeof(*s.bits));
	if (!s.bits)
		return -ENOMEM;
	r = get_sets(&s, (unsigned)n, user);
	if (!r)
		r = select_sets(&s, deadline);
	if (r >= 0 && put_sets(&s, user))
		r = -EFAULT;
	if (s.bits != few)
		kfree(s.bits);
	return r;
}

long sys_select(int n, void __user *r, void __user *w, void __user *e,
		struct abi_timeval __user *timeout)
{
	void __user *const user[SETS] = {r, w, e};
	uint64_t deadline = TIME_NEVER;
	struct abi_timeval tv;

	if (timeout) {
		if (copy_from_user(&tv, timeout, sizeof(tv)))
			return -EFAULT;
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return -EINVAL;
		deadline = timeval_ns(&tv);
		deadline = deadline ? deadline_in(deadline) : 0;
	}
	return put_timeout(do_select(n, user, deadline), timeout, deadline, NSEC_PER_USEC);
}

/* The mask and its size come as a pair: there are six arguments without it. */
long sys_pselect6(int n, void __user *r, void __user *w, void __user *e,
		  const struct abi_timespec __user *ts, const void __user *umask)
{
	void __user *const user[SETS] = {r, w, e};
	uint64_t mask[2] = {0}, deadline;
	long ret = timeout_from_user(ts, &deadline);

	if (ret)
		return ret;
	if (umask && copy_from_user(mask, umask, sizeof(mask)))
		return -EFAULT;
	ret = begin_mask((const void __user *)mask[0], mask[1]);
	if (ret)
		return ret;
	ret = do_select(n, user, deadline);
	end_mask(ret);
	return put_timeout(ret, (void __user *)(uintptr_t)ts, deadline, 1);
}
