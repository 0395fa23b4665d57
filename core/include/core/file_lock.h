/* SPDX-License-Identifier: MIT */
/*
 * Locks of files (core/fs/lock.c). Thread context, no lock held; waiting ends with -ERESTARTSYS when a
 * signal comes. process: the lock is the process's, not the open file's.
 */
#ifndef CORE_FILE_LOCK_H
#define CORE_FILE_LOCK_H

#include <core/file.h>

/* type: F_RDLCK, F_WRLCK, F_UNLCK. 0, -EAGAIN without wait, -ENOLCK without room. */
int file_flock(struct file *f, int type, bool wait);
/* Bytes start to end, both included. */
int file_record_lock(struct file *f, bool process, int type, uint64_t start, uint64_t end,
		     bool wait);

struct file_record {
	int type;
	bool process;
	uint64_t start, end;
};
/* Whether one is in the way of such a lock: which. */
bool file_record_test(struct file *f, bool process, int type, struct file_record *found,
		      uint64_t start, uint64_t end);

/* A descriptor of f was closed: the process's locks of its file go. */
void file_locks_closed(struct file *f);
/* f is about to go, and had locks. */
void file_locks_free(struct file *f);

#endif
