// SPDX-License-Identifier: MIT
/*
 * eventfd: a counter that a read takes and a write adds to. lock (spin, outside the wait queue's)
 * guards it; what a sleeper looks at is read without.
 */
#include <abi/errno.h>
#include <abi/eventfd.h>
#include <abi/poll.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/syscall.h>

#define MOST (UINT64_MAX - 1) /* that it counts to */

struct eventfd {
	struct spinlock lock;
	bool semaphore;
	uint64_t count;
};

static uint64_t count_of(const struct eventfd *e)
{
	return READ_ONCE(e->count);
}

/* What a read gives now; 0: nothing. */
static uint64_t take(struct eventfd *e)
{
	uint64_t n;

	spin_lock(&e->lock);
	n = e->semaphore ? e->count != 0 : e->count;
	WRITE_ONCE(e->count, e->count - n);
	spin_unlock(&e->lock);
	return n;
}

static ssize_t eventfd_read(struct file *f, struct uio *u, off_t *pos)
{
	struct eventfd *e = f->private;
	uint64_t n;
	int r = 0;

	(void)pos;
	if (u->resid < sizeof(n))
		return -EINVAL;
	while (!(n = take(e)) && !r) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		wait_event(r, &f->wait, TIME_NEVER, count_of(e));
	}
	if (!n)
		return r;
	file_wake(f, POLLOUT);
	r = uio_copy_to(u, &n, sizeof(n));
	return r ? r : (ssize_t)sizeof(n);
}

static bool add(struct eventfd *e, uint64_t n)
{
	bool fits;

	spin_lock(&e->lock);
	fits = e->count <= MOST - n;
	if (fits)
		WRITE_ONCE(e->count, e->count + n);
	spin_unlock(&e->lock);
	return fits;
}

static ssize_t eventfd_write(struct file *f, struct uio *u, off_t *pos)
{
	struct eventfd *e = f->private;
	uint64_t n;
	bool done;
	int r;

	(void)pos;
	if (u->resid != sizeof(n))
		return -EINVAL;
	r = uio_copy_from(u, &n, sizeof(n));
	if (r)
		return r;
	if (n > MOST)
		return -EINVAL;
	while (!(done = add(e, n)) && !r) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		wait_event(r, &f->wait, TIME_NEVER, count_of(e) <= MOST - n);
	}
	if (!done)
		return r;
	file_wake(f, POLLIN);
	return sizeof(n);
}

static uint32_t eventfd_poll(struct file *f)
{
	uint64_t n = count_of(f->private);

	return (n ? POLLIN : 0) | (n < MOST ? POLLOUT : 0);
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.stat = anon_stat,
	.release = eventfd_release,
};

long sys_eventfd2(unsigned count, int flags)
{
	struct eventfd *e;
	int fd;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	fd = anon_file(&eventfd_ops, e, flags, NULL);
	if (fd < 0)
		kfree(e);
	return fd;
}

long sys_eventfd(unsigned count)
{
	return sys_eventfd2(count, 0);
}
