// SPDX-License-Identifier: MIT
/*
 * Stand-ins for core/{main,log,process,time,sched,wait}.c in unit tests: one thread, time moved by
 * the test, sleep that ends by the test's hook or by a timer. A test of one of those files includes
 * the .c itself; then this file is not linked, so such a test brings what else it needs.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/time.h>

#include <stdarg.h>

#include "fake_internal.h"
#include "test.h"

#define WRONG(...) test_abort(__FILE__, __LINE__, __VA_ARGS__)

struct boot_info boot_info;
static struct thread fake_thread = {.tid = 1, .name = "test"};
struct thread *fake_current = &fake_thread;

/* ---- the end ---- */

int fake_end_status;
static jmp_buf *end_env;

void fake_expect_end(jmp_buf *env)
{
	end_env = env;
}

void fake_end(const char *what, int status)
{
	jmp_buf *env = end_env;

	fake_end_status = status;
	end_env = NULL;
	if (!env)
		WRONG("unexpected %s (status %d): %s", what, status, fake_log_last);
	longjmp(*env, 1);
}

bool fake_ending;

bool process_ending(void)
{
	return fake_ending;
}

void process_leave(void)
{
	fake_end("process_leave", 0);
}

void process_exit(int status)
{
	fake_end("process_exit", status);
}

void process_kill(int sig)
{
	fake_end("process_kill", sig);
}

/* ---- log ---- */

char fake_log_last[512];
unsigned fake_log_lines;

static void vlog(const char *fmt, va_list ap)
{
	fake_log_lines++;
	vsnprintf(fake_log_last, sizeof(fake_log_last), fmt, ap);
	printf("# log: %s\n", fake_log_last);
}

#define LOG(fmt)                   \
	do {                       \
		va_list ap;        \
		va_start(ap, fmt); \
		vlog(fmt, ap);     \
		va_end(ap);        \
	} while (0)

void log_info(const char *fmt, ...)
{
	LOG(fmt);
}

void log_warn(const char *fmt, ...)
{
	LOG(fmt);
}

void log_err(const char *fmt, ...)
{
	LOG(fmt);
}

bool log_in_emergency(void)
{
	return false;
}

void panic(const char *fmt, ...)
{
	LOG(fmt);
	fake_end("panic", -1);
}

void boot_fail(const char *fmt, ...)
{
	LOG(fmt);
	fake_end("boot_fail", -1);
}

void log_console_register(struct log_console *c)
{
	(void)c;
}

/* What the app wrote, under plain output. */
char fake_raw[4096];
size_t fake_raw_len;

void log_raw(const char *s, size_t n)
{
	n = min(n, sizeof(fake_raw) - fake_raw_len);
	memcpy(fake_raw + fake_raw_len, s, n);
	fake_raw_len += n;
}

size_t log_read(char *buf, size_t n)
{
	n = min(n, strlen(fake_log_last));
	memcpy(buf, fake_log_last, n);
	return n;
}

/* ---- time ---- */

static struct timer *timers[64];

uint64_t time_now(void)
{
	return fake_clock;
}

uint64_t time_realtime(void)
{
	return fake_wall_clock * NSEC_PER_SEC + fake_clock;
}

uint64_t time_raw(void)
{
	return fake_clock;
}

int time_tai_offset(void)
{
	return 0;
}

int time_set_realtime(uint64_t ns)
{
	fake_wall_clock = (ns - fake_clock) / NSEC_PER_SEC;
	return 0;
}

int time_step(int64_t ns)
{
	return time_set_realtime(time_realtime() + (uint64_t)ns);
}

void time_set_tai_offset(int seconds)
{
	(void)seconds;
}

void timer_rearm(void)
{
}

void timer_cancel(struct timer *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] == t)
			timers[i] = NULL;
	t->active = false;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	timer_cancel(t);
	t->deadline = deadline;
	t->active = true;
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (!timers[i]) {
			timers[i] = t;
			return;
		}
	WRONG("too many timers for the fake");
}

void timer_start_on(struct timer *t, enum timer_base base, uint64_t deadline)
{
	if (base == TIMER_REALTIME)
		WRONG("timers by the wall clock are not faked");
	timer_start(t, deadline);
}

static struct timer *timer_first(void)
{
	struct timer *t = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] && (!t || timers[i]->deadline < t->deadline))
			t = timers[i];
	return t;
}

void timer_interrupt(void)
{
	struct timer *t;
	bool was = fake_irq_on;

	fake_irq_on = false;
	while ((t = timer_first()) && t->deadline <= fake_clock) {
		timer_cancel(t);
		t->fire(t);
	}
	fake_irq_on = was;
}

void fake_clock_advance(uint64_t ns)
{
	uint64_t end = fake_clock + ns;
	struct timer *t;

	while ((t = timer_first()) && t->deadline <= end) {
		fake_clock = max(fake_clock, t->deadline);
		timer_interrupt();
	}
	fake_clock = end;
}

/* ---- threads and waiting ---- */

void (*fake_on_sleep)(void);

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg)
{
	(void)name;
	(void)fn;
	(void)arg;
	return NULL;
}

void sched_yield(void)
{
}

uint64_t sched_busy_cpus(void)
{
	return 1;
}

void sched_wake(struct thread *t)
{
	t->state = THREAD_RUNNABLE;
}

void sched_notify(struct thread *t)
{
	sched_wake(t);
}

int sched_set_affinity(struct thread *t, uint64_t mask)
{
	(void)t;
	return mask & 1 ? 0 : -EINVAL;
}

uint64_t sched_get_affinity(const struct thread *t)
{
	(void)t;
	return 1;
}

void sched_inherit(struct thread *t, uint8_t priority)
{
	t->inherited = priority;
}

void sched_set_policy(struct thread *t, struct sched_policy p)
{
	t->policy = p;
}

void thread_prepare_sleep(void)
{
	fake_current->state = THREAD_SLEEPING;
}

void thread_cancel_sleep(void)
{
	fake_current->state = THREAD_RUNNABLE;
}

void sched_sleep(void)
{
	struct timer *t;

	if (!fake_irq_on || fake_mutexes_held)
		WRONG("sched_sleep with interrupts off or a mutex held");
	if (fake_current->state == THREAD_SLEEPING && fake_on_sleep)
		fake_on_sleep();
	while (fake_current->state == THREAD_SLEEPING && (t = timer_first()))
		fake_clock_advance(t->deadline > fake_clock ? t->deadline - fake_clock : 0);
	if (fake_current->state == THREAD_SLEEPING) {
		fake_current->state = THREAD_RUNNABLE;
		WRONG("sleeps for ever: nothing will wake it");
	}
}

void waitq_init(struct waitq *q)
{
	q->lock.locked = 0;
	list_init(&q->waiters);
}

static bool waiter_wake(struct waiter *w, uint32_t events)
{
	(void)events;
	sched_wake(w->thread);
	return false;
}

void waitq_add_callback(struct waitq *q, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&q->lock);

	w->queue = q;
	list_add_tail(&q->waiters, &w->node);
	spin_unlock_irqrestore(&q->lock, flags);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	w->wake = waiter_wake;
	w->thread = fake_current;
	waitq_add_callback(q, w);
}

void waitq_remove(struct waiter *w)
{
	unsigned long flags;

	if (!w->queue)
		return;
	flags = spin_lock_irqsave(&w->queue->lock);
	list_del(&w->node);
	spin_unlock_irqrestore(&w->queue->lock, flags);
	w->queue = NULL;
}

void waitq_wake(struct waitq *q, uint32_t events)
{
	unsigned long flags = spin_lock_irqsave(&q->lock);
	struct waiter *w, *next;

	list_for_each_entry_safe (w, next, &q->waiters, node)
		if (w->wake(w, events))
			events |= WAKE_TAKEN;
	spin_unlock_irqrestore(&q->lock, flags);
}

bool waitq_wake_one(struct waitq *q, uint32_t events)
{
	unsigned long flags = spin_lock_irqsave(&q->lock);
	struct waiter *w = list_first(&q->waiters, struct waiter, node);

	if (w) {
		list_del(&w->node);
		w->wake(w, events);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return w;
}

static void sleeper_fire(struct timer *t)
{
	sched_wake(container_of(t, struct sleeper, timer)->waiter.thread);
}

void sleeper_begin(struct sleeper *s, struct waitq *q, uint64_t deadline)
{
	memset(s, 0, sizeof(*s));
	s->deadline = deadline;
	s->waiter.thread = fake_current;
	s->queued = q;
	if (q)
		waitq_add(q, &s->waiter);
	s->timed = deadline != TIME_NEVER;
	if (s->timed) {
		s->timer.fire = sleeper_fire;
		timer_start(&s->timer, deadline);
	}
}

int sleeper_check(struct sleeper *s)
{
	if (signal_waiting())
		return -ERESTARTSYS;
	return s->timed && fake_clock >= s->deadline ? -ETIMEDOUT : 0;
}

void sleeper_end(struct sleeper *s)
{
	if (s->timed)
		timer_cancel(&s->timer);
	if (s->queued)
		waitq_remove(&s->waiter);
}

int fake_mutexes_held;

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	waitq_init(&m->waiters);
}

void mutex_lock(struct mutex *m)
{
	if (m->owner || !fake_irq_on)
		WRONG("mutex_lock: held already, or interrupts off");
	m->owner = fake_current;
	fake_mutexes_held++;
}

void mutex_unlock(struct mutex *m)
{
	if (m->owner != fake_current)
		WRONG("mutex_unlock: not held");
	m->owner = NULL;
	fake_mutexes_held--;
}

void fake_reset(void)
{
	static bool started;

	fake_arch_reset();
	if (started)
		signal_thread_exit(&fake_thread);
	signal_thread_start(&fake_thread, 0);
	started = true;
	memset(timers, 0, sizeof(timers));
	fake_thread.state = THREAD_RUNNABLE;
	fake_thread.work = 0;
	fake_on_sleep = NULL;
	fake_ending = false;
	fake_mutexes_held = 0;
	fake_kmalloc_fail = 0;
	fake_log_last[0] = '\0';
	fake_log_lines = 0;
	fake_raw_len = 0;
	end_env = NULL;
}
