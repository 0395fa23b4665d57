/* SPDX-License-Identifier: MIT */
/* System calls about the process and the machine: honest values for one process. */
#include <abi/errno.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
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

long sys_gettid(void)
{
	return current_thread()->tid;
}

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
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
	static const struct utsname names = {
		.sysname = "Linux",
		.nodename = "ringlet",
		.release = "6.1.0-ringlet",
		.version = "Ringlet " RINGLET_VERSION,
		.machine = "x86_64",
		.domainname = "(none)",
	};

	return copy_to_user(buf, &names, sizeof(names));
}
