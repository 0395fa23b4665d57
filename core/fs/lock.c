// SPDX-License-Identifier: MIT
/*
 * Locks of files: flock(2)'s of a whole file, and records, which belong to an open file (fcntl's
 * F_OFD_*) or to the process. What belongs to the same owner is never in its way, and there is one
 * process; so open files hinder each other, and the process only those.
 *
 * locks.mutex guards all and is a leaf but for the heap; it is not held over an access to the app's
 * memory. Who waits for a lock looks again whenever one has changed: there are few.
 * A lock takes room of the RAM file system's, so that the app cannot fill the core with them.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <core/file_lock.h>
#include <core/list.h>
#include <core/sched.h>
#include "inode.h"

struct file_lock {
	struct list node;
	const void *object; /* what is locked */
	const void *owner;  /* NULL: the process */
	bool flock;
	short type;	     /* F_RDLCK or F_WRLCK */
	uint64_t start, end; /* the last byte */
};

static struct {
	struct mutex mutex;
	struct list all;
	struct waitq wait;
	unsigned changes; /* goes up when a lock goes or becomes weaker */
} locks = {
	.mutex = MUTEX_INIT(locks.mutex),
	.all = LIST_INIT(locks.all),
	.wait = WAITQ_INIT(locks.wait),
};

/* Two of one file, of the same kind, which overlap. */
static bool meets(const struct file_lock *a, const struct file_lock *b)
{
	return a->object == b->object && a->flock == b->flock && a->start <= b->end &&
	       b->start <= a->end;
}

/* The first that is in the way of want; NULL. Mutex held. */
static struct file_lock *conflict(const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each_entry (l, &locks.all, node)
		if (meets(l, want) && l->owner != want->owner &&
		    (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

static struct file_lock *copy_of(const struct file_lock *from)
{
	struct file_lock *l = fs_alloc(sizeof(*l));

	if (l)
		*l = *from;
	return l;
}

static void drop(struct file_lock *l)
{
	list_del(&l->node);
	fs_free(l);
}

/* Takes want's range out of what its owner has; *spare is for the part behind one that is cut. */
static void carve(const struct file_lock *want, struct file_lock **spare)
{
	struct file_lock *l, *next;

	list_for_each_entry_safe (l, next, &locks.all, node) {
		if (!meets(l, want) || l->owner != want->owner)
			continue;
		if (l->start < want->start && l->end > want->end) {
			struct file_lock *tail = *spare;

			*spare = NULL;
			tail->object = l->object;
			tail->owner = l->owner;
			tail->flock = false;
			tail->type = l->type;
			tail->start = want->end + 1;
			tail->end = l->end;
			l->end = want->start - 1;
			list_add(&l->node, &tail->node);
			return;
		}
		if (l->start < want->start)
			l->end = want->start - 1;
		else if (l->end > want->end)
			l->start = want->end + 1;
		else
			drop(l);
	}
}

/* want grows by what its owner has of the same type at its ends; carve() drops that. */
static void absorb(struct file_lock *want)
{
	struct file_lock *l;

	list_for_each_entry (l, &locks.all, node) {
		if (l->object != want->object || l->flock != want->flock ||
		    l->owner != want->owner || l->type != want->type)
			continue;
		if (l->start < want->start && l->end >= want->start - 1)
			want->start = l->start;
		if (l->end > want->end && l->start <= want->end + 1)
			want->end = l->end;
	}
}

static void tell_change(void)
{
	__atomic_add_fetch(&locks.changes, 1, __ATOMIC_SEQ_CST);
	waitq_wake(&locks.wait, 0);
}

/* Sets or takes away; 0, -EAGAIN, -ENOLCK. */
static int try_lock(struct file_lock want)
{
	bool unlock = want.type == F_UNLCK;
	struct file_lock *l = NULL, *spare = NULL;
	int r = -ENOLCK;

	mutex_lock(&locks.mutex);
	if (!unlock && conflict(&want)) {
		r = -EAGAIN;
		goto out;
	}
	spare = copy_of(&want);
	l = unlock ? NULL : copy_of(&want);
	if (spare && (l || unlock)) {
		absorb(&want);
		carve(&want, &spare);
		if (l) {
			*l = want;
			list_add_tail(&locks.all, &l->node);
		}
		l = NULL;
		r = 0;
	}
out:
	fs_free(spare);
	fs_free(l);
	mutex_unlock(&locks.mutex);
	/* What was exclusive may have become shared. */
	if (!r)
		tell_change();
	return r;
}

static int set_lock(const struct file_lock *want, bool wait)
{
	for (;;) {
		unsigned seen = __atomic_load_n(&locks.changes, __ATOMIC_SEQ_CST);
		int r = try_lock(*want);

		if (r != -EAGAIN || !wait)
			return r;
		wait_event(r, &locks.wait, TIME_NEVER,
			   __atomic_load_n(&locks.changes, __ATOMIC_SEQ_CST) != seen);
		if (r)
			return r;
	}
}

static const void *object_of(const struct file *f)
{
	return f->inode ? (const void *)f->inode : f;
}

int file_flock(struct file *f, int type, bool wait)
{
	struct file_lock want = {.object = object_of(f),
				 .owner = f,
				 .flock = true,
				 .type = (short)type,
				 .end = UINT64_MAX};

	WRITE_ONCE(f->locked, true);
	return set_lock(&want, wait);
}

int file_record_lock(struct file *f, bool process, int type, uint64_t start, uint64_t end,
		     bool wait)
{
	struct file_lock want = {.object = object_of(f),
				 .owner = process ? NULL : f,
				 .type = (short)type,
				 .start = start,
				 .end = end};

	if (!process)
		WRITE_ONCE(f->locked, true);
	else if (f->inode)
		WRITE_ONCE(f->inode->locked, true);
	return set_lock(&want, wait);
}

bool file_record_test(struct file *f, bool process, int type, struct file_record *found,
		      uint64_t start, uint64_t end)
{
	struct file_lock want = {.object = object_of(f),
				 .owner = process ? NULL : f,
				 .type = (short)type,
				 .start = start,
				 .end = end};
	struct file_lock *l;

	mutex_lock(&locks.mutex);
	l = conflict(&want);
	if (l)
		*found = (struct file_record){l->type, !l->owner, l->start, l->end};
	mutex_unlock(&locks.mutex);
	return l;
}

/* Drops all of an owner's, of one object or of all. */
static void drop_all(const void *owner, const void *object)
{
	struct file_lock *l, *next;

	mutex_lock(&locks.mutex);
	list_for_each_entry_safe (l, next, &locks.all, node)
		if (l->owner == owner && (!object || l->object == object))
			drop(l);
	mutex_unlock(&locks.mutex);
	tell_change();
}

void file_locks_closed(struct file *f)
{
	if (f->inode && READ_ONCE(f->inode->locked))
		drop_all(NULL, f->inode);
}

void file_locks_free(struct file *f)
{
	drop_all(f, NULL);
}
