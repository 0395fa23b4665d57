// SPDX-License-Identifier: MIT
/*
 * epoll. A watched file has an item in the set's tree, with a waiter on the file's wait queue that
 * puts the item on the set's ready list when an event comes that it asks for: so a wait looks at the
 * files that had events and at no other. The ready list is of what may be ready; who takes from it
 * asks the file.
 *
 * An item goes on the ready list by its waiter, and comes off it before its file is asked: an event
 * that comes meanwhile puts it on again and is not lost. While the list has an item, either no thread
 * sleeps in epoll_wait or one is awake to take from it: so putting an item on wakes one thread, taking
 * leaves one awake for what is left, and no event wakes two.
 *
 * Locks, outer to inner: watch_mutex guards who watches whom (the trees and the files' lists of
 * watches, both for change only) and with it the lifetime of items; set->mutex the tree too, the
 * items' settings, and the taking from the ready list, so that neither an item nor its file goes while
 * the file is asked; it is a watching set's before a watched one's, which has no loops. set->lock
 * (spin, interrupts off, inside the file's wait queue's) guards the ready list.
 */
#include <abi/epoll.h>
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/syscall.h>
#include <core/tree.h>
#include <core/uaccess.h>

#define SETTINGS  (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE) /* not events */
#define ALWAYS	  (EPOLLERR | EPOLLHUP)
#define EXCLUSIVE (EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

#define NESTS_MOST  4  /* sets that watch a set that watches one ... */
#define FEW	    32 /* events that fit on the stack */
#define EVENTS_MOST (INT32_MAX / (int)sizeof(struct abi_epoll_event))
#define SIGSETS	    8  /* bytes of a signal set */
#define MEMORY_PART 25 /* items may take a 25th of the memory */

struct set {
	struct mutex mutex;
	struct spinlock lock;
	unsigned ready_count; /* lock */
	struct list ready;    /* lock */
	struct waitq waiters; /* threads in epoll_wait */
	struct file *file;
	struct tree items;
	uint32_t round; /* of taking; mutex */
	unsigned depth; /* as found in search; watch_mutex */
	uint64_t search;
};

struct item {
	struct tree_node node;
	struct set *set;
	struct file *file;
	int fd;
	uint32_t events; /* what is told of now: a oneshot that was told of has none left */
	uint32_t wanted;
	uint32_t round; /* in which it was told of and needs an event to be so again */
	uint64_t data;
	struct list ready; /* in the set's list, or empty */
	struct waiter waiter;
	struct file_watch watch;
};

static struct mutex watch_mutex = MUTEX_INIT(watch_mutex);
static uint64_t last_search; /* watch_mutex */
static size_t item_count;    /* watch_mutex */

static const struct file_ops epoll_ops;

static inline bool is_ready(const struct set *s)
{
	return !list_empty(&s->ready);
}

/* ---- the ready list ---- */

/* False if it stands there already. */
static bool put_on(struct item *i, bool first)
{
	struct set *s = i->set;
	unsigned long irq = spin_lock_irqsave(&s->lock);
	bool new = list_empty(&i->ready);

	if (new) {
		list_add(first ? &s->ready : s->ready.prev, &i->ready);
		s->ready_count++;
	}
	spin_unlock_irqrestore(&s->lock, irq);
	return new;
}

/* Set's mutex or watch_mutex held: nobody else takes off. */
static void take_off(struct item *i)
{
	unsigned long irq = spin_lock_irqsave(&i->set->lock);

	if (!list_empty(&i->ready)) {
		list_del(&i->ready);
		i->set->ready_count--;
	}
	spin_unlock_irqrestore(&i->set->lock, irq);
}

/* An event came for i. True: a thread was woken for it, that had not been. */
static bool item_ready(struct item *i)
{
	struct set *s = i->set;
	bool woken = put_on(i, false) && waitq_wake_one(&s->waiters, 0);

	/* Who watches the set looks for events, of which this is one whatever stood there. */
	file_wake(s->file, POLLIN | POLLRDNORM);
	return woken;
}

static bool item_wake(struct waiter *w, uint32_t events)
{
	struct item *i = container_of(w, struct item, waiter);
	uint32_t wanted = READ_ONCE(i->events);

	if (!(events & wanted & ~SETTINGS))
		return false;
	if (likely(!(wanted & EPOLLEXCLUSIVE))) {
		item_ready(i);
		return false;
	}
	return !(events & WAKE_TAKEN) && item_ready(i);
}

/* What may have happened before its waiter stood in the queue, or asked for it. */
static void look_at(struct item *i)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (file_poll(i->file) & i->events)
		item_ready(i);
}

/* ---- sets that watch sets ---- */

static struct set *set_of(const struct file *f)
{
	return f->ops == &epoll_ops ? f->private : NULL;
}

/* How far the sets below s nest; too far if not_in is one of them. watch_mutex held. */
static unsigned depth_below(struct set *s, const struct set *not_in)
{
	struct tree_node *n;

	if (s == not_in)
		return NESTS_MOST;
	if (s->search == last_search)
		return s->depth;
	s->search = last_search;
	s->depth = 0;
	tree_for_each (n, &s->items) {
		struct set *below = set_of(container_of(n, struct item, node)->file);

		if (below)
			s->depth = max(s->depth, 1 + depth_below(below, not_in));
	}
	return s->depth;
}

static unsigned depth_above(struct set *s)
{
	if (s->search == last_search)
		return s->depth;
	s->search = last_search;
	s->depth = 0;
	for (struct file_watch *w = s->file->watches; w; w = w->next) {
		struct set *above = container_of(w, struct item, watch)->set;

		s->depth = max(s->depth, 1 + depth_above(above));
	}
	return s->depth;
}

/* watch_mutex held. */
static bool nests_too_far(struct set *s, struct set *below)
{
	unsigned depth = 1;

	last_search++;
	depth += depth_below(below, s);
	last_search++;
	return depth + depth_above(s) > NESTS_MOST;
}

/* ---- items ---- */

static bool item_less(const struct tree_node *a, const struct tree_node *b)
{
	const struct item *x = container_of(a, struct item, node);
	const struct item *y = container_of(b, struct item, node);

	return x->file != y->file ? (uintptr_t)x->file < (uintptr_t)y->file : x->fd < y->fd;
}

/* Mutex held. */
static struct item *find(const struct set *s, const struct file *f, int fd)
{
	const struct item key = {.file = (struct file *)(uintptr_t)f, .fd = fd};
	struct tree_node *n = s->items.root;

	while (n) {
		if (item_less(&key.node, n))
			n = n->left;
		else if (item_less(n, &key.node))
			n = n->right;
		else
			return container_of(n, struct item, node);
	}
	return NULL;
}

/* Its file cannot be told by it any more. watch_mutex held, and the mutex unless the set is gone. */
static void item_remove(struct item *i)
{
	waitq_remove(&i->waiter);
	take_off(i);
	tree_remove(&i->set->items, &i->node);
	*i->watch.prev = i->watch.next;
	if (i->watch.next)
		i->watch.next->prev = i->watch.prev;
	item_count--;
	kfree(i);
}

static void file_gone(struct file *f)
{
	mutex_lock(&watch_mutex);
	while (f->watches) {
		struct item *i = container_of(f->watches, struct item, watch);
		struct set *s = i->set;

		mutex_lock(&s->mutex);
		item_remove(i);
		mutex_unlock(&s->mutex);
	}
	mutex_unlock(&watch_mutex);
}

/* Both mutexes held. */
static void item_add(struct item *i)
{
	struct file *f = i->file;

	tree_insert(&i->set->items, &i->node);
	i->watch = (struct file_watch){f->watches, &f->watches, file_gone};
	if (f->watches)
		f->watches->prev = &i->watch.next;
	f->watches = &i->watch;
	item_count++;
	waitq_add_callback(file_waitq(f), &i->waiter);
	look_at(i);
}

static uint32_t events_of(const struct abi_epoll_event *e)
{
	return (e->events & ~(WAKE_SLEEPERS | EPOLLWAKEUP)) | ALWAYS;
}

static int ctl_add(struct set *s, struct file *f, int fd, const struct abi_epoll_event *e)
{
	struct item *i = kzalloc(sizeof(*i));
	int err = 0;

	if (!i)
		return -ENOMEM;
	i->set = s;
	i->file = f;
	i->fd = fd;
	i->events = i->wanted = events_of(e);
	i->data = e->data;
	list_init(&i->ready);
	i->waiter.wake = item_wake;
	mutex_lock(&watch_mutex);
	mutex_lock(&s->mutex);
	if (set_of(f) && nests_too_far(s, set_of(f)))
		err = -ELOOP;
	else if (find(s, f, fd))
		err = -EEXIST;
	else if (item_count >= page_total() * (PAGE_SIZE / MEMORY_PART) / sizeof(*i))
		err = -ENOSPC;
	else
		item_add(i);
	mutex_unlock(&s->mutex);
	mutex_unlock(&watch_mutex);
	if (err)
		kfree(i);
	return err;
}

static int ctl_del(struct set *s, struct file *f, int fd)
{
	struct item *i;

	mutex_lock(&watch_mutex);
	mutex_lock(&s->mutex);
	i = find(s, f, fd);
	if (i)
		item_remove(i);
	mutex_unlock(&s->mutex);
	mutex_unlock(&watch_mutex);
	return i ? 0 : -ENOENT;
}

static int ctl_mod(struct set *s, struct file *f, int fd, const struct abi_epoll_event *e)
{
	struct item *i;
	int err = 0;

	mutex_lock(&s->mutex);
	i = find(s, f, fd);
	if (!i) {
		err = -ENOENT;
	} else if (i->wanted & EPOLLEXCLUSIVE) {
		err = -EINVAL;
	} else {
		i->data = e->data;
		i->round = 0;
		i->wanted = events_of(e);
		WRITE_ONCE(i->events, i->wanted);
		look_at(i);
	}
	mutex_unlock(&s->mutex);
	return err;
}

static int check_ctl(const struct file *set, const struct file *f, int op,
		     const struct abi_epoll_event *e)
{
	if (!f->ops->poll)
		return -EPERM;
	if (set == f || !set_of(set))
		return -EINVAL;
	if (op == EPOLL_CTL_DEL || !(e->events & EPOLLEXCLUSIVE))
		return 0;
	return op == EPOLL_CTL_MOD || set_of(f) || e->events & ~EXCLUSIVE ? -EINVAL : 0;
}

static long ctl(struct file *set, struct file *f, int op, int fd, const struct abi_epoll_event *e)
{
	int err = check_ctl(set, f, op, e);

	if (err)
		return err;
	switch (op) {
	case EPOLL_CTL_ADD:
		return ctl_add(set->private, f, fd, e);
	case EPOLL_CTL_DEL:
		return ctl_del(set->private, f, fd);
	case EPOLL_CTL_MOD:
		return ctl_mod(set->private, f, fd, e);
	}
	return -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, const struct abi_epoll_event __user *event)
{
	struct abi_epoll_event e = {0};
	struct file *set, *f = NULL;
	long r = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	set = fd_get(epfd);
	if (!set)
		return r;
	f = fd_get(fd);
	if (f) {
		r = ctl(set, f, op, fd, &e);
		file_put(f);
	}
	file_put(set);
	return r;
}

/* ---- the set as a file ---- */

static struct item *first_ready(struct set *s)
{
	struct item *i = list_first(&s->ready, struct item, ready);

	take_off(i);
	return i;
}

/* Whether a wait would find something. What is not ready after all is taken off. */
static uint32_t epoll_poll(struct file *f)
{
	struct set *s = f->private;
	uint32_t events = 0;

	if (!is_ready(s))
		return 0;
	mutex_lock(&s->mutex);
	while (!events && is_ready(s)) {
		struct item *i = first_ready(s);

		if (!(file_poll(i->file) & i->events))
			continue;
		events = POLLIN | POLLRDNORM;
		put_on(i, true);
	}
	mutex_unlock(&s->mutex);
	return events;
}

static void epoll_release(struct file *f)
{
	struct set *s = f->private;
	struct tree_node *n;

	mutex_lock(&watch_mutex);
	while ((n = tree_first(&s->items)))
		item_remove(container_of(n, struct item, node));
	mutex_unlock(&watch_mutex);
	kfree(s);
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.stat = anon_stat,
	.release = epoll_release,
};

long sys_epoll_create1(int flags)
{
	struct set *s;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	s = kzalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	mutex_init(&s->mutex);
	list_init(&s->ready);
	waitq_init(&s->waiters);
	s->items.less = item_less;
	fd = anon_file(&epoll_ops, s, flags, &s->file);
	if (fd < 0)
		kfree(s);
	return fd;
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

/* ---- waiting ---- */

/*
 * Takes at most room of what is ready, in the order in which it became so; what is to be told of as
 * long as it is ready goes to the end. Mutex held.
 */
static int take(struct set *s, struct abi_epoll_event *to, int room)
{
	unsigned most = READ_ONCE(s->ready_count);
	int n = 0;

	s->round += s->round + 1 ? 1 : 2;
	for (; n < room && most; most--) {
		struct item *i = first_ready(s);
		uint32_t events = file_poll(i->file) & i->events;

		if (!events)
			continue;
		to[n++] = (struct abi_epoll_event){events, i->data};
		if (!(i->events & (EPOLLET | EPOLLONESHOT))) {
			put_on(i, false);
			continue;
		}
		i->round = s->round;
		if (i->events & EPOLLONESHOT)
			WRITE_ONCE(i->events, i->events & SETTINGS);
	}
	return n;
}

/* The app did not get what was taken in this round. */
static void give_back(struct set *s, uint32_t round)
{
	struct tree_node *n;

	mutex_lock(&s->mutex);
	tree_for_each (n, &s->items) {
		struct item *i = container_of(n, struct item, node);

		if (i->round != round)
			continue;
		WRITE_ONCE(i->events, i->wanted);
		item_ready(i);
	}
	mutex_unlock(&s->mutex);
}

static long deliver_in(struct set *s, struct abi_epoll_event *storage, int room,
		       struct abi_epoll_event __user *to)
{
	uint32_t round;
	long n;

	mutex_lock(&s->mutex);
	n = take(s, storage, room);
	round = s->round;
	mutex_unlock(&s->mutex);
	if (unlikely(copy_to_user(to, storage, (size_t)n * sizeof(*storage)))) {
		give_back(s, round);
		n = -EFAULT;
	}
	if (is_ready(s))
		waitq_wake_one(&s->waiters, 0);
	return n;
}

/* Gives the app what is ready, at most room events: how many, or -EFAULT. */
static __noinline long deliver(struct set *s, struct abi_epoll_event __user *to, int room)
{
	struct abi_epoll_event few[FEW], *storage = NULL;
	long n;

	room = min(room, (int)READ_ONCE(s->ready_count));
	if (room > FEW)
		storage = kmalloc((size_t)room * sizeof(*storage));
	n = deliver_in(s, storage ? storage : few, storage ? room : min(room, FEW), to);
	kfree(storage);
	return n;
}

/* Until something may be ready: 0, -ETIMEDOUT or -ERESTARTSYS. */
static int sleep_until_ready(struct set *s, uint64_t deadline)
{
	struct sleeper sleeper;
	int err = 0;

	sleeper_begin(&sleeper, &s->waiters, deadline);
	for (;;) {
		thread_prepare_sleep();
		/* Out of the queue: woken, whatever there is by now. */
		if (is_ready(s) || list_empty(&sleeper.waiter.node))
			break;
		err = sleeper_check(&sleeper);
		if (err)
			break;
		sched_sleep();
	}
	thread_cancel_sleep();
	sleeper_end(&sleeper);
	return err;
}

static __noinline long wait_slow(struct set *s, struct abi_epoll_event __user *to, int room,
				 uint64_t deadline)
{
	int err = 0;

	for (;;) {
		long n = is_ready(s) ? deliver(s, to, room) : 0;

		if (n || !deadline)
			return n;
		if (err)
			return err == -ETIMEDOUT ? 0 : -EINTR;
		err = sleep_until_ready(s, deadline);
	}
}

/* deadline: monotonic ns, 0 not to wait, TIME_NEVER. */
static inline long wait(int epfd, struct abi_epoll_event __user *to, int room, uint64_t deadline)
{
	struct file *f;
	struct set *s;
	long r = 0;

	if (unlikely(room <= 0 || room > EVENTS_MOST))
		return -EINVAL;
	if (unlikely(!user_range_ok(to, (size_t)room * sizeof(*to))))
		return -EFAULT;
	f = fd_get(epfd);
	if (unlikely(!f))
		return -EBADF;
	s = set_of(f);
	if (unlikely(!s))
		r = -EINVAL;
	else if (deadline || is_ready(s))
		r = wait_slow(s, to, room, deadline);
	file_put(f);
	return r;
}

static inline uint64_t deadline_of(int timeout_ms)
{
	if (timeout_ms > 0)
		return time_now() + (uint64_t)timeout_ms * NSEC_PER_MSEC;
	return timeout_ms ? TIME_NEVER : 0;
}

long sys_epoll_wait(int epfd, struct abi_epoll_event __user *events, int maxevents, int timeout_ms)
{
	return wait(epfd, events, maxevents, deadline_of(timeout_ms));
}

static long wait_with_mask(int epfd, struct abi_epoll_event __user *events, int maxevents,
			   uint64_t deadline, const void __user *mask, size_t masksize)
{
	uint64_t set;
	long r;

	if (mask && masksize != SIGSETS)
		return -EINVAL;
	if (mask && copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	if (mask)
		signal_set_blocked_for_call(set);
	r = wait(epfd, events, maxevents, deadline);
	if (r != -EINTR)
		signal_restore_saved();
	return r;
}

long sys_epoll_pwait(int epfd, struct abi_epoll_event __user *events, int maxevents, int timeout_ms,
		     const void __user *mask, size_t masksize)
{
	return wait_with_mask(epfd, events, maxevents, deadline_of(timeout_ms), mask, masksize);
}

long sys_epoll_pwait2(int epfd, struct abi_epoll_event __user *events, int maxevents,
		      const struct abi_timespec __user *timeout, const void __user *mask,
		      size_t masksize)
{
	uint64_t deadline;
	int err = timeout_from_user(timeout, &deadline);

	return err ? err : wait_with_mask(epfd, events, maxevents, deadline, mask, masksize);
}
