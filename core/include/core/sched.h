/* SPDX-License-Identifier: MIT */
/*
 * Threads and waiting (core/sched.c, core/wait.c). Threads run on every CPU. The core is not preempted:
 * an interrupt taken in ring 0 never switches threads, so between two calls that sleep a thread stays
 * on its CPU and has that to itself; the others run meanwhile, so what they share has a lock.
 * Run-queue locks: inside all but the timer's and the page lock, taken with interrupts off.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <abi/sched.h>
#include <arch/thread.h>
#include <core/compiler.h>
#include <core/cputime.h>
#include <core/futex.h>
#include <core/list.h>
#include <core/signal.h>
#include <core/spinlock.h>
#include <core/time.h>

/* Bits of thread->work, tested before each dispatch and each return to ring 3. */
#define WORK_RESCHED  0x01 /* another thread should run */
#define WORK_SIGNAL   0x02 /* a signal is pending, or the app is ending */
#define WORK_DEFERRED 0x04 /* deferred work is pending on this CPU (core/deferred.h) */
#define WORK_TRACE    0x10 /* tell the tracer of each system call */
#define WORK_FILTER   0x20 /* ask the filter before each system call */
#define WORK_ON_ENTRY (WORK_TRACE | WORK_FILTER)
#define WORK_ON_EXIT  (WORK_RESCHED | WORK_SIGNAL | WORK_DEFERRED | WORK_TRACE)

enum thread_state {
	THREAD_RUNNABLE,
	THREAD_SLEEPING, /* woken by sched_wake() only */
	THREAD_DEAD,
};

struct runq;

/* How important a thread is: sched(7). */
struct sched_policy {
	uint8_t policy;	  /* SCHED_* */
	uint8_t priority; /* of FIFO and RR: 1 to 99; else 0 */
	int8_t nice;
	bool reset_on_fork; /* its threads begin as SCHED_OTHER, nice 0 or better */
};

struct thread {
	uint32_t work; /* WORK_*; first, because entry.S tests it; set with atomics */
	enum thread_state state;
	struct arch_thread arch;
	/* Its run queue's (core/runq.h). */
	struct runq *rq; /* of the CPU it runs on, ran on last, or waits for */
	struct tree_node run;
	bool queued; /* in rq's tree: runnable, not running */
	struct sched_policy policy;
	uint8_t inherited; /* a priority of FIFO's, from one who waits for it; 0: none */
	uint32_t weight;
	uint64_t key;	   /* its place in the order; core/runq.c */
	uint64_t rr_used;  /* ns of its slice, for SCHED_RR */
	uint64_t affinity; /* bit n: may run on CPU n */
	struct thread *next_dead;
	int tid;
	uint64_t run_start; /* monotonic time since which it runs */
	struct cputime cputime;
	char name[16];
	struct thread_signals signals;
	struct signal_restart restart;
	/* The app's, kept for what is to be done if it ends while others go on (core/sys_linux.c). */
	uintptr_t clear_tid;   /* a word to zero and wake, or 0 */
	uintptr_t set_tid;     /* a word that gets the tid before ring 3, or 0 */
	uintptr_t robust_list; /* locks to release, or 0 */
	struct thread_pi pi;
};

/* The running thread. */
static inline struct thread *current_thread(void)
{
	return arch_current();
}

void sched_init(void);
/* The running thread becomes this CPU's idle thread, which takes part from now on. Once on each CPU. */
void sched_start_cpu(void);
/* The end of every switch, interrupts off: a new thread's first step calls it too. */
void sched_switched(void);
/*
 * A new core thread that runs fn(arg), runnable at once; NULL if memory is gone. When fn returns
 * the thread ends and is freed.
 */
struct thread *thread_create(const char *name, void (*fn)(void *), void *arg);
/* The same in two steps: not runnable until sched_wake(), or thrown away before that. */
struct thread *thread_new(const char *name, void (*fn)(void *), void *arg);
void thread_discard(struct thread *t);
_Noreturn void thread_exit(void);
/* Gives the CPU to another runnable thread, if there is one. Thread context, no spin lock held. */
void sched_yield(void);
/* Makes t runnable; any context. Harmless if it is so already. */
void sched_wake(struct thread *t);
/* t->work has a new bit: ends t's sleep, or its stay in ring 3 on another CPU. Any context. */
void sched_notify(struct thread *t);
/*
 * Called by whoever waits, after thread_prepare_sleep() and a last look at what it waits for:
 * sleeps until woken. Interrupts on, no lock held. A wake between the two is not lost.
 */
void thread_prepare_sleep(void);
void thread_cancel_sleep(void);
void sched_sleep(void);
/* Runs what the exit to ring 3 found in thread->work; interrupts are off on entry and return. */
void sched_exit_work(uint32_t work);
/* On which CPUs t may run: those of mask that are there, or -EINVAL if none is. */
int sched_set_affinity(struct thread *t, uint64_t mask);
uint64_t sched_get_affinity(const struct thread *t);
/* Changes how important t is. The values are valid ones. Any context. */
void sched_set_policy(struct thread *t, struct sched_policy p);
/* t runs as if it had SCHED_FIFO with at least that priority; 0: no more (core/futex_pi.c). */
void sched_inherit(struct thread *t, uint8_t priority);
/* What t counts as among those who wait: its priority or the one it inherits, 0 if it is fair. */
static inline unsigned sched_priority(const struct thread *t)
{
	uint8_t own = READ_ONCE(t->policy.priority), other = READ_ONCE(t->inherited);

	return max(own, other);
}
/* Of all CPUs: switches from one thread to another, ns in which no thread had anything to do. */
uint64_t sched_switches(void);
/* The CPUs that have something to do, as a mask; may have changed by now. */
uint64_t sched_busy_cpus(void);
uint64_t sched_idle_time(void);
uint64_t sched_cpu_idle_time(unsigned cpu);
_Noreturn void sched_idle(void);

/*
 * Wait queues. A waiter is on its owner's stack or in its object; wake is called with the queue's
 * lock held and interrupts off, and must not sleep. It says whether it took the event for itself
 * alone: those behind it then get WAKE_TAKEN with it. WAKE_SLEEPERS, given instead of POLL* bits, is
 * for threads that sleep on the queue and not for those that look for events.
 */
#define WAKE_TAKEN    0x10000000u
#define WAKE_SLEEPERS 0x08000000u

struct waitq {
	struct spinlock lock;
	struct list waiters;
};

struct waiter {
	struct list node;
	bool (*wake)(struct waiter *w, uint32_t events);
	struct thread *thread;
	struct waitq *queue;
};

#define WAITQ_INIT(name)                                 \
	{                                                \
		SPINLOCK_INIT, LIST_INIT((name).waiters) \
	}

void waitq_init(struct waitq *q);
/* Puts w on q so that a wake-up wakes the running thread. */
void waitq_add(struct waitq *q, struct waiter *w);
/* Puts w on q; w->wake is the caller's. */
void waitq_add_callback(struct waitq *q, struct waiter *w);
void waitq_remove(struct waiter *w);
/* Tells all waiters that events (POLL* bits) came; any context. */
void waitq_wake(struct waitq *q, uint32_t events);
/* Takes the waiter that has been there longest off q and wakes it; false: there is none. Any context. */
bool waitq_wake_one(struct waitq *q, uint32_t events);

/*
 * Sleeps until cond holds or deadline (monotonic ns, TIME_NEVER for none) passes or the app is
 * ending or a signal waits for the thread. Sets err to 0, -ETIMEDOUT or -ERESTARTSYS (which a call
 * with a timeout of its own changes: core/signal.h, man 7 signal). cond is evaluated without a lock
 * and may be evaluated often.
 */
#define wait_event(err, q, deadline, cond)           \
	do {                                         \
		struct sleeper _s;                   \
		(err) = 0;                           \
		if (cond)                            \
			break;                       \
		sleeper_begin(&_s, (q), (deadline)); \
		for (;;) {                           \
			thread_prepare_sleep();      \
			if (cond)                    \
				break;               \
			(err) = sleeper_check(&_s);  \
			if (err)                     \
				break;               \
			sched_sleep();               \
		}                                    \
		thread_cancel_sleep();               \
		sleeper_end(&_s);                    \
	} while (0)

struct sleeper {
	struct waiter waiter;
	struct timer timer;
	uint64_t deadline;
	bool queued, timed;
};
/* q may be NULL: only the deadline or a signal ends the sleep then. */
void sleeper_begin(struct sleeper *s, struct waitq *q, uint64_t deadline);
int sleeper_check(struct sleeper *s);
void sleeper_end(struct sleeper *s);

/* Sleeping locks: thread context; may be held over what sleeps. */
struct mutex {
	struct thread *owner;
	bool hand_over; /* one that waits has lost it once: the owner gives it to the first */
	struct waitq waiters;
};
#define MUTEX_INIT(name)                              \
	{                                             \
		.waiters = WAITQ_INIT((name).waiters) \
	}
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
