/* SPDX-License-Identifier: MIT */
/*
 * Named semaphores, known within the program. names_lock guards the list and the counts of uses. An
 * unlinked one has no name any more and lives until its last use is closed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "futex.h"

struct named {
	sem_t sem;
	struct named *next;
	unsigned uses;
	char name[]; /* without the slash; empty: unlinked */
};

static uint32_t names_lock;
static struct named *names;

/* names_lock held: the place of the link to it; *place is NULL if there is none. */
static struct named **find(const char *name)
{
	struct named **place = &names;

	while (*place && strcmp((*place)->name, name))
		place = &(*place)->next;
	return place;
}

/* names_lock held. */
static struct named *make(const char *name, unsigned value)
{
	struct named *n = malloc(sizeof(*n) + strlen(name) + 1);

	if (!n)
		return NULL;
	sem_init(&n->sem, 0, value);
	strcpy(n->name, name);
	n->uses = 0;
	n->next = names;
	names = n;
	return n;
}

/* One slash at most, in front. An error's number. */
static int check_name(const char **name)
{
	if (**name == '/')
		++*name;
	if (!**name || strchr(*name, '/'))
		return EINVAL;
	return strlen(*name) > NAME_MAX - 4 ? ENAMETOOLONG : 0;
}

sem_t *sem_open(const char *name, int flags, ...)
{
	struct named *n = NULL;
	unsigned value = 0;
	int err = check_name(&name);
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		(void)va_arg(ap, int);
		value = va_arg(ap, unsigned);
		va_end(ap);
	}
	if (!err && value > SEM_VALUE_MAX)
		err = EINVAL;
	if (!err) {
		word_lock(&names_lock);
		n = *find(name);
		if (n && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			err = EEXIST;
		else if (!n && !(flags & O_CREAT))
			err = ENOENT;
		else if (!n && !(n = make(name, value)))
			err = ENOMEM;
		else
			n->uses++;
		word_unlock(&names_lock);
	}
	if (!err)
		return &n->sem;
	errno = err;
	return SEM_FAILED;
}

/* names_lock held: frees what has neither name nor use. */
static void drop(struct named **place)
{
	struct named *n = *place;

	if (n->uses || *n->name)
		return;
	*place = n->next;
	free(n);
}

int sem_close(sem_t *sem)
{
	struct named **place = &names;
	bool found;

	word_lock(&names_lock);
	while (*place && &(*place)->sem != sem)
		place = &(*place)->next;
	found = *place;
	if (found) {
		(*place)->uses--;
		drop(place);
	}
	word_unlock(&names_lock);
	if (found)
		return 0;
	errno = EINVAL;
	return -1;
}

int sem_unlink(const char *name)
{
	struct named **place;
	int err = check_name(&name);

	if (!err) {
		word_lock(&names_lock);
		place = find(name);
		if (!*place) {
			err = ENOENT;
		} else {
			*(*place)->name = '\0';
			drop(place);
		}
		word_unlock(&names_lock);
	}
	if (!err)
		return 0;
	errno = err == EINVAL ? ENOENT : err;
	return -1;
}
