/* SPDX-License-Identifier: MIT */
/*
 * Signals: dispositions, what is pending and for whom, and what is done about it (core/signal.h,
 * which tells of the lock). Linux's rules: what is pending for a thread comes before what is for the
 * process, faults before the rest, then the lowest number. Called by the system calls that send or
 * ask, by timers in interrupt context, and by the architecture at faults and at the exit to ring 3.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <arch/signal.h>
#include <core/log.h>
#include <core/process.h>
#include <core/sched.h>
#include "itimer.h"
#include "signal_pending.h"

#define STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define IGNORED_BY_DEFAULT \
	(SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGURG))
/* Where Linux would dump core: the registers and the backtrace are told. */
#define DUMPS                                                                            \
	(SYNCHRONOUS | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGXCPU) | \
	 SIGNAL_BIT(SIGXFSZ))
/* What rt_sigaction keeps of the flags; a program learns from it which of them are known. */
#define KNOWN_FLAGS                                                                     \
	(ABI_SA_NOCLDSTOP | ABI_SA_NOCLDWAIT | ABI_SA_SIGINFO | ABI_SA_EXPOSE_TAGBITS | \
	 ABI_SA_RESTORER | ABI_SA_ONSTACK | ABI_SA_RESTART | ABI_SA_NODEFER | ABI_SA_RESETHAND)

static struct spinlock signal_lock; /* core/signal.h says what it guards */
static struct abi_sigaction actions[ABI_SIGNALS + 1];
static struct list threads = LIST_INIT(threads); /* the app's; the first one first */
struct waitq signal_came = WAITQ_INIT(signal_came);
static struct signal_pending shared = {.infos = LIST_INIT(shared.infos)}; /* the process's */

static void discard_all(uint64_t set)
{
	struct thread *t;

	pending_discard(&shared, set);
	list_for_each_entry (t, &threads, signals.thread)
		pending_discard(&t->signals.pending, set);
}

/* ---- whom it concerns; signal lock held ---- */

/* What t does not want to be told of now. */
static uint64_t masked(const struct thread *t)
{
	return t->signals.blocked & ~t->signals.awaited;
}

static uint64_t deliverable(const struct thread *t)
{
	return (t->signals.pending.set | shared.set) & ~masked(t);
}

/* Makes t look, out of its sleep if need be. */
static void tell(struct thread *t)
{
	__atomic_or_fetch(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	/* The running thread may be idling in its own sleep while an interrupt sends this. */
	if (t != current_thread() || READ_ONCE(t->state) != THREAD_RUNNABLE)
		sched_notify(t);
}

/* For the process: the first thread that wants it; if none does it waits until one does. */
static void tell_one(uint64_t bit)
{
	struct thread *t;

	list_for_each_entry (t, &threads, signals.thread) {
		if (masked(t) & bit)
			continue;
		tell(t);
		return;
	}
}

/* t no longer wants these: what waits for the process is for others then. */
static void retarget(const struct thread *t, uint64_t set)
{
	struct thread *other;

	set &= shared.set;
	if (likely(!set))
		return;
	list_for_each_entry (other, &threads, signals.thread)
		if (other != t && set & ~masked(other))
			tell(other);
}

static bool is_ignored(unsigned sig)
{
	uint64_t handler = actions[sig].handler;

	return handler == ABI_SIG_IGN ||
	       (handler == ABI_SIG_DFL && SIGNAL_BIT(sig) & IGNORED_BY_DEFAULT);
}

/* What is ignored is not even queued, unless it is blocked: sigwait may want it, or a handler to come. */
static bool is_dropped(const struct thread *t, unsigned sig)
{
	return t && is_ignored(sig) && !(t->signals.blocked & SIGNAL_BIT(sig));
}

/* ---- sending ---- */

static void tell_of(struct thread *t, uint64_t bit)
{
	if (unlikely(!list_empty(&signal_came.waiters)))
		waitq_wake(&signal_came, POLLIN);
	if (!t)
		tell_one(bit);
	else if (!(masked(t) & bit))
		tell(t);
}

/* Whether sig would not even be queued for t, or for the process. */
static bool is_dropped_for(const struct thread *t, unsigned sig)
{
	return is_dropped(t ? t : list_first(&threads, struct thread, signals.thread), sig);
}

/* t NULL: to the process. Signal lock held. */
static int send(struct thread *t, const struct signal_info *i)
{
	unsigned sig = signal_number(i);
	uint64_t bit = SIGNAL_BIT(sig);
	int err;

	if (unlikely(bit & (STOPS | SIGNAL_BIT(SIGCONT))))
		discard_all(bit & STOPS ? SIGNAL_BIT(SIGCONT) : STOPS);
	if (is_dropped_for(t, sig))
		return 0;
	err = pending_post(t ? &t->signals.pending : &shared, i);
	if (!err)
		tell_of(t, bit);
	return err;
}

int signal_send_process(const struct abi_siginfo *info)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	int err = send(NULL, (const struct signal_info *)info);

	spin_unlock_irqrestore(&signal_lock, irq);
	return err;
}

int signal_send_thread(struct thread *t, const struct abi_siginfo *info)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	int err = send(t, (const struct signal_info *)info);

	spin_unlock_irqrestore(&signal_lock, irq);
	return err;
}

/* Signal lock held. */
static struct thread *thread_of(int tid)
{
	struct thread *t = current_thread();

	if (t->tid == tid)
		return t;
	list_for_each_entry (t, &threads, signals.thread)
		if (t->tid == tid)
			return t;
	return NULL;
}

bool signal_with_thread(int tid, void (*fn)(struct thread *t, void *arg), void *arg)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = tid ? thread_of(tid) : current_thread();

	if (t)
		fn(t, arg);
	spin_unlock_irqrestore(&signal_lock, irq);
	return t;
}

void signal_with_all_threads(void (*fn)(struct thread *t, void *arg), void *arg)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t;

	list_for_each_entry (t, &threads, signals.thread)
		fn(t, arg);
	spin_unlock_irqrestore(&signal_lock, irq);
}

static void tell_thread(struct thread *t, void *unused)
{
	(void)unused;
	tell(t);
}

void signal_tell_all(void)
{
	signal_with_all_threads(tell_thread, NULL);
}

unsigned signal_count_threads(bool (*holds)(const struct thread *t))
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	const struct thread *t;
	unsigned n = 0;

	list_for_each_entry (t, &threads, signals.thread)
		n += t != current_thread() && holds(t);
	spin_unlock_irqrestore(&signal_lock, irq);
	return n;
}

int signal_send_tid(int tid, const struct abi_siginfo *info)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = thread_of(tid);
	int err = -ESRCH;

	if (t)
		err = info->signo ? send(t, (const struct signal_info *)info) : 0;
	spin_unlock_irqrestore(&signal_lock, irq);
	return err;
}

/* ---- lent entries ---- */

/* Signal lock held. */
static void post_entry(struct signal_entry *e)
{
	struct thread *t = e->tid ? thread_of(e->tid) : NULL;
	struct signal_pending *p = t ? &t->signals.pending : &shared;
	unsigned sig = signal_number(&e->info);

	if (e->tid && !t)
		return;
	if (is_dropped_for(t, sig)) {
		pending_park(e);
		return;
	}
	pending_queue(p, e);
	p->set |= SIGNAL_BIT(sig);
	tell_of(t, SIGNAL_BIT(sig));
}

void signal_send_entry(struct signal_entry *e)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);

	if (list_empty(&e->node))
		post_entry(e);
	spin_unlock_irqrestore(&signal_lock, irq);
}

void signal_cancel_entry(struct signal_entry *e)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);

	pending_withdraw(e);
	spin_unlock_irqrestore(&signal_lock, irq);
}

/* sig is no longer ignored: what came meanwhile and repeats is told of now. Signal lock held. */
static void unpark(unsigned sig)
{
	struct signal_entry *e, *next;

	list_for_each_entry_safe (e, next, &signal_parked, node) {
		if (signal_number(&e->info) != sig)
			continue;
		list_del(&e->node);
		post_entry(e);
	}
}

void signal_send_self(int sig)
{
	const struct abi_siginfo info = {
		.signo = sig, .code = ABI_SI_USER, .rt = {.pid = APP_PID, .uid = process_user()}};

	signal_send_thread(current_thread(), &info);
}

bool signal_force(const struct abi_siginfo *info)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = current_thread();
	unsigned sig = (unsigned)info->signo;
	bool handled = actions[sig].handler > ABI_SIG_IGN &&
		       !(t->signals.blocked & SIGNAL_BIT(sig));

	if (handled) {
		/* Over one that was sent, if there is one: this instruction cannot go on. */
		pending_place(&t->signals.pending, (const struct signal_info *)info);
		t->signals.pending.set |= SIGNAL_BIT(sig);
		tell(t);
	}
	spin_unlock_irqrestore(&signal_lock, irq);
	return handled;
}

/* ---- taking ---- */

static void default_action(unsigned sig)
{
	uint64_t bit = SIGNAL_BIT(sig);

	if (bit & IGNORED_BY_DEFAULT)
		return;
	if (bit & STOPS) {
		log_warn("app: signal %u would stop the app, and nobody could continue it: ignored",
			 sig);
		return;
	}
	if (bit & DUMPS)
		arch_report_user();
	process_kill((int)sig);
}

/* Signal lock held. */
static unsigned take_any(struct thread *t, uint64_t set, struct abi_siginfo *info)
{
	struct signal_info *i = (struct signal_info *)info;
	unsigned sig = pending_take(&t->signals.pending, set, i);

	if (sig)
		return sig;
	sig = pending_take(&shared, set, i);
	if (sig == SIGALRM)
		itimer_continue();
	return sig;
}

/* What is to be done for a signal just taken. False: nothing by the app. Signal lock held. */
static bool prepare(const struct thread *t, unsigned sig, struct signal_delivery *d)
{
	struct abi_sigaction *a = &actions[sig];

	d->action = *a;
	if (a->handler <= ABI_SIG_IGN)
		return false;
	if (a->flags & ABI_SA_RESETHAND)
		a->handler = ABI_SIG_DFL;
	d->frame_mask = t->signals.restore_saved ? t->signals.saved : t->signals.blocked;
	return true;
}

bool signal_next(struct signal_delivery *d)
{
	struct thread *t = current_thread();

	if (unlikely(process_ending()))
		process_leave();
	d->info = (struct abi_siginfo){0};
	for (;;) {
		unsigned long irq = spin_lock_irqsave(&signal_lock);
		uint64_t set = deliverable(t);
		bool handler = false;
		unsigned sig = 0;

		if (unlikely(set & SIGNAL_BIT(SIGKILL)))
			sig = SIGKILL;
		else if (set)
			sig = take_any(t, set, &d->info);
		else
			__atomic_and_fetch(&t->work, ~(uint32_t)WORK_SIGNAL, __ATOMIC_SEQ_CST);
		if (sig)
			handler = prepare(t, sig, d);
		spin_unlock_irqrestore(&signal_lock, irq);
		if (!sig || handler)
			return handler;
		if (d->action.handler == ABI_SIG_DFL)
			default_action(sig);
	}
}

/* t's blocked set becomes this. Signal lock held. */
static void set_blocked(struct thread *t, uint64_t set)
{
	uint64_t old = t->signals.blocked;

	t->signals.blocked = set & ~SIGNAL_UNBLOCKABLE;
	if (deliverable(t))
		tell(t);
	retarget(t, t->signals.blocked & ~old);
}

void signal_handler_begins(const struct signal_delivery *d)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = current_thread();
	uint64_t also = d->action.mask;

	if (!(d->action.flags & ABI_SA_NODEFER))
		also |= SIGNAL_BIT(d->info.signo);
	t->signals.restore_saved = false;
	set_blocked(t, t->signals.blocked | also);
	if (!deliverable(t))
		__atomic_and_fetch(&t->work, ~(uint32_t)WORK_SIGNAL, __ATOMIC_SEQ_CST);
	spin_unlock_irqrestore(&signal_lock, irq);
}

void signal_frame_failed(const struct signal_delivery *d)
{
	const struct abi_siginfo fault = {.signo = SIGSEGV, .code = ABI_SI_KERNEL};

	if (d->info.signo != SIGSEGV && signal_force(&fault))
		return;
	log_err("app: no room on its stack for the frame of signal %d", d->info.signo);
	arch_report_user();
	process_kill(SIGSEGV);
}

/* ---- blocked sets ---- */

void signal_set_blocked(uint64_t set)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);

	set_blocked(current_thread(), set);
	spin_unlock_irqrestore(&signal_lock, irq);
}

void signal_set_blocked_for_call(uint64_t set)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = current_thread();

	t->signals.saved = t->signals.blocked;
	t->signals.restore_saved = true;
	set_blocked(t, set);
	spin_unlock_irqrestore(&signal_lock, irq);
}

void signal_restore_saved(void)
{
	struct thread_signals *s = &current_thread()->signals;

	if (!s->restore_saved)
		return;
	s->restore_saved = false;
	signal_set_blocked(s->saved);
}

bool signal_waiting(void)
{
	struct thread *t = current_thread();
	unsigned long irq;
	bool waiting;

	if (unlikely(process_ending()))
		return true;
	if (likely(!(READ_ONCE(t->work) & WORK_SIGNAL)))
		return false;
	/* Another thread may have taken it meanwhile. */
	irq = spin_lock_irqsave(&signal_lock);
	waiting = deliverable(t);
	spin_unlock_irqrestore(&signal_lock, irq);
	return waiting;
}

uint64_t signal_pending_set(void)
{
	return READ_ONCE(current_thread()->signals.pending.set) | READ_ONCE(shared.set);
}

uint64_t signal_blocked_pending(void)
{
	return signal_pending_set() & current_thread()->signals.blocked;
}

/* ---- waiting for signals ---- */

static unsigned take_now(uint64_t set, struct abi_siginfo *info)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	unsigned sig = take_any(current_thread(), set, info);

	spin_unlock_irqrestore(&signal_lock, irq);
	return sig;
}

/* Signals of set wake the running thread from now on, blocked or not; 0: no longer. */
static void await(uint64_t set)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);
	struct thread *t = current_thread();
	uint64_t before = t->signals.awaited;

	t->signals.awaited = set;
	retarget(t, before & t->signals.blocked & ~set);
	spin_unlock_irqrestore(&signal_lock, irq);
}

int signal_wait(uint64_t set, uint64_t deadline, struct abi_siginfo *info)
{
	unsigned sig = 0;
	int err = 0;

	set &= ~SIGNAL_UNBLOCKABLE;
	*info = (struct abi_siginfo){0};
	if (!deadline) {
		sig = take_now(set, info);
		return sig ? (int)sig : -EAGAIN;
	}
	await(set);
	wait_event(err, NULL, deadline, (sig = take_now(set, info)));
	/* What came between the last look and the end of the sleep. */
	if (!sig)
		sig = take_now(set, info);
	await(0);
	if (sig)
		return (int)sig;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* ---- dispositions, threads ---- */

int signal_action(int sig, const struct abi_sigaction *act, struct abi_sigaction *old)
{
	unsigned long irq;

	if (sig < 1 || sig > ABI_SIGNALS || (act && SIGNAL_BIT(sig) & SIGNAL_UNBLOCKABLE))
		return -EINVAL;
	irq = spin_lock_irqsave(&signal_lock);
	if (old)
		*old = actions[sig];
	if (act) {
		actions[sig] = *act;
		actions[sig].flags &= KNOWN_FLAGS;
		actions[sig].mask &= ~SIGNAL_UNBLOCKABLE;
		if (is_ignored((unsigned)sig))
			discard_all(SIGNAL_BIT(sig));
		else
			unpark((unsigned)sig);
		if (sig == SIGALRM)
			itimer_continue();
	}
	spin_unlock_irqrestore(&signal_lock, irq);
	return 0;
}

void signal_thread_start(struct thread *t, uint64_t blocked)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);

	t->signals.blocked = blocked & ~SIGNAL_UNBLOCKABLE;
	t->signals.awaited = 0;
	t->signals.restore_saved = false;
	t->signals.altstack = (struct abi_stack){.flags = ABI_SS_DISABLE};
	t->signals.pending.set = t->signals.pending.placed = 0;
	list_init(&t->signals.pending.infos);
	list_add_tail(&threads, &t->signals.thread);
	cputime_thread_start(t);
	if (deliverable(t))
		tell(t);
	spin_unlock_irqrestore(&signal_lock, irq);
}

void signal_thread_exit(struct thread *t)
{
	unsigned long irq = spin_lock_irqsave(&signal_lock);

	list_del(&t->signals.thread);
	cputime_thread_exit(t);
	pending_discard(&t->signals.pending, ~0ull);
	retarget(t, ~masked(t));
	spin_unlock_irqrestore(&signal_lock, irq);
}
