/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked intrusive lists. A head is a node that stands in no object; an empty list
 * is a head that points at itself. No locking: the list's owner has it.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include <core/compiler.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Inserts n after at. */
static inline void list_add(struct list *at, struct list *n)
{
	n->next = at->next;
	n->prev = at;
	at->next->prev = n;
	at->next = n;
}

/* Inserts n at the end of the list head. */
static inline void list_add_tail(struct list *head, struct list *n)
{
	list_add(head->prev, n);
}

/* Takes n out and leaves it an empty list, so that taking it out again is harmless. */
static inline void list_del(struct list *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	list_init(n);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

#define list_for_each_entry(pos, head, member)                                                 \
	for (pos = list_entry((head)->next, __typeof__(*pos), member); &pos->member != (head); \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* The same when pos may be taken out and freed in the body. */
#define list_for_each_entry_safe(pos, tmp, head, member)                  \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),    \
	    tmp = list_entry(pos->member.next, __typeof__(*pos), member); \
	     &pos->member != (head);                                      \
	     pos = tmp, tmp = list_entry(pos->member.next, __typeof__(*pos), member))

#endif
