/* SPDX-License-Identifier: MIT */
/*
 * The process's timers of POSIX: timer_create and its family. Each has its queued signal with it, so
 * that an expiry never fails. One that repeats is armed again when its signal is taken, as on Linux:
 * the shortest interval does not keep the core in its interrupt, and what would have come meanwhile
 * is told as overruns. A signal still queued of a timer that is set anew or deleted is taken back.
 *
 * The mutex guards the tree of timers and is held by who sets one. A timer's lock guards its state
 * against its expiry (interrupt context) and its signal's being taken; inside the signal lock, outside
 * the timer lock.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <abi/time.h>
#include <core/cputime.h>
#include <core/heap.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include "clock.h"
#include "posix_timer.h"

#define TIMERS_MAX 65536

struct posix_timer {
	struct tree_node node;
	int id;
	int clock;
	int notify;
	bool by_cpu; /* it goes by cpu, else by timer */
	struct signal_entry entry;
	struct spinlock lock; /* guards what follows */
	enum {
		IDLE,
		ARMED,
		UNTAKEN
	} state;		     /* UNTAKEN: repeats when its signal is taken */
	uint64_t deadline, interval; /* ns; interval 0: once */
	int64_t overruns;	     /* since its signal was taken last, less 1 */
	int64_t told;		     /* of the signal taken last */
	struct cpu_timer cpu;	     /* cpu.timer is the timer of the other clocks */
};

static bool id_less(const struct tree_node *a, const struct tree_node *b)
{
	return container_of(a, struct posix_timer, node)->id <
	       container_of(b, struct posix_timer, node)->id;
}

static struct mutex mutex = MUTEX_INIT(mutex);
static struct tree timers = {.less = id_less};
static unsigned count;
static int next_id;

/* Mutex held. */
static struct posix_timer *find(int id)
{
	struct tree_node *n = timers.root;

	while (n) {
		struct posix_timer *t = container_of(n, struct posix_timer, node);

		if (t->id == id)
			return t;
		n = id < t->id ? n->left : n->right;
	}
	return NULL;
}

/* ---- going by a clock ---- */

/* By its base, not its clock: a relative time does not follow the wall clock. */
static uint64_t now_of(const struct posix_timer *t)
{
	if (t->by_cpu)
		return cpu_clock_read(t->cpu.clock);
	return t->cpu.timer.base == TIMER_REALTIME ? time_realtime() : time_now();
}

static void arm(struct posix_timer *t)
{
	if (t->notify == ABI_SIGEV_NONE)
		return;
	if (t->by_cpu)
		cpu_timer_start(&t->cpu, t->deadline);
	else
		timer_start_on(&t->cpu.timer, t->cpu.timer.base, t->deadline);
}

/* The first deadline of a repeating one that is not over; how many it went on by. */
static int64_t forward(struct posix_timer *t)
{
	uint64_t now = now_of(t), n;

	if (now < t->deadline || now == TIME_NEVER)
		return 0;
	n = (now - t->deadline) / t->interval + 1;
	t->deadline += n * t->interval;
	return (int64_t)n;
}

/* Interrupt context. The signal lock is outside a timer's. */
static void expired(struct posix_timer *t)
{
	spin_lock(&t->lock);
	t->state = t->interval ? UNTAKEN : IDLE;
	t->entry.repeats = t->interval;
	spin_unlock(&t->lock);
	signal_send_entry(&t->entry);
}

static void timer_expired(struct timer *timer)
{
	expired(container_of(timer, struct posix_timer, cpu.timer));
}

static void cpu_expired(struct cpu_timer *timer)
{
	expired(container_of(timer, struct posix_timer, cpu));
}

static int clamp_overruns(int64_t n)
{
	return (int)min(n, (int64_t)INT32_MAX);
}

void posix_timer_taken(struct signal_entry *e, struct abi_siginfo *info)
{
	struct posix_timer *t = container_of(e, struct posix_timer, entry);

	spin_lock(&t->lock);
	if (t->state == UNTAKEN) {
		t->told = t->overruns + forward(t);
		t->overruns = -1;
		t->state = ARMED;
		info->timer.overrun = clamp_overruns(t->told);
		arm(t);
	}
	spin_unlock(&t->lock);
}

/* ---- one timer ---- */

/* Stops it: nothing of it is queued, nor will be. Mutex held. */
static void stop(struct posix_timer *t)
{
	unsigned long irq = spin_lock_irqsave(&t->lock);

	/* Whoever takes its signal now does not start it again. */
	t->state = IDLE;
	t->interval = 0;
	spin_unlock_irqrestore(&t->lock, irq);
	timer_cancel(&t->cpu.timer);
	signal_cancel_entry(&t->entry);
}

struct setting {
	uint64_t value, interval; /* ns */
};

/* What is left, and the interval. Mutex held. */
static struct setting get(struct posix_timer *t)
{
	unsigned long irq = spin_lock_irqsave(&t->lock);
	struct setting s = {0, t->interval};
	bool none = t->notify == ABI_SIGEV_NONE;
	uint64_t now;

	if (t->state != IDLE) {
		if (t->interval && (none || t->state == UNTAKEN))
			t->overruns += forward(t);
		now = now_of(t);
		/* One that is due but has not fired still runs: not 0. */
		if (t->deadline > now)
			s.value = t->deadline - now;
		else
			s.value = !none;
	}
	spin_unlock_irqrestore(&t->lock, irq);
	return s;
}

/* Mutex held. */
static void set(struct posix_timer *t, struct setting new, bool absolute)
{
	unsigned long irq;

	stop(t);
	irq = spin_lock_irqsave(&t->lock);
	t->overruns = -1;
	t->told = 0;
	if (new.value) {
		t->interval = new.interval;
		t->cpu.timer.base = TIMER_MONOTONIC;
		t->deadline = new.value;
		if (absolute && !t->by_cpu)
			t->cpu.timer.base = clock_timer_base(t->clock, &t->deadline);
		if (!absolute)
			t->deadline += now_of(t);
		t->state = ARMED;
		arm(t);
	}
	spin_unlock_irqrestore(&t->lock, irq);
}

/* ---- making them ---- */

static int check_clock(struct posix_timer *t, int clock)
{
	t->clock = clock;
	t->by_cpu = cpu_clock_find(clock, &t->cpu.clock);
	if (t->by_cpu)
		t->cpu.fire = cpu_expired;
	else
		t->cpu.timer.fire = timer_expired;
	return t->by_cpu ? 0 : clock_can_wait(clock);
}

static int check_event(const struct abi_sigevent *e)
{
	const struct abi_siginfo nothing = {.signo = 0};

	switch (e->notify) {
	case ABI_SIGEV_NONE:
		return 0;
	case ABI_SIGEV_THREAD_ID:
		if (signal_send_tid(e->tid, &nothing))
			return -EINVAL;
		break;
	case ABI_SIGEV_SIGNAL:
	case ABI_SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	return e->signo > 0 && e->signo <= ABI_SIGNALS ? 0 : -EINVAL;
}

static void fill_entry(struct posix_timer *t, const struct abi_sigevent *e)
{
	struct abi_siginfo info = {.signo = e->signo, .code = ABI_SI_TIMER};

	info.timer.id = t->id;
	info.timer.value = e->value;
	t->entry.info = *(const struct signal_info *)&info;
	t->entry.lent = true;
	t->entry.tid = e->notify == ABI_SIGEV_THREAD_ID ? e->tid : 0;
	list_init(&t->entry.node);
}

/* Gives it a number, what its signal tells, and a place among the others. */
static int add(struct posix_timer *t, struct abi_sigevent *e, bool tell_id)
{
	int err = -EAGAIN;

	mutex_lock(&mutex);
	if (count < TIMERS_MAX) {
		while (find(next_id))
			next_id = (next_id + 1) & INT32_MAX;
		t->id = next_id;
		next_id = (next_id + 1) & INT32_MAX;
		if (tell_id)
			e->value = (uint64_t)t->id;
		fill_entry(t, e);
		tree_insert(&timers, &t->node);
		count++;
		err = 0;
	}
	mutex_unlock(&mutex);
	return err;
}

/* Mutex held. */
static void discard(struct posix_timer *t)
{
	stop(t);
	tree_remove(&timers, &t->node);
	count--;
	kfree(t);
}

/* ---- system calls ---- */

long sys_timer_create(int clock, const struct abi_sigevent __user *event, int __user *uid)
{
	struct abi_sigevent e = {.notify = ABI_SIGEV_SIGNAL, .signo = SIGALRM};
	struct posix_timer *t;
	int err;

	if (event && copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -EAGAIN;
	list_init(&t->entry.node);
	t->notify = e.notify;
	err = check_clock(t, clock);
	if (!err)
		err = check_event(&e);
	if (!err)
		err = add(t, &e, !event);
	if (err) {
		kfree(t);
		return err;
	}
	if (!put_user32((uint32_t __user *)uid, (uint32_t)t->id))
		return 0;
	mutex_lock(&mutex);
	discard(t);
	mutex_unlock(&mutex);
	return -EFAULT;
}

static long put_setting(struct abi_itimerspec __user *to, struct setting s)
{
	const struct abi_itimerspec v = {to_timespec(s.interval), to_timespec(s.value)};

	return copy_to_user(to, &v, sizeof(v));
}

long sys_timer_settime(int id, int flags, const struct abi_itimerspec __user *value,
		       struct abi_itimerspec __user *old)
{
	struct abi_itimerspec v;
	struct setting new, was = {0, 0};
	struct posix_timer *t;

	if (!value)
		return -EINVAL;
	if (copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (from_timespec(&v.it_value, &new.value) || from_timespec(&v.it_interval, &new.interval))
		return -EINVAL;
	new.value = min(new.value, CLOCK_LONGEST);
	new.interval = min(new.interval, CLOCK_LONGEST);
	mutex_lock(&mutex);
	t = find(id);
	if (t) {
		was = get(t);
		set(t, new, flags & TIMER_ABSTIME);
	}
	mutex_unlock(&mutex);
	if (!t)
		return -EINVAL;
	return old ? put_setting(old, was) : 0;
}

long sys_timer_gettime(int id, struct abi_itimerspec __user *value)
{
	struct setting s = {0, 0};
	struct posix_timer *t;

	mutex_lock(&mutex);
	t = find(id);
	if (t)
		s = get(t);
	mutex_unlock(&mutex);
	return t ? put_setting(value, s) : -EINVAL;
}

long sys_timer_getoverrun(int id)
{
	struct posix_timer *t;
	long n = -EINVAL;

	mutex_lock(&mutex);
	t = find(id);
	if (t)
		n = clamp_overruns(__atomic_load_n(&t->told, __ATOMIC_RELAXED));
	mutex_unlock(&mutex);
	return n;
}

long sys_timer_delete(int id)
{
	struct posix_timer *t;

	mutex_lock(&mutex);
	t = find(id);
	if (t)
		discard(t);
	mutex_unlock(&mutex);
	return t ? 0 : -EINVAL;
}
