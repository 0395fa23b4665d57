/* SPDX-License-Identifier: MIT */
/*
 * What a process says of itself and asks of the system, where there is one process. The calls by
 * their numbers; the same program passes on Linux, as root.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tap.h"

#define P(p)			     ((long)(p))
#define CALL(n, ...)		     CALL_(n, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CALL_(n, a, b, c, d, e, ...) raw(n, a, b, c, d, e, 0)
#define PRCTL(...)		     CALL(SYS_prctl, __VA_ARGS__)

static void check_prctl(void)
{
	char name[16];
	int value = -1;

	is(PRCTL(15, P("a name that is too long")), 0, "PR_SET_NAME");
	is(PRCTL(16, P(name)), 0, "PR_GET_NAME");
	ok(!strcmp(name, "a name that is "), "is cut: %s", name);
	is(PRCTL(15, 8), -EFAULT, "nowhere");
	is(PRCTL(1, 15), 0, "PR_SET_PDEATHSIG");
	is(PRCTL(2, P(&value)), 0, "PR_GET_PDEATHSIG");
	is(value, 15, "is kept");
	is(PRCTL(1, 65), -EINVAL, "no signal");
	is(PRCTL(1, 0), 0, "none");
	is(PRCTL(4, 0), 0, "PR_SET_DUMPABLE");
	is(PRCTL(3, 0), 0, "is kept");
	is(PRCTL(4, 3), -EINVAL, "no such");
	is(PRCTL(4, 1), 0, "again");
	is(PRCTL(3, 0), 1, "is kept");
	is(PRCTL(8, 0), 0, "PR_SET_KEEPCAPS");
	is(PRCTL(7, 0), 0, "none is kept");
	is(PRCTL(8, 2), -EINVAL, "no such");
	is(PRCTL(36, 5), 0, "PR_SET_CHILD_SUBREAPER");
	is(PRCTL(37, P(&value)), 0, "PR_GET_CHILD_SUBREAPER");
	is(value, 1, "is kept");
	is(PRCTL(39, 0), 0, "PR_GET_NO_NEW_PRIVS");
	is(PRCTL(38, 0), -EINVAL, "can only be set");
	is(PRCTL(38, 1, 1), -EINVAL, "with nothing behind it");
	is(PRCTL(38, 1), 0, "PR_SET_NO_NEW_PRIVS");
	is(PRCTL(39, 0), 1, "is kept");
	is(PRCTL(23, 0), 1, "PR_CAPBSET_READ");
	is(PRCTL(23, 64), -EINVAL, "no such capability");
	is(PRCTL(27, 0), 0, "PR_GET_SECUREBITS");
	is(PRCTL(9999, 0), -EINVAL, "what is not known");
}

static void check_capabilities(void)
{
	unsigned header[2] = {0x20080522, 0}, data[6] = {0}, bad[2] = {1, 0};

	is(CALL(SYS_capget, P(header), P(data)), 0, "capget");
	ok(data[0] && data[0] == data[1], "root's");
	is(CALL(SYS_capget, P(bad), P(data)), -EINVAL, "an unknown version");
	is(bad[0], 0x20080522, "is told a known one");
	bad[0] = 7;
	is(CALL(SYS_capget, P(bad), 0), 0, "which may be all that is asked");
	is(CALL(SYS_capget, 8, P(data)), -EFAULT, "nowhere");
	header[1] = 4000000;
	is(CALL(SYS_capget, P(header), P(data)), -ESRCH, "nobody's");
	header[1] = (unsigned)-1;
	is(CALL(SYS_capget, P(header), P(data)), -EINVAL, "no number");
	header[1] = 0;
	is(CALL(SYS_capset, P(header), P(data)), 0, "capset of what is held");
	data[0] = data[1] = data[2] = 0xffffffff;
	data[3] = data[4] = 0xffffffff;
	is(CALL(SYS_capset, P(header), P(data)), -EPERM, "of more");
}

static void check_children(void)
{
	int status;
	char info[128];

	is(CALL(SYS_wait4, -1, P(&status), 0, 0), -ECHILD, "wait4");
	is(CALL(SYS_wait4, -1, P(&status), 1, 0), -ECHILD, "that does not wait");
	is(CALL(SYS_wait4, -1, P(&status), 0x100, 0), -EINVAL, "an unknown option");
	is(CALL(SYS_waitid, 0, 0, P(info), 4, 0), -ECHILD, "waitid");
	is(CALL(SYS_waitid, 0, 0, P(info), 1, 0), -EINVAL, "for nothing");
	is(CALL(SYS_waitid, 9, 0, P(info), 4, 0), -EINVAL, "of what is nothing");
	is(CALL(SYS_waitid, 1, 0, P(info), 4, 0), -EINVAL, "of number 0");
}

static void check_memory(void)
{
	char from[6000], to[6000];
	struct iovec a[2] = {{from, 100}, {from + 100, 5900}},
		     b[2] = {{to, 3000}, {to + 3000, 3000}};
	struct iovec bad[2] = {{to, 100}, {(void *)4096, 100}}, past = {(void *)~0ul, 100};
	int me = getpid();

	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 11 + i / 256);
	memset(to, 0, sizeof(to));
	is(raw(SYS_process_vm_readv, me, P(b), 2, P(a), 2, 0), 6000, "process_vm_readv");
	ok(!memcmp(from, to, sizeof(to)), "of itself");
	memset(to, 0, sizeof(to));
	is(raw(SYS_process_vm_writev, me, P(a), 2, P(b), 2, 0), 6000, "process_vm_writev");
	ok(!memcmp(from, to, sizeof(to)), "to itself");
	is(raw(SYS_process_vm_readv, me, P(b), 2, P(bad), 2, 0), 100, "up to what cannot be read");
	is(raw(SYS_process_vm_readv, me, P(b), 2, P(bad + 1), 1, 0), -EFAULT, "or nothing");
	is(raw(SYS_process_vm_readv, me, P(&past), 1, P(a), 2, 0), -EFAULT, "nor to the core");
	is(raw(SYS_process_vm_readv, me, P(b), 2, P(a), 2, 1), -EINVAL, "flags");
	is(raw(SYS_process_vm_readv, me, P(b), 2000, P(a), 2, 0), -EINVAL, "too many pieces");
	is(raw(SYS_process_vm_readv, 4000000, P(b), 2, P(a), 2, 0), -ESRCH, "of nobody");
}

static void check_system(void)
{
	struct {
		long uptime;
		unsigned long loads[3], total, free, shared, buffers, swap, swap_free;
		unsigned short procs, pad;
		unsigned long high, high_free;
		unsigned unit;
		char more[4];
	} info;
	struct utsname u;
	char old[65];

	memset(&info, 0xff, sizeof(info));
	is(CALL(SYS_sysinfo, P(&info)), 0, "sysinfo");
	ok(info.uptime >= 0 && info.total * info.unit > 1 << 20 && info.free < info.total &&
		   info.procs >= 1,
	   "%ld s, %lu of %lu free", info.uptime, info.free, info.total);
	is(CALL(SYS_sysinfo, 8), -EFAULT, "nowhere");
	uname(&u);
	strcpy(old, u.nodename);
	if (on_ringlet()) {
		is(CALL(SYS_sethostname, P("other"), 5), 0, "sethostname");
		ok(uname(&u) == 0 && !strcmp(u.nodename, "other"), "is told by uname");
		is(CALL(SYS_sethostname, P(old), strlen(old)), 0, "and back");
	}
	is(CALL(SYS_sethostname, P("x"), -1), -EINVAL, "a length below 0");
	is(CALL(SYS_sethostname, P("x"), 65), -EINVAL, "too long");
	is(CALL(SYS_setdomainname, 8, 5), -EFAULT, "nowhere");
	if (on_ringlet()) {
		is(CALL(SYS_chroot, P("/")), -EPERM, "chroot");
		is(CALL(SYS_mount, 0, P("/tmp"), P("tmpfs")), -EPERM, "mount");
		is(CALL(SYS_umount2, P("/tmp")), -EPERM, "umount");
		is(CALL(57, 0), -ENOSYS, "fork");
		is(CALL(59, P("/x"), 0, 0), -ENOSYS, "execve");
	}
}

static void check_limits(void)
{
	unsigned long old[2], l[2] = {20, 64}, now[2], bad[2] = {65, 64}, back[2] = {64, 64};
	int fd, n = 0;

	is(raw(SYS_prlimit64, 0, 7, 0, P(old), 0, 0), 0, "the number of descriptors");
	is(CALL(SYS_setrlimit, 7, P(l)), 0, "is set lower");
	is(CALL(SYS_getrlimit, 7, P(now)), 0, "and told");
	ok(now[0] == 20 && now[1] == 64, "both");
	while ((fd = (int)CALL(SYS_dup, 1)) >= 0)
		n = fd;
	is(fd, -EMFILE, "no more than that");
	is(n, 19, "can be had");
	is(CALL(SYS_dup2, 1, 20), -EBADF, "nor by number");
	is(CALL(SYS_fcntl, 1, 0, 20), -EINVAL, "nor above it");
	is(CALL(SYS_setrlimit, 7, P(bad)), -EINVAL, "soft above hard");
	is(CALL(SYS_setrlimit, 7, P(back)), 0, "the soft one up to the hard one");
	is(CALL(SYS_dup2, 1, 63), 63, "there it is");
	if (on_ringlet()) { /* on Linux it takes a capability */
		is(CALL(SYS_setrlimit, 7, P(old)), 0, "root may raise the hard one");
		is(CALL(SYS_dup2, 1, 64), 64, "there it is");
	}
	close(63);
	close(64);
	for (int i = 3; i < 20; i++)
		close(i);
}

static void check_user(void)
{
	unsigned header[2] = {0x20080522, 0}, data[6];

	is(CALL(SYS_setresuid, 1000, 1000, 1000), 0, "become somebody else");
	is(CALL(SYS_capget, P(header), P(data)), 0, "capget");
	ok(!data[0] && !data[1], "nothing is left");
	is(CALL(SYS_sethostname, P("x"), 1), -EPERM, "no sethostname");
}

int main(void)
{
	check_prctl();
	check_capabilities();
	check_children();
	check_memory();
	check_system();
	check_limits();
	check_user();
	return done();
}
