// SPDX-License-Identifier: MIT
/*
 * Pipes: 64 KiB as a ring of pages that come as they are written and go as they are read.
 *
 * pipe->lock (spin, outside the wait queues') guards all. It is not held over a copy to or from the
 * app: the side that copies marks its side busy, copies, and then moves its position; meanwhile the
 * other side may go on, since the bytes between the positions are the reader's and the rest the
 * writer's. A second reader or writer waits until the first is done; nobody who holds a lock does.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <abi/stat.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/pipe.h>
#include <core/string.h>
#include <core/uaccess.h>

#define PAGES	 16u
#define CAPACITY (PAGES * (unsigned)PAGE_SIZE)
#define PIPE_BUF 4096u /* writes up to this are not mixed with others */

struct pipe {
	struct spinlock lock;
	unsigned head, tail; /* written up to, read up to; free-running */
	bool writing, reading;
	struct file *reader, *writer; /* NULL when that end is closed */
	unsigned long ino;
	uint8_t *page[PAGES];
};

static unsigned pipe_used(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail);
}

/*
 * Wakes who waits for this end, lock held so that it is not freed meanwhile. file_wake() looks again
 * behind a fence, which pairs with the lock that a waiter takes to queue itself before it looks once
 * more at the pipe; so does this one.
 */
static inline void pipe_wake(struct file *f, uint32_t events)
{
	if (f && !list_empty(&f->wait.waiters))
		file_wake(f, events);
}

static inline void pipe_changed(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* ---- reading ---- */

static bool can_read(const struct pipe *p)
{
	return !READ_ONCE(p->reading) && (pipe_used(p) || !READ_ONCE(p->writer));
}

/* One that must not wait for bytes waits for another to have read, no more. */
static bool may_go_on_reading(const struct pipe *p, const struct file *f)
{
	return can_read(p) || (f->flags & O_NONBLOCK && !READ_ONCE(p->reading));
}

/*
 * Frees the pages that the read positions from and to lie on different sides of, unless the writer
 * has come round to them or may be about to: those stay for the next round.
 */
static void free_read(struct pipe *p, unsigned from, unsigned to)
{
	for (; from / PAGE_SIZE != to / PAGE_SIZE; from += PAGE_SIZE) {
		uint8_t **page = &p->page[from / PAGE_SIZE % PAGES];

		if (p->writing || p->head - ALIGN_DOWN(from, (unsigned)PAGE_SIZE) > CAPACITY)
			continue;
		page_free(*page, 0);
		*page = NULL;
	}
}

/* Marks the read side busy once there is something to read: bytes, 0 at the end, or -errno. */
static ssize_t begin_read(struct pipe *p, struct file *f)
{
	for (;;) {
		bool wait = false;
		ssize_t n = -EAGAIN;
		int r;

		spin_lock(&p->lock);
		if (likely(can_read(p))) {
			n = pipe_used(p);
			p->reading = n > 0;
		} else {
			wait = p->reading || !(f->flags & O_NONBLOCK);
		}
		spin_unlock(&p->lock);
		if (likely(!wait))
			return n;
		wait_event(r, &f->wait, TIME_NEVER, may_go_on_reading(p, f));
		if (r)
			return r;
	}
}

static void end_read(struct pipe *p, struct file *f, unsigned n)
{
	unsigned room;

	spin_lock(&p->lock);
	room = CAPACITY - pipe_used(p);
	free_read(p, p->tail, p->tail + n);
	p->tail += n;
	p->reading = false;
	pipe_changed();
	/* For poll there is room now if there was none before; a writer may wait for less. */
	pipe_wake(p->writer,
		  room < PIPE_BUF && room + n >= PIPE_BUF ? POLLOUT | POLLWRNORM : WAKE_SLEEPERS);
	pipe_wake(f, WAKE_SLEEPERS); /* a second reader waits for this one */
	spin_unlock(&p->lock);
}

static ssize_t pipe_read(struct file *f, struct uio *u, off_t *pos)
{
	struct pipe *p = f->private;
	unsigned want, done = 0;
	ssize_t n;
	int r = 0;

	(void)pos;
	n = likely(u->resid) ? begin_read(p, f) : 0;
	if (n <= 0)
		return n;
	want = (unsigned)min((size_t)n, u->resid);
	while (done < want && !r) {
		unsigned at = p->tail + done, off = at % PAGE_SIZE;
		size_t before = u->resid;

		r = uio_copy_to(u, p->page[at / PAGE_SIZE % PAGES] + off,
				min(want - done, (unsigned)PAGE_SIZE - off));
		done += (unsigned)(before - u->resid);
	}
	end_read(p, f, done);
	return done ? (ssize_t)done : r;
}

/* ---- writing ---- */

static bool can_write(const struct pipe *p, unsigned room)
{
	return !READ_ONCE(p->reader) || (!READ_ONCE(p->writing) && CAPACITY - pipe_used(p) >= room);
}

static bool may_go_on_writing(const struct pipe *p, const struct file *f, unsigned room)
{
	return can_write(p, room) || (f->flags & O_NONBLOCK && !READ_ONCE(p->writing));
}

/* Marks the write side busy once there is this much room: the room there is, or -errno. */
static ssize_t begin_write(struct pipe *p, struct file *f, unsigned room)
{
	for (;;) {
		bool wait = false;
		ssize_t n = -EAGAIN;
		int r;

		spin_lock(&p->lock);
		if (!p->reader) {
			n = -EPIPE;
		} else if (likely(can_write(p, room))) {
			n = CAPACITY - pipe_used(p);
			p->writing = true;
		} else {
			wait = p->writing || !(f->flags & O_NONBLOCK);
		}
		spin_unlock(&p->lock);
		if (likely(!wait))
			return n;
		wait_event(r, &f->wait, TIME_NEVER, may_go_on_writing(p, f, room));
		if (r)
			return r;
	}
}

static void end_write(struct pipe *p, struct file *f, unsigned n)
{
	spin_lock(&p->lock);
	p->head += n;
	p->writing = false;
	pipe_changed();
	pipe_wake(p->reader, POLLIN | POLLRDNORM);
	pipe_wake(f, WAKE_SLEEPERS);
	spin_unlock(&p->lock);
}

/* Copies n bytes behind head, in pages made as needed; *done of them were. */
static int fill(struct pipe *p, struct uio *u, unsigned n, unsigned *done)
{
	int r = 0;

	*done = 0;
	while (*done < n && !r) {
		unsigned at = p->head + *done, off = at % PAGE_SIZE;
		uint8_t **page = &p->page[at / PAGE_SIZE % PAGES];
		size_t before = u->resid;

		if (!*page)
			*page = page_alloc(0);
		if (!*page)
			return -ENOMEM;
		r = uio_copy_from(u, *page + off, min(n - *done, (unsigned)PAGE_SIZE - off));
		*done += (unsigned)(before - u->resid);
	}
	return r;
}

static ssize_t pipe_write(struct file *f, struct uio *u, off_t *pos)
{
	struct pipe *p = f->private;
	size_t total = u->resid, done = 0;
	int r = 0;

	(void)pos;
	while (u->resid && !r) {
		/* Short writes go in whole; of a long one, what there is room for. */
		unsigned room = total <= PIPE_BUF ? (unsigned)total : 1, n;
		ssize_t have = begin_write(p, f, room);

		if (have < 0) {
			r = (int)have;
			if (r == -EPIPE)
				signal_send_self(SIGPIPE);
			break;
		}
		r = fill(p, u, (unsigned)min((size_t)have, u->resid), &n);
		end_write(p, f, n);
		done += n;
	}
	return done ? (ssize_t)done : r;
}

/* ---- both ---- */

static uint32_t read_poll(struct file *f)
{
	struct pipe *p = f->private;
	uint32_t events = pipe_used(p) ? POLLIN | POLLRDNORM : 0;

	return READ_ONCE(p->writer) ? events : events | POLLHUP;
}

static uint32_t write_poll(struct file *f)
{
	struct pipe *p = f->private;

	if (!READ_ONCE(p->reader))
		return POLLOUT | POLLWRNORM | POLLERR;
	return CAPACITY - pipe_used(p) >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;
}

static long pipe_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	int n = (int)pipe_used(f->private);

	return cmd == FIONREAD ? copy_to_user((void __user *)arg, &n, sizeof(n)) : -ENOTTY;
}

static int pipe_stat(struct file *f, struct abi_stat *st)
{
	st->st_dev = 2; /* not the tree's */
	st->st_ino = ((struct pipe *)f->private)->ino;
	st->st_nlink = 1;
	st->st_mode = S_IFIFO | 0600;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

static void pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (p->page[i])
			page_free(p->page[i], 0);
	kfree(p);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;
	bool last;

	spin_lock(&p->lock);
	if (p->reader == f) {
		p->reader = NULL;
		pipe_changed();
		pipe_wake(p->writer, POLLOUT | POLLERR);
	} else {
		p->writer = NULL;
		pipe_changed();
		pipe_wake(p->reader, POLLIN | POLLHUP);
	}
	last = !p->reader && !p->writer;
	spin_unlock(&p->lock);
	if (last)
		pipe_free(p);
}

static const struct file_ops read_ops = {
	.read = pipe_read,
	.poll = read_poll,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = pipe_release,
};
static const struct file_ops write_ops = {
	.write = pipe_write,
	.poll = write_poll,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.release = pipe_release,
};

int pipe_new(uint32_t flags, struct file **reader, struct file **writer)
{
	static unsigned long last_ino;
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	*reader = file_new(&read_ops, p, O_RDONLY | flags);
	*writer = file_new(&write_ops, p, O_WRONLY | flags);
	if (*reader && *writer) {
		p->reader = *reader;
		p->writer = *writer;
		return 0;
	}
	kfree(*reader);
	kfree(*writer);
	kfree(p);
	return -ENOMEM;
}
