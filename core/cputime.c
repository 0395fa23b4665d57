/* SPDX-License-Identifier: MIT */
/*
 * Processor time of the app's threads (core/cputime.h). The list's lock guards the list, what ended
 * threads have used, and what was told; it is taken with interrupts off, in any context, inside the
 * signal lock. A thread's samples are written by the CPU that runs it.
 */
#include <abi/time.h>
#include <arch/smp.h>
#include <core/cputime.h>
#include <core/process.h>
#include <core/sched.h>

#define LOOK_NS NSEC_PER_MSEC /* between two looks at a CPU clock */

static struct spinlock list_lock;
static struct list threads = LIST_INIT(threads);
static struct cputime process; /* its sampled and weight: what threads had when they ended */

uint64_t cputime_of(const struct cputime *c)
{
	int64_t word, used;

	do {
		word = __atomic_load_n(&c->word, __ATOMIC_ACQUIRE);
		used = word & 1 ? (word >> 1) + (int64_t)time_now() : word >> 1;
	} while (unlikely(__atomic_load_n(&c->word, __ATOMIC_ACQUIRE) != word));
	return (uint64_t)used;
}

/* ---- the app's threads ---- */

void cputime_thread_start(struct thread *t)
{
	unsigned long irq = spin_lock_irqsave(&list_lock);

	list_add_tail(&threads, &t->cputime.node);
	spin_unlock_irqrestore(&list_lock, irq);
}

static void add(struct cputime *sum, const struct cputime *c)
{
	sum->sampled += cputime_of(c);
	sum->weight.user += READ_ONCE(c->weight.user);
	sum->weight.system += READ_ONCE(c->weight.system);
}

void cputime_thread_exit(struct thread *t)
{
	unsigned long irq = spin_lock_irqsave(&list_lock);

	list_del(&t->cputime.node);
	add(&process, &t->cputime);
	spin_unlock_irqrestore(&list_lock, irq);
}

unsigned cputime_threads(void)
{
	unsigned long irq = spin_lock_irqsave(&list_lock);
	const struct list *l;
	unsigned n = 0;

	for (l = threads.next; l != &threads; l = l->next)
		n++;
	spin_unlock_irqrestore(&list_lock, irq);
	return n;
}

int cputime_next_thread(int tid)
{
	unsigned long irq = spin_lock_irqsave(&list_lock);
	const struct thread *t;
	int next = 0;

	list_for_each_entry (t, &threads, cputime.node)
		if (t->tid > tid && (!next || t->tid < next))
			next = t->tid;
	spin_unlock_irqrestore(&list_lock, irq);
	return next;
}

/* List lock held. */
static struct cputime *find(int tid)
{
	struct thread *t;

	list_for_each_entry (t, &threads, cputime.node)
		if (t->tid == tid)
			return &t->cputime;
	return NULL;
}

/* All that the process has used, and the samples of it. List lock held. */
static struct cputime sum(void)
{
	struct cputime all = process;
	const struct thread *t;

	list_for_each_entry (t, &threads, cputime.node)
		add(&all, &t->cputime);
	return all;
}

/* ---- whose time ---- */

void cputime_sample(bool user)
{
	struct thread *t = current_thread();
	struct cputime *c = &t->cputime;
	uint64_t used, *weight = user ? &c->weight.user : &c->weight.system;

	/* Idling, on its own stack. */
	if (!user && READ_ONCE(t->state) != THREAD_RUNNABLE)
		return;
	used = cputime_of(c);
	WRITE_ONCE(*weight, *weight + (used - c->sampled));
	c->sampled = used;
}

/* total * part / whole, where part is of whole. */
static uint64_t share(uint64_t total, uint64_t part, uint64_t whole)
{
	/* 32 bits of them are exact enough, and nothing below overflows. */
	unsigned shift = whole >> 32 ? 32 - (unsigned)__builtin_clzll(whole) : 0;

	part >>= shift;
	whole >>= shift;
	return whole ? total / whole * part + total % whole * part / whole : total;
}

/* total split as the samples are; without any it is the app's. Neither part goes back. */
static struct cpu_split split(uint64_t total, struct cpu_split weight, struct cpu_split *told)
{
	uint64_t user = share(total, weight.user, weight.user + weight.system);

	total = max(total, told->user + told->system);
	user = min(max(user, told->user), total - told->system);
	*told = (struct cpu_split){user, total - user};
	return *told;
}

bool cputime_split(int tid, struct cpu_split *s)
{
	unsigned long irq = spin_lock_irqsave(&list_lock);
	struct cputime all, *c = tid ? find(tid) : &process;

	if (c && tid) {
		*s = split(cputime_of(c), c->weight, &c->told);
	} else if (c) {
		all = sum();
		*s = split(all.sampled, all.weight, &c->told);
	}
	spin_unlock_irqrestore(&list_lock, irq);
	return c;
}

/* ---- CPU clocks ---- */

bool cpu_clock_find(int id, struct cpu_clock *clock)
{
	int number = ~(id >> 3);
	unsigned long irq;
	bool found = true;

	*clock = (struct cpu_clock){CPUCLOCK_SCHED, 0};
	if (id == CLOCK_PROCESS_CPUTIME_ID)
		return true;
	clock->tid = current_thread()->tid;
	if (id == CLOCK_THREAD_CPUTIME_ID)
		return true;
	clock->kind = id & 3;
	if (id >= 0 || clock->kind > CPUCLOCK_SCHED)
		return false;
	if (!(id & CPUCLOCK_THREAD)) {
		clock->tid = 0;
		return !number || number == APP_PID;
	}
	if (number) {
		clock->tid = number;
		irq = spin_lock_irqsave(&list_lock);
		found = find(number);
		spin_unlock_irqrestore(&list_lock, irq);
	}
	return found;
}

uint64_t cpu_clock_read(struct cpu_clock clock)
{
	struct cpu_split s;
	uint64_t total = TIME_NEVER;
	const struct cputime *c;
	unsigned long irq;

	if (clock.kind == CPUCLOCK_VIRT)
		return cputime_split(clock.tid, &s) ? s.user : TIME_NEVER;
	irq = spin_lock_irqsave(&list_lock);
	c = clock.tid ? find(clock.tid) : NULL;
	if (c)
		total = cputime_of(c);
	else if (!clock.tid)
		total = sum().sampled;
	spin_unlock_irqrestore(&list_lock, irq);
	return total;
}

/* ---- their timers ---- */

/*
 * How long until t's clock can have come to its deadline. One that stands still is looked at less
 * and less often.
 */
static void look_again(struct cpu_timer *t, uint64_t now)
{
	uint64_t left = t->deadline - now;

	t->wait = now == t->seen ? min(2 * t->wait, CPU_TIMER_LATE) : LOOK_NS;
	t->seen = now;
	if (!t->clock.tid)
		left /= arch_cpu_count();
	left = min(left, TIME_NEVER / 4);
	timer_start(&t->timer, time_now() + max(left, t->wait));
}

static void look(struct timer *timer)
{
	struct cpu_timer *t = container_of(timer, struct cpu_timer, timer);
	uint64_t now = cpu_clock_read(t->clock);

	if (now == TIME_NEVER)
		return;
	if (now >= t->deadline)
		t->fire(t);
	else
		look_again(t, now);
}

void cpu_timer_start(struct cpu_timer *t, uint64_t deadline)
{
	uint64_t now = cpu_clock_read(t->clock);

	t->timer.fire = look;
	t->deadline = deadline;
	t->seen = TIME_NEVER;
	if (now >= deadline)
		timer_start(&t->timer, 0);
	else
		look_again(t, now);
}

void cpu_timer_cancel(struct cpu_timer *t)
{
	timer_cancel(&t->timer);
}

/* ---- samples ---- */

static struct timer sample_timer;

/*
 * An interrupt itself is what samples, here and on the other CPUs that do something; while nothing runs
 * it comes less and less often.
 */
static void sample_again(struct timer *t)
{
	static uint64_t seen, wait;
	uint64_t now = cpu_clock_read((struct cpu_clock){CPUCLOCK_SCHED, 0});
	uint64_t busy = now == seen ? 0 : sched_busy_cpus() & ~(1ull << arch_cpu_id());

	for (; busy; busy &= busy - 1)
		arch_send_resched((unsigned)__builtin_ctzll(busy));
	wait = now == seen ? min(2 * wait, NSEC_PER_SEC) : CPUTIME_SAMPLE_NS;
	seen = now;
	timer_start(t, time_now() + wait);
}

void cputime_sampling(void)
{
	static bool on;

	if (__atomic_exchange_n(&on, true, __ATOMIC_RELAXED))
		return;
	sample_timer.fire = sample_again;
	timer_start(&sample_timer, time_now() + CPUTIME_SAMPLE_NS);
}
