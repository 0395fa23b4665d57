// SPDX-License-Identifier: MIT
/*
 * signalfd: signals that are taken by reading. What waits for them waits on signal_came; which of them
 * there are is asked of the thread that asks, as on Linux. The mask is read and set as a whole.
 */
#include <abi/errno.h>
#include <abi/poll.h>
#include <abi/signalfd.h>
#include <core/file.h>
#include <core/heap.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>

struct signalfd {
	uint64_t mask;
};

/* What is told of a signal depends on who sent it: signal(7), signalfd(2). */
static void tell(struct abi_signalfd_siginfo *to, const struct abi_siginfo *i)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = (uint32_t)i->signo;
	to->ssi_errno = i->error;
	to->ssi_code = i->code;
	if (i->code == ABI_SI_TIMER) {
		to->ssi_tid = (uint32_t)i->timer.id;
		to->ssi_overrun = (uint32_t)i->timer.overrun;
		to->ssi_ptr = i->timer.value;
		to->ssi_int = (int32_t)i->timer.value;
	} else if (i->code <= 0 || i->code == ABI_SI_KERNEL) {
		to->ssi_pid = (uint32_t)i->rt.pid;
		to->ssi_uid = i->rt.uid;
		to->ssi_ptr = i->rt.value;
		to->ssi_int = (int32_t)i->rt.value;
	} else {
		to->ssi_addr = i->fault.address;
		to->ssi_addr_lsb = (uint16_t)i->fault.address_lsb;
	}
}

/* Takes one of the mask's, waiting until deadline: 0, -EAGAIN, or -ERESTARTSYS. */
static int take(const struct signalfd *s, uint64_t deadline, struct abi_signalfd_siginfo *to)
{
	struct abi_siginfo info;
	int sig = signal_wait(READ_ONCE(s->mask), deadline, &info);

	if (sig < 0)
		return sig == -EINTR ? -ERESTARTSYS : sig;
	tell(to, &info);
	return 0;
}

static ssize_t signalfd_read(struct file *f, struct uio *u, off_t *pos)
{
	uint64_t deadline = f->flags & O_NONBLOCK ? 0 : TIME_NEVER;
	struct abi_signalfd_siginfo info;
	ssize_t done = 0;
	int r = 0;

	(void)pos;
	if (u->resid < sizeof(info))
		return -EINVAL;
	while (u->resid >= sizeof(info) && !r) {
		r = take(f->private, done ? 0 : deadline, &info);
		if (!r)
			r = uio_copy_to(u, &info, sizeof(info));
		if (!r)
			done += (ssize_t)sizeof(info);
	}
	return done ? done : r;
}

static uint32_t signalfd_poll(struct file *f)
{
	const struct signalfd *s = f->private;

	return signal_pending_set() & READ_ONCE(s->mask) ? POLLIN : 0;
}

static struct waitq *signalfd_waitq(struct file *f)
{
	(void)f;
	return &signal_came;
}

static void signalfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.stat = anon_stat,
	.waitq = signalfd_waitq,
	.release = signalfd_release,
};

static long set_mask(int fd, uint64_t mask)
{
	struct file *f = fd_get(fd);
	long r = -EBADF;

	if (!f)
		return r;
	r = -EINVAL;
	if (f->ops == &signalfd_ops) {
		WRITE_ONCE(((struct signalfd *)f->private)->mask, mask);
		/* What waited before may be of the new mask. */
		waitq_wake(&signal_came, POLLIN);
		r = fd;
	}
	file_put(f);
	return r;
}

long sys_signalfd4(int fd, const void __user *umask, size_t masksize, int flags)
{
	struct signalfd *s;
	uint64_t mask;

	if (flags & ~(SFD_NONBLOCK | SFD_CLOEXEC) || masksize != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, umask, sizeof(mask)))
		return -EFAULT;
	mask &= ~SIGNAL_UNBLOCKABLE;
	if (fd != -1)
		return set_mask(fd, mask);
	s = kmalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->mask = mask;
	fd = anon_file(&signalfd_ops, s, flags, NULL);
	if (fd < 0)
		kfree(s);
	return fd;
}

long sys_signalfd(int fd, const void __user *mask, size_t masksize)
{
	return sys_signalfd4(fd, mask, masksize, 0);
}
