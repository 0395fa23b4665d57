/* SPDX-License-Identifier: MIT */
/*
 * A stream for one thread alone, over more than one call; newlib locks it so for each. The standard
 * streams get their locks with a thread's first use of any stream.
 */
#include <reent.h>
#include <stdio.h>
#include <sys/lock.h>

/* newlib's. */
void __sinit(struct _reent *reent);

static _LOCK_RECURSIVE_T lock_of(FILE *f)
{
	if (!_REENT_CLEANUP(_REENT))
		__sinit(_REENT);
	return f->_lock;
}

void flockfile(FILE *f)
{
	__lock_acquire_recursive(lock_of(f));
}

int ftrylockfile(FILE *f)
{
	return __lock_try_acquire_recursive(lock_of(f));
}

void funlockfile(FILE *f)
{
	__lock_release_recursive(lock_of(f));
}
