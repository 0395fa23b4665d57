// SPDX-License-Identifier: MIT
/*
 * timerfd: a timer that a read asks how often it has expired. One that repeats is started again when
 * it is read, as on Linux: the shortest interval does not keep the core in its interrupt, and what
 * came meanwhile is counted then.
 *
 * lock (spin, interrupts off, outside the timer lock and the wait queue's) guards all but setting
 * (mutex), which keeps those who set it apart. set_lock guards the list of those that a setting of
 * the wall clock cancels; outside lock.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <abi/timerfd.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/syscall.h>
#include "clock.h"

#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9

struct timerfd {
	struct mutex setting;
	struct spinlock lock;
	int clock;
	bool expired;		     /* and repeats: to be started again when it is read */
	bool armed;		     /* or expired */
	bool cancelled;		     /* the clock was set, and nobody was told yet */
	uint64_t ticks;		     /* expirations that nobody has read */
	uint64_t deadline, interval; /* ns */
	struct timer timer;
	struct file *file;
	struct list on_set; /* in set_list, or empty; set_lock */
};

static struct spinlock set_lock;
static struct list set_list = LIST_INIT(set_list);

static uint64_t now_of(const struct timerfd *t)
{
	return t->timer.base == TIMER_REALTIME ? time_realtime() : time_now();
}

/* Goes on to the first deadline that is not over; how many it passed. Lock held. */
static uint64_t forward(struct timerfd *t)
{
	uint64_t now = now_of(t), n;

	if (now < t->deadline)
		return 0;
	n = (now - t->deadline) / t->interval + 1;
	t->deadline += n * t->interval;
	return n;
}

/* One that repeats and has expired runs again; what it missed is counted. Lock held. */
static void restart(struct timerfd *t)
{
	if (!t->expired)
		return;
	t->expired = false;
	/* The first of them was counted when it fired. */
	t->ticks += forward(t) - 1;
	timer_start_on(&t->timer, t->timer.base, t->deadline);
}

/* Its time has come. Lock held. */
static void expire(struct timerfd *t)
{
	t->expired = t->interval;
	t->armed = t->expired;
	t->ticks++;
}

static void fire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	unsigned long irq = spin_lock_irqsave(&t->lock);

	if (t->armed)
		expire(t);
	spin_unlock_irqrestore(&t->lock, irq);
	file_wake(t->file, POLLIN);
}

/* The wall clock was set. */
static void cancel_all(void)
{
	unsigned long irq = spin_lock_irqsave(&set_lock);
	struct timerfd *t;

	list_for_each_entry (t, &set_list, on_set) {
		spin_lock(&t->lock);
		t->cancelled = true;
		t->ticks++;
		spin_unlock(&t->lock);
		file_wake(t->file, POLLIN);
	}
	spin_unlock_irqrestore(&set_lock, irq);
}

/* The expirations since the last read, 0: none, or -ECANCELED. */
static int64_t take(struct timerfd *t)
{
	unsigned long irq = spin_lock_irqsave(&t->lock);
	int64_t n;

	restart(t);
	n = t->cancelled ? -ECANCELED : (int64_t)t->ticks;
	t->cancelled = false;
	WRITE_ONCE(t->ticks, 0);
	spin_unlock_irqrestore(&t->lock, irq);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct uio *u, off_t *pos)
{
	struct timerfd *t = f->private;
	int64_t n;
	int r = 0;

	(void)pos;
	if (u->resid < sizeof(n))
		return -EINVAL;
	while (!(n = take(t)) && !r) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		wait_event(r, &f->wait, TIME_NEVER, READ_ONCE(t->ticks));
	}
	if (n <= 0)
		return n ? n : r;
	r = uio_copy_to(u, &n, sizeof(n));
	return r ? r : (ssize_t)sizeof(n);
}

static uint32_t timerfd_poll(struct file *f)
{
	const struct timerfd *t = f->private;

	return READ_ONCE(t->ticks) ? POLLIN : 0;
}

static void follow_clock(struct timerfd *t, bool follow)
{
	unsigned long irq = spin_lock_irqsave(&set_lock);

	if (!follow)
		list_del(&t->on_set);
	else if (list_empty(&t->on_set))
		list_add(&set_list, &t->on_set);
	spin_unlock_irqrestore(&set_lock, irq);
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	follow_clock(t, false);
	timer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.stat = anon_stat,
	.release = timerfd_release,
};

/* The one it goes by: nothing here ever sleeps, so an alarm's is the clock itself. -EINVAL. */
static int base_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		return CLOCK_REALTIME;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_MONOTONIC;
	}
	return -EINVAL;
}

long sys_timerfd_create(int clock, int flags)
{
	struct timerfd *t;
	int fd;

	if (flags & ~(TFD_NONBLOCK | TFD_CLOEXEC))
		return -EINVAL;
	clock = base_clock(clock);
	if (clock < 0)
		return clock;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	time_was_set = cancel_all;
	mutex_init(&t->setting);
	t->clock = clock;
	t->timer.fire = fire;
	list_init(&t->on_set);
	fd = anon_file(&timerfd_ops, t, flags, &t->file);
	if (fd < 0)
		kfree(t);
	return fd;
}

/* What is left, and the interval. Lock held. */
static struct abi_itimerspec left(struct timerfd *t)
{
	uint64_t now;

	restart(t);
	now = now_of(t);
	return (struct abi_itimerspec){
		to_timespec(t->interval),
		to_timespec(t->armed && t->deadline > now ? t->deadline - now : 0)};
}

/* What was goes to *was. 0, or -ECANCELED: it is set, but the clock was too. setting held. */
static int set(struct timerfd *t, uint64_t value, uint64_t interval, int flags,
	       struct abi_itimerspec *was)
{
	bool absolute = flags & TFD_TIMER_ABSTIME, cancelled;
	bool follow = t->clock == CLOCK_REALTIME && absolute && flags & TFD_TIMER_CANCEL_ON_SET;
	unsigned long irq;

	follow_clock(t, follow);
	irq = spin_lock_irqsave(&t->lock);
	*was = left(t);
	t->armed = false; /* so that one which fires now does nothing */
	spin_unlock_irqrestore(&t->lock, irq);
	timer_cancel(&t->timer);
	irq = spin_lock_irqsave(&t->lock);
	cancelled = t->cancelled;
	t->cancelled = false;
	t->expired = false;
	t->ticks = 0;
	t->interval = interval;
	t->deadline = value;
	t->armed = value;
	t->timer.base = TIMER_MONOTONIC;
	if (absolute)
		t->timer.base = clock_timer_base(t->clock, &t->deadline);
	else
		t->deadline += time_now();
	if (value && t->deadline <= now_of(t))
		expire(t);
	else if (value)
		timer_start_on(&t->timer, t->timer.base, t->deadline);
	spin_unlock_irqrestore(&t->lock, irq);
	if (t->ticks)
		file_wake(t->file, POLLIN);
	return cancelled && follow && value ? -ECANCELED : 0;
}

static struct timerfd *timerfd_get(int fd, struct file **f, long *err)
{
	*f = fd_get(fd);
	*err = *f ? -EINVAL : -EBADF;
	if (!*f)
		return NULL;
	if ((*f)->ops == &timerfd_ops)
		return (*f)->private;
	file_put(*f);
	return NULL;
}

long sys_timerfd_settime(int fd, int flags, const struct abi_itimerspec __user *value,
			 struct abi_itimerspec __user *old)
{
	struct abi_itimerspec v, was;
	uint64_t first, interval;
	struct timerfd *t;
	struct file *f;
	long err;

	if (copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
	    from_timespec(&v.it_value, &first) || from_timespec(&v.it_interval, &interval))
		return -EINVAL;
	t = timerfd_get(fd, &f, &err);
	if (!t)
		return err;
	mutex_lock(&t->setting);
	err = set(t, min(first, CLOCK_LONGEST), min(interval, CLOCK_LONGEST), flags, &was);
	mutex_unlock(&t->setting);
	file_put(f);
	if (!err && old && copy_to_user(old, &was, sizeof(was)))
		err = -EFAULT;
	return err;
}

long sys_timerfd_gettime(int fd, struct abi_itimerspec __user *value)
{
	struct abi_itimerspec now;
	struct timerfd *t;
	unsigned long irq;
	struct file *f;
	long err;

	t = timerfd_get(fd, &f, &err);
	if (!t)
		return err;
	irq = spin_lock_irqsave(&t->lock);
	now = left(t);
	spin_unlock_irqrestore(&t->lock, irq);
	file_put(f);
	return copy_to_user(value, &now, sizeof(now));
}
