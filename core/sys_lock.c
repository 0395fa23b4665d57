// SPDX-License-Identifier: MIT
/* System calls that lock files: flock, and fcntl's records. Owns nothing; core/fs/lock.c does it. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <core/file_lock.h>
#include <core/fs.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#include "sys_lock.h"

long sys_flock(int fd, int op)
{
	int type, what = op & ~LOCK_NB;
	struct file *f;
	long r;

	if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
		return -EINVAL;
	type = what == LOCK_SH ? F_RDLCK : what == LOCK_EX ? F_WRLCK : F_UNLCK;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = f->flags & O_PATH ? -EBADF : file_flock(f, type, !(op & LOCK_NB));
	file_put(f);
	return r;
}

static bool is_process(unsigned cmd)
{
	return cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW;
}

/* Where the range begins from the file's beginning. */
static int range_base(struct file *f, const struct abi_flock *l, long *base)
{
	struct abi_stat st = {0};

	switch (l->l_whence) {
	case SEEK_SET:
		*base = 0;
		return 0;
	case SEEK_CUR:
		*base = READ_ONCE(f->pos);
		return 0;
	case SEEK_END:
		if (f->inode)
			inode_stat(f->inode, &st);
		*base = st.st_size;
		return 0;
	}
	return -EINVAL;
}

/* The first and the last byte; a length of 0 is up to the end, a negative one lies before. */
static int get_range(struct file *f, const struct abi_flock *l, uint64_t *first, uint64_t *last)
{
	long base, end;
	int r = range_base(f, l, &base);

	if (r)
		return r;
	if (__builtin_add_overflow(base, l->l_start, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	*first = (uint64_t)base;
	*last = INT64_MAX;
	if (l->l_len > 0) {
		if (__builtin_add_overflow(base, l->l_len - 1, &end))
			return -EOVERFLOW;
		*last = (uint64_t)end;
	} else if (l->l_len < 0) {
		if (base + l->l_len < 0)
			return -EINVAL;
		*last = (uint64_t)base - 1;
		*first = (uint64_t)(base + l->l_len);
	}
	return 0;
}

static int get_flock(struct file *f, unsigned cmd, unsigned long arg, struct abi_flock *l,
		     uint64_t *first, uint64_t *last)
{
	if (copy_from_user(l, (const void __user *)arg, sizeof(*l)))
		return -EFAULT;
	if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && l->l_type != F_UNLCK)
		return -EINVAL;
	if (!is_process(cmd) && l->l_pid)
		return -EINVAL;
	return get_range(f, l, first, last);
}

long record_set(struct file *f, unsigned cmd, unsigned long arg)
{
	unsigned mode = f->flags & O_ACCMODE;
	uint64_t first, last;
	struct abi_flock l;
	int r = get_flock(f, cmd, arg, &l, &first, &last);

	if (r)
		return r;
	if ((l.l_type == F_RDLCK && mode == O_WRONLY) || (l.l_type == F_WRLCK && mode == O_RDONLY))
		return -EBADF;
	return file_record_lock(f, is_process(cmd), l.l_type, first, last,
				cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

long record_test(struct file *f, unsigned cmd, unsigned long arg)
{
	struct file_record found;
	uint64_t first, last;
	struct abi_flock l;
	int r = get_flock(f, cmd, arg, &l, &first, &last);

	if (r)
		return r;
	if (l.l_type == F_UNLCK)
		return -EINVAL;
	if (file_record_test(f, is_process(cmd), l.l_type, &found, first, last)) {
		l.l_type = (short)found.type;
		l.l_whence = SEEK_SET;
		l.l_start = (long)found.start;
		l.l_len = found.end == INT64_MAX ? 0 : (long)(found.end - found.start + 1);
		l.l_pid = found.process ? 1 : -1;
	} else {
		l.l_type = F_UNLCK;
	}
	return copy_to_user((void __user *)arg, &l, sizeof(l));
}
