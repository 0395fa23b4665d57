/* SPDX-License-Identifier: MIT */
/*
 * Signals (core/signal.c): what is pending, blocked and to be done; the frame on the app's stack is
 * the architecture's (arch/signal.h). Semantics and structures are Linux's.
 *
 * The signal lock guards the dispositions, every pending set, every blocked set and the list of the
 * app's threads; a spin lock, taken with interrupts off in any context, inside every lock but the
 * run queue's. WORK_SIGNAL of a thread is set by senders and cleared by that thread alone, when it
 * finds nothing that it does not block.
 */
#ifndef CORE_SIGNAL_H
#define CORE_SIGNAL_H

#include <abi/signal.h>
#include <core/compiler.h>
#include <core/list.h>

struct thread;
struct waitq;

/* Bit of signal n (1 to 64) in a set. */
#define SIGNAL_BIT(n) (1ull << ((n)-1))
/* Those that nothing can block, catch or ignore. */
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* What may be queued of real-time signals, all of the app's together: RLIMIT_SIGPENDING. */
#define SIGNAL_QUEUE_MAX 1024

/* The part of a siginfo that has fields: Linux keeps 48 bytes of the 128 as well. */
struct signal_info {
	uint64_t word[6];
};

/*
 * Pending signals: the set, and what is known of each. A standard signal is pending once; its place
 * is here, so that sending one never allocates nor fails. Real-time ones queue on infos, ordered by
 * number, then by time of sending; and so do those of timers, whatever their number.
 */
struct signal_pending {
	uint64_t set;
	uint64_t placed; /* those of them that standard tells of */
	struct list infos;
	struct signal_info standard[ABI_SIGRTMIN - 1];
};

/*
 * A signal that is queued. Lent ones are a timer's (core/posix_timer.c), which sets info, tid, lent
 * and repeats while it is not queued: it is told when it is taken, so that sending never fails.
 */
struct signal_entry {
	struct list node;
	struct signal_info info;
	struct signal_pending *on; /* where it is queued, else NULL */
	int tid;		   /* whom to send it; 0: the process */
	bool lent;
	bool repeats; /* while it is ignored it is kept for when it is not */
};

/* What a thread has of its own; in struct thread. */
struct thread_signals {
	uint64_t blocked;
	/* The set to go back to, while sigsuspend, ppoll and the like have set another for a while:
	 * a handler's frame keeps it, else the exit restores it. */
	uint64_t saved;
	bool restore_saved;
	uint64_t awaited; /* by sigtimedwait: to be woken for, blocked or not */
	struct signal_pending pending;
	struct abi_stack altstack;
	struct list thread; /* in the list of the app's threads */
};

/* A signal for which a handler is to run. */
struct signal_delivery {
	struct abi_siginfo info;
	struct abi_sigaction action;
	uint64_t frame_mask; /* the blocked set that the frame keeps and sigreturn restores */
};

/*
 * Results of system calls that a signal broke off: never seen by the app. The exit turns them into
 * -EINTR, or has the call made again. Linux's numbers.
 */
#define ERESTARTSYS    512 /* again if the handler has SA_RESTART, or if no handler ran */
#define ERESTARTNOINTR 513 /* always again */
#define ERESTARTNOHAND 514 /* again only if no handler ran */
#define ERESTART_RESTARTBLOCK \
	516 /* if no handler ran: by restart_syscall, which calls restart.fn */

/* How restart_syscall goes on; in struct thread, set by a call that gives ERESTART_RESTARTBLOCK. */
struct signal_restart {
	long (*fn)(struct signal_restart *r);
	uint64_t deadline, arg[3];
};

/* The app's threads: each is told of before it first enters ring 3 and when it ends. */
void signal_thread_start(struct thread *t, uint64_t blocked);
void signal_thread_exit(struct thread *t);
/* fn(t, arg) for the one of that number (0: the running one), under the lock; false: there is none. */
bool signal_with_thread(int tid, void (*fn)(struct thread *t, void *arg), void *arg);
void signal_with_all_threads(void (*fn)(struct thread *t, void *arg), void *arg);
/* Makes all of them look: they come out of sleeps and of ring 3. */
void signal_tell_all(void);
/* How many of them, but for the running one, something holds for. fn is called with the lock held. */
unsigned signal_count_threads(bool (*holds)(const struct thread *t));

/* Sends to the process, or to one of its threads; any context. 0, or -EAGAIN without room. */
int signal_send_process(const struct abi_siginfo *info);
int signal_send_thread(struct thread *t, const struct abi_siginfo *info);
/* The same to the thread of that number: -ESRCH if there is none. Signal 0 only asks. */
int signal_send_tid(int tid, const struct abi_siginfo *info);
/* The owner's entry, unless it is queued already, or its thread is gone. Any context. */
void signal_send_entry(struct signal_entry *e);
/* Takes it back if it is queued. Any context. */
void signal_cancel_entry(struct signal_entry *e);
/* The running thread gets sig for what it does in a system call (SIGPIPE). */
void signal_send_self(int sig);

/*
 * The running thread did what info tells of (a fault). True: it is queued and its handler will run.
 * False: it is blocked, ignored or has no handler; the caller reports and ends the app
 * (process_kill). Thread context.
 */
bool signal_force(const struct abi_siginfo *info);

/*
 * The exit to ring 3: takes the next signal that is not blocked. True: d says what to run; false:
 * nothing is left, WORK_SIGNAL is clear. A default action that ends the app does not return.
 * Thread context, interrupts on.
 */
bool signal_next(struct signal_delivery *d);
/* The frame for d is built: blocks what its handler wants blocked. (SA_RESETHAND was applied when d
 * was taken, so that no second thread takes the same handler.) */
void signal_handler_begins(const struct signal_delivery *d);
/* The frame could not be written: forces SIGSEGV, which ends the app if d was that. */
void signal_frame_failed(const struct signal_delivery *d);
/* No handler ran: puts back the set that sigsuspend and the like had replaced. */
void signal_restore_saved(void);

/* The running thread's blocked set: sets it (as sigreturn does) and looks anew at what is pending. */
void signal_set_blocked(uint64_t set);
/* The same for the time of one call: the old set comes back as told at thread_signals.saved. */
void signal_set_blocked_for_call(uint64_t set);
/* True if a signal that is not blocked waits, or the app is ending: sleeps end. */
bool signal_waiting(void);
/*
 * Takes a signal of set, waiting for one until deadline (0: not at all). Its number, -EAGAIN at the
 * deadline, or -EINTR.
 */
int signal_wait(uint64_t set, uint64_t deadline, struct abi_siginfo *info);
/* All that waits for the running thread, or for any. */
uint64_t signal_pending_set(void);
/* Woken, with POLLIN, whenever a signal begins to wait. */
extern struct waitq signal_came;
/* What waits for the running thread although it is blocked. */
uint64_t signal_blocked_pending(void);

/* Dispositions. *old (if not NULL) is what was; act NULL changes nothing. 0 or -EINVAL. */
int signal_action(int sig, const struct abi_sigaction *act, struct abi_sigaction *old);

/* Where a handler's frame goes, from the app's stack pointer: that, or the alternate stack's end. */
uintptr_t signal_stack(const struct signal_delivery *d, uintptr_t sp);
/* sigaltstack's rules, also used by sigreturn. 0 or -errno. */
int signal_altstack_set(const struct abi_stack *ss, uintptr_t sp);
/* What the frame and sigaltstack tell of it for that stack pointer. */
struct abi_stack signal_altstack_get(uintptr_t sp);
/* After the frame: SS_AUTODISARM takes it away. */
void signal_altstack_entered(void);

#endif
