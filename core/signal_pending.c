/* SPDX-License-Identifier: MIT */
/*
 * Pending signals: their places and their queue (core/signal_pending.h). Owns the count of what is
 * queued and the entries that are parked. Called by core/signal.c with the signal lock held.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include "posix_timer.h"
#include "signal_pending.h"

unsigned signal_queue_length;
struct list signal_parked = LIST_INIT(signal_parked);

static int code_of(const struct signal_info *i)
{
	return (int32_t)i->word[1];
}

static struct signal_entry *entry_at(struct list *node)
{
	return list_entry(node, struct signal_entry, node);
}

void pending_queue(struct signal_pending *p, struct signal_entry *e)
{
	struct list *at = p->infos.prev;

	while (at != &p->infos && signal_number(&entry_at(at)->info) > signal_number(&e->info))
		at = at->prev;
	list_add(at, &e->node);
	e->on = p;
}

static int queue(struct signal_pending *p, const struct signal_info *i)
{
	struct signal_entry *e = signal_queue_length < SIGNAL_QUEUE_MAX ? kmalloc(sizeof(*e))
									: NULL;

	/* kill() cannot fail: the number alone stays pending. */
	if (!e)
		return code_of(i) == ABI_SI_USER || code_of(i) == ABI_SI_KERNEL ? 0 : -EAGAIN;
	e->info = *i;
	e->lent = false;
	pending_queue(p, e);
	signal_queue_length++;
	return 0;
}

/* A lent one is its owner's again. */
static void unqueue(struct signal_entry *e)
{
	list_del(&e->node);
	e->on = NULL;
	if (e->lent)
		return;
	signal_queue_length--;
	kfree(e);
}

/* Whether one of e's number is left in its queue, or in its number's place, without e. */
static bool has_company(const struct signal_entry *e)
{
	const struct signal_pending *p = e->on;
	unsigned sig = signal_number(&e->info);

	/* Those of one number are neighbours. */
	return p->placed & SIGNAL_BIT(sig) ||
	       (e->node.prev != &p->infos && signal_number(&entry_at(e->node.prev)->info) == sig) ||
	       (e->node.next != &p->infos && signal_number(&entry_at(e->node.next)->info) == sig);
}

void pending_place(struct signal_pending *p, const struct signal_info *i)
{
	p->standard[signal_number(i) - 1] = *i;
	p->placed |= SIGNAL_BIT(signal_number(i));
}

int pending_post(struct signal_pending *p, const struct signal_info *i)
{
	uint64_t bit = SIGNAL_BIT(signal_number(i));
	int err = 0;

	if (signal_number(i) >= ABI_SIGRTMIN)
		err = queue(p, i);
	else if (!(p->set & bit))
		pending_place(p, i);
	if (!err)
		p->set |= bit;
	return err;
}

static struct signal_entry *oldest(struct signal_pending *p, unsigned sig)
{
	struct signal_entry *e;

	list_for_each_entry (e, &p->infos, node)
		if (signal_number(&e->info) == sig)
			return e;
	return NULL;
}

/* The oldest of that number; the bit stays while there are more. */
static void take_queued(struct signal_pending *p, unsigned sig, struct signal_info *info)
{
	struct signal_entry *e = oldest(p, sig);

	*info = (struct signal_info){{sig}};
	if (!e || !has_company(e))
		p->set &= ~SIGNAL_BIT(sig);
	if (!e)
		return;
	*info = e->info;
	if (e->lent)
		posix_timer_taken(e, (struct abi_siginfo *)info);
	unqueue(e);
}

static void take_placed(struct signal_pending *p, unsigned sig, struct signal_info *info)
{
	*info = p->standard[sig - 1];
	p->placed &= ~SIGNAL_BIT(sig);
	if (likely(list_empty(&p->infos)) || !oldest(p, sig))
		p->set &= ~SIGNAL_BIT(sig);
}

/* Of these pending ones, the next: what the CPU did comes before what somebody sent. */
static unsigned first_of(const struct signal_pending *p, uint64_t set)
{
	uint64_t faults = set & SYNCHRONOUS;

	if (likely(!faults))
		return (unsigned)__builtin_ctzll(set) + 1;
	for (uint64_t left = faults; left; left &= left - 1) {
		unsigned sig = (unsigned)__builtin_ctzll(left) + 1;

		if (p->placed & SIGNAL_BIT(sig) && code_of(&p->standard[sig - 1]) > 0)
			return sig;
	}
	return (unsigned)__builtin_ctzll(faults) + 1;
}

unsigned pending_take(struct signal_pending *p, uint64_t set, struct signal_info *info)
{
	unsigned sig;

	set &= p->set;
	if (!set)
		return 0;
	sig = first_of(p, set);
	if (likely(p->placed & SIGNAL_BIT(sig)))
		take_placed(p, sig, info);
	else
		take_queued(p, sig, info);
	return sig;
}

void pending_park(struct signal_entry *e)
{
	if (e->repeats)
		list_add_tail(&signal_parked, &e->node);
}

void pending_discard(struct signal_pending *p, uint64_t set)
{
	struct signal_entry *e, *next;

	p->set &= ~set;
	p->placed &= ~set;
	list_for_each_entry_safe (e, next, &p->infos, node) {
		bool lent = e->lent;

		if (!(set & SIGNAL_BIT(signal_number(&e->info))))
			continue;
		unqueue(e);
		if (lent)
			pending_park(e);
	}
}

void pending_withdraw(struct signal_entry *e)
{
	if (e->on && !has_company(e))
		e->on->set &= ~SIGNAL_BIT(signal_number(&e->info));
	list_del(&e->node);
	e->on = NULL;
}
