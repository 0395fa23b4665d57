/* SPDX-License-Identifier: MIT */
/*
 * One set of pending signals, of a thread or of the process (core/signal_pending.c): for core/signal.c,
 * which holds the signal lock.
 */
#ifndef CORE_SIGNAL_PENDING_H
#define CORE_SIGNAL_PENDING_H

#include <core/signal.h>

/* A fault's, to be seen before anything else runs. */
#define SYNCHRONOUS                                                                            \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

static inline unsigned signal_number(const struct signal_info *i)
{
	return (uint32_t)i->word[0];
}

/* What is queued in all sets together, without what is lent. */
extern unsigned signal_queue_length;
/* Lent entries whose signal was ignored, and that go on repeating if it is no longer. */
extern struct list signal_parked;

/* i becomes pending, once if it is a standard signal. 0, or -EAGAIN without room. */
int pending_post(struct signal_pending *p, const struct signal_info *i);
/* In the place of its number, over what is there; the caller sets the bit. */
void pending_place(struct signal_pending *p, const struct signal_info *i);
/* Takes a signal of set: its number, or 0. */
unsigned pending_take(struct signal_pending *p, uint64_t set, struct signal_info *info);
/* Forgets those of set; of lent ones what repeats is parked. */
void pending_discard(struct signal_pending *p, uint64_t set);

/* A lent entry that is nowhere: queues it (the caller sets the bit), or parks it if it repeats. */
void pending_queue(struct signal_pending *p, struct signal_entry *e);
void pending_park(struct signal_entry *e);
/* Takes a lent one out of where it is, if it is somewhere. */
void pending_withdraw(struct signal_entry *e);

#endif
