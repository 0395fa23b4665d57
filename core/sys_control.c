// SPDX-License-Identifier: MIT
/*
 * System calls by which a process says what it wants to be: prctl, capabilities; and those that need
 * several processes or file systems, which are refused. What prctl keeps is told again; the parent
 * whose death could be signalled never dies, and there is nothing to gain by execve.
 *
 * Owns the switches, each one word, set and read whole.
 */
#include <abi/errno.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

/* Linux's. */
#define PR_SET_PDEATHSIG       1
#define PR_GET_PDEATHSIG       2
#define PR_GET_DUMPABLE	       3
#define PR_SET_DUMPABLE	       4
#define PR_GET_KEEPCAPS	       7
#define PR_SET_KEEPCAPS	       8
#define PR_SET_NAME	       15
#define PR_GET_NAME	       16
#define PR_CAPBSET_READ	       23
#define PR_GET_SECUREBITS      27
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS    38
#define PR_GET_NO_NEW_PRIVS    39
#define PR_GET_TID_ADDRESS     40
#define CAP_LAST	       40

static int death_signal, dumpable = 1, subreaper, no_new_privs;

/* A switch that is 0 or 1. */
static long set_switch(int *s, unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	WRITE_ONCE(*s, (int)value);
	return 0;
}

static long tell(const int *s, unsigned long to)
{
	int value = READ_ONCE(*s);

	return copy_to_user((void __user *)to, &value, sizeof(value));
}

static long set_name(const char __user *from)
{
	char name[sizeof(current_thread()->name)] = {0};
	ssize_t n = strncpy_from_user(name, from, sizeof(name));

	if (n == -EFAULT)
		return n;
	name[sizeof(name) - 1] = '\0';
	memcpy(current_thread()->name, name, sizeof(name));
	return 0;
}

static long get_name(void __user *to)
{
	char name[sizeof(current_thread()->name)] = {0};

	memcpy(name, current_thread()->name, sizeof(name) - 1);
	memset(name + strlen(name), 0, sizeof(name) - strlen(name));
	return copy_to_user(to, name, sizeof(name));
}

long sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a > ABI_SIGNALS)
			return -EINVAL;
		WRITE_ONCE(death_signal, (int)a);
		return 0;
	case PR_GET_PDEATHSIG:
		return tell(&death_signal, a);
	case PR_GET_DUMPABLE:
		return READ_ONCE(dumpable);
	case PR_SET_DUMPABLE:
		return set_switch(&dumpable, a);
	case PR_GET_KEEPCAPS:
		return 0;
	case PR_SET_KEEPCAPS:
		/* Capabilities go with user 0. */
		return a > 1 ? -EINVAL : a ? -EPERM : 0;
	case PR_SET_NAME:
		return set_name((const char __user *)a);
	case PR_GET_NAME:
		return get_name((void __user *)a);
	case PR_CAPBSET_READ:
		return a <= CAP_LAST ? 1 : -EINVAL;
	case PR_GET_SECUREBITS:
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		WRITE_ONCE(subreaper, !!a);
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return tell(&subreaper, a);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b || c || d)
			return -EINVAL;
		WRITE_ONCE(no_new_privs, 1);
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : READ_ONCE(no_new_privs);
	case PR_GET_TID_ADDRESS:
		return copy_to_user((void __user *)a, &current_thread()->clear_tid,
				    sizeof(current_thread()->clear_tid));
	}
	return -EINVAL;
}

/* ---- capabilities: user 0 has all of them, and nobody else any ---- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header {
	uint32_t version;
	int pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

static void current_caps(struct cap_data data[2])
{
	uint64_t all = process_privileged() ? (2ull << CAP_LAST) - 1 : 0;

	for (int i = 0; i < 2; i++)
		data[i] = (struct cap_data){(uint32_t)(all >> 32 * i), (uint32_t)(all >> 32 * i),
					    0};
}

static bool is_thread(int pid);

/* How many words of data the version has; 0: none known, and *header is told one that is. */
static long read_header(void __user *uheader, unsigned *words, int *pid)
{
	struct cap_header h;

	if (copy_from_user(&h, uheader, sizeof(h)))
		return -EFAULT;
	*pid = h.pid;
	*words = h.version == CAP_VERSION_1 ? 1 : 2;
	if (h.version == CAP_VERSION_1 || h.version == CAP_VERSION_2 || h.version == CAP_VERSION_3)
		return 0;
	*words = 0;
	return put_user32(uheader, CAP_VERSION_3);
}

long sys_capget(void __user *header, void __user *to)
{
	struct cap_data data[2];
	unsigned words;
	int pid;
	long r = read_header(header, &words, &pid);

	if (r)
		return r;
	if (!words)
		return to ? -EINVAL : 0;
	if (pid < 0)
		return -EINVAL;
	if (!is_thread(pid))
		return -ESRCH;
	current_caps(data);
	return to ? copy_to_user(to, data, words * sizeof(*data)) : 0;
}

/* What is held may be asked for; none can be given up but by becoming another user. */
long sys_capset(void __user *header, const void __user *from)
{
	struct cap_data data[2] = {{0}}, now[2];
	unsigned words;
	int pid;
	long r = read_header(header, &words, &pid);

	if (r)
		return r;
	if (!words)
		return -EINVAL;
	if (pid && pid != current_thread()->tid)
		return -EPERM;
	if (copy_from_user(data, from, words * sizeof(*data)))
		return -EFAULT;
	current_caps(now);
	for (unsigned i = 0; i < words; i++)
		if (data[i].effective != now[i].effective ||
		    data[i].permitted != now[i].permitted || data[i].inheritable)
			return -EPERM;
	return 0;
}

static void nothing(struct thread *t, void *arg)
{
	(void)t;
	(void)arg;
}

static bool is_thread(int pid)
{
	return !pid || signal_with_thread(pid, nothing, NULL);
}

/* ---- children there are none of ---- */

#define WNOHANG	   1
#define WUNTRACED  2
#define WEXITED	   4
#define WCONTINUED 8
#define WNOWAIT	   0x01000000
#define WANY	   0xe0000000u /* __WNOTHREAD, __WALL, __WCLONE */
#define P_PIDFD	   3

long sys_wait4(int pid, int __user *status, int options, void __user *usage)
{
	(void)status;
	(void)usage;
	if ((unsigned)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WANY))
		return -EINVAL;
	return pid == INT32_MIN ? -ESRCH : -ECHILD;
}

long sys_waitid(int which, int id, void __user *info, int options, void __user *usage)
{
	(void)info;
	(void)usage;
	if ((unsigned)options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WANY) ||
	    !(options & (WEXITED | WUNTRACED | WCONTINUED)))
		return -EINVAL;
	if ((unsigned)which > P_PIDFD || (which && id < 0) || (which == 1 && id <= 0))
		return -EINVAL;
	return which == P_PIDFD ? -EBADF : -ECHILD;
}

/* ---- other roots: there is one tree, and it is the machine's ---- */

long sys_chroot(const char __user *path)
{
	(void)path;
	return -EPERM;
}

long sys_mount(const char __user *what, const char __user *where, const char __user *type,
	       unsigned long flags, const void __user *data)
{
	(void)what;
	(void)where;
	(void)type;
	(void)flags;
	(void)data;
	return -EPERM;
}

long sys_umount2(const char __user *where, int flags)
{
	(void)where;
	(void)flags;
	return -EPERM;
}
