/* SPDX-License-Identifier: MIT */
/*
 * System calls about the process and the machine: honest values for one process. Owns the machine's
 * names.
 */
#include <abi/errno.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/sysinfo.h>
#include <core/uaccess.h>
#include <generated/version.h>

long sys_getpid(void)
{
	return APP_PID;
}

/* The core started the app: as init's, the parent is none. */
long sys_getppid(void)
{
	return 0;
}

/*
 * The group and the session are those the core started the app in: number 0, as the kernel's are for
 * init. kill() means the group by 0 as well. Nothing can be made of one process but one that leads.
 */
#define APP_GROUP 0

long sys_getpgid(int pid)
{
	return pid == 0 || pid == APP_PID ? APP_GROUP : -ESRCH;
}

long sys_getsid(int pid)
{
	return sys_getpgid(pid);
}

long sys_getpgrp(void)
{
	return APP_GROUP;
}

long sys_setpgid(int pid, int group)
{
	if (group < 0)
		return -EINVAL;
	return pid == 0 || pid == APP_PID ? -EPERM : -ESRCH;
}

long sys_setsid(void)
{
	return -EPERM;
}

long sys_gettid(void)
{
	return current_thread()->tid;
}

/* ---- names ---- */

/* The machine's and its domain's; names_lock, a leaf, guards them. */
static char names[2][HOSTNAME_MOST + 1] = {"ringlet", "(none)"};
static struct spinlock names_lock = SPINLOCK_INIT;

void system_name(bool domain, char *to)
{
	spin_lock(&names_lock);
	memcpy(to, names[domain], sizeof(names[domain]));
	spin_unlock(&names_lock);
}

static long set_name(bool domain, const char __user *from, int len)
{
	char name[HOSTNAME_MOST + 1] = {0};

	if (!process_privileged())
		return -EPERM;
	if (len < 0 || len > HOSTNAME_MOST)
		return -EINVAL;
	if (copy_from_user(name, from, (size_t)len))
		return -EFAULT;
	spin_lock(&names_lock);
	memcpy(names[domain], name, sizeof(name));
	spin_unlock(&names_lock);
	return 0;
}

long sys_sethostname(const char __user *name, int len)
{
	return set_name(false, name, len);
}

long sys_setdomainname(const char __user *name, int len)
{
	return set_name(true, name, len);
}

/* Linux's struct new_utsname. */
struct utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

long sys_uname(void __user *buf)
{
	/*
	 * The name is Linux's, because the system-call ABI is; the release is one whose calls C
	 * libraries may probe for. Who asks further finds Ringlet in the version.
	 */
	struct utsname u = {
		.sysname = "Linux",
		.release = SYSTEM_RELEASE,
		.version = "Ringlet " RINGLET_VERSION,
		.machine = "x86_64",
	};

	system_name(false, u.nodename);
	system_name(true, u.domainname);
	return copy_to_user(buf, &u, sizeof(u));
}
