/* SPDX-License-Identifier: MIT */
/*
 * Processor time (core/cputime.c): what each thread has used, exactly, kept by the scheduler where
 * threads are switched; how much of it was the app's own and how much the core's, by what interrupts
 * find running, since to look at the clock at each system call would cost more than the call. CPU
 * clocks, and timers that go by them.
 */
#ifndef CORE_CPUTIME_H
#define CORE_CPUTIME_H

#include <core/compiler.h>
#include <core/list.h>
#include <core/time.h>

struct thread;

/* User and system time, ns. */
struct cpu_split {
	uint64_t user, system;
};

/* A thread's; in struct thread. */
struct cputime {
	/*
	 * Twice the ns used, plus, while it runs, 1 less twice the time it began to: one word, so that
	 * other CPUs can read it.
	 */
	int64_t word;
	uint64_t sampled;	 /* what it had used when an interrupt looked last */
	struct cpu_split weight; /* of that, what found the app running, and what the core */
	struct cpu_split told;	 /* last: neither goes back */
	struct list node;	 /* in the list of the app's threads */
};

/* The scheduler: it begins to run, or stops, at time_now(). */
static inline void cputime_start(struct cputime *c, uint64_t now)
{
	WRITE_ONCE(c->word, c->word - 2 * (int64_t)now + 1);
}

static inline void cputime_stop(struct cputime *c, uint64_t now)
{
	WRITE_ONCE(c->word, c->word + 2 * (int64_t)now - 1);
}

/* Nanoseconds a thread has used; any context. */
uint64_t cputime_of(const struct cputime *c);

/* The app's threads: each is told of before it first enters ring 3 and when it ends. */
void cputime_thread_start(struct thread *t);
void cputime_thread_exit(struct thread *t);

/* How many there are, and the first whose number is above tid; 0: none. Any context. */
unsigned cputime_threads(void);
int cputime_next_thread(int tid);

/* Every interrupt, with interrupts off: it came while the app ran, or while the core did. */
void cputime_sample(bool user);
#define CPUTIME_SAMPLE_NS (4 * NSEC_PER_MSEC)
/* From now on interrupts come often enough for a split to be worth something. Thread context. */
void cputime_sampling(void);
/* Of thread tid, or 0: of all that the process has had. False if there is no such thread. */
bool cputime_split(int tid, struct cpu_split *split);

/*
 * CPU clocks by Linux's clock ids: those of POSIX, and those that pthread_getcpuclockid() makes of a
 * thread's number.
 */
struct cpu_clock {
	int kind; /* CPUCLOCK_PROF, _VIRT, _SCHED */
	int tid;  /* 0: the process's */
};
#define CPUCLOCK_PROF  0
#define CPUCLOCK_VIRT  1
#define CPUCLOCK_SCHED 2

/* False if id is not that of a CPU clock, or its thread is none of the app's. */
bool cpu_clock_find(int id, struct cpu_clock *clock);
/* Nanoseconds; TIME_NEVER once its thread has ended. Any context. */
uint64_t cpu_clock_read(struct cpu_clock clock);

/*
 * A timer by a CPU clock: fire is called once, in interrupt context, at the deadline or up to
 * CPU_TIMER_LATE after it, as long as the clock runs; never before.
 */
#define CPU_TIMER_LATE (32 * NSEC_PER_MSEC)
struct cpu_timer {
	struct timer timer;
	struct cpu_clock clock;
	uint64_t deadline;   /* of its clock */
	uint64_t seen, wait; /* the clock when it was looked at last; how long to the next look */
	void (*fire)(struct cpu_timer *t);
};

/* clock and fire are set; restarts a running one. Any context. */
void cpu_timer_start(struct cpu_timer *t, uint64_t deadline);
/* When it returns it is not running nor will it. Not from its own fire. */
void cpu_timer_cancel(struct cpu_timer *t);

#endif
