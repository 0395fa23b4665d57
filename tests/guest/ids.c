/* SPDX-License-Identifier: MIT */
/*
 * User and group ids: root may be given up, and never comes back; I/O ports go with it. The program
 * passes on Linux too, as root.
 *
 * guest: run="--cmdline ioports=1"
 */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include "tap.h"

enum {
	SETUID = 105,
	SETGID,
	SETREUID = 113,
	SETREGID,
	GETGROUPS,
	SETGROUPS,
	SETRESUID,
	GETRESUID,
	SETRESGID,
	GETRESGID,
	IOPERM = 173
};

static bool three(long call, uint32_t real, uint32_t effective, uint32_t saved)
{
	uint32_t r = 77, e = 77, s = 77;

	return raw(call, (long)&r, (long)&e, (long)&s, 0, 0, 0) == 0 && r == real &&
	       e == effective && s == saved;
}

static long set(long call, uint32_t a, uint32_t b, uint32_t c)
{
	return raw(call, a, b, c, 0, 0, 0);
}

static void check_groups(void)
{
	uint32_t groups[40] = {5, 6, 7};

	is(raw(SETGROUPS, 3, (long)groups, 0, 0, 0, 0), 0, "setgroups");
	memset(groups, 0, sizeof(groups));
	is(raw(GETGROUPS, 0, 0, 0, 0, 0, 0), 3, "getgroups counts them");
	is(raw(GETGROUPS, 2, (long)groups, 0, 0, 0, 0), -EINVAL, "too little room");
	is(raw(GETGROUPS, 40, (long)groups, 0, 0, 0, 0), 3, "getgroups");
	ok(groups[0] == 5 && groups[2] == 7 && groups[3] == 0, "tells what was set");
	is(raw(SETGROUPS, 1, -4096, 0, 0, 0, 0), -EFAULT, "a list in the core's half");
	is(raw(SETGROUPS, 1 << 20, (long)groups, 0, 0, 0, 0), -EINVAL, "a list too long");
}

static void check_groups_ids(void)
{
	is(set(SETREGID, 10, 20, 0), 0, "setregid as root");
	ok(three(GETRESGID, 10, 20, 20), "the saved id follows");
	is(set(SETRESGID, 1, 2, 3), 0, "setresgid as root");
	ok(three(GETRESGID, 1, 2, 3) && getgid() == 1 && getegid() == 2, "is told");
	is(set(SETGID, 8, 0, 0), 0, "setgid as root");
	ok(three(GETRESGID, 8, 8, 8), "changes all three");
}

static void check_drop(void)
{
	ok(three(GETRESUID, 0, 0, 0), "the app starts as root");
	is(set(SETREUID, -1, 1000, 0), 0, "an effective id");
	ok(three(GETRESUID, 0, 1000, 1000), "the saved one follows");
	is(raw(IOPERM, 0x80, 1, 1, 0, 0, 0), -EPERM, "no port without privilege");
	is(set(SETGROUPS, 0, 0, 0), -EPERM, "no setgroups");
	is(set(SETUID, 5, 0, 0), -EPERM, "not to a third user");
	is(set(SETUID, 0, 0, 0), 0, "back to the real one");
	is(raw(IOPERM, 0x80, 1, 1, 0, 0, 0), 0, "root has ports again");
	is(set(SETRESUID, 1000, 1000, -1), 0, "real and effective");
	ok(three(GETRESUID, 1000, 1000, 1000), "the saved one was left from before");
	is(set(SETUID, 0, 0, 0), -EPERM, "root does not come back by setuid");
	is(set(SETREUID, 0, -1, 0), -EPERM, "nor by setreuid's real id");
	is(set(SETREUID, -1, 0, 0), -EPERM, "nor by its effective one");
	is(set(SETRESUID, -1, -1, 0), -EPERM, "nor by setresuid's saved one");
	is(set(SETRESUID, -1, 0, -1), -EPERM, "nor by its effective one");
	is(set(SETGID, 0, 0, 0), -EPERM, "nor does group 0");
	is(set(SETRESUID, 1000, -1, 1000), 0, "what is there already is no change");
	is(set(SETUID, -1, 0, 0), -EINVAL, "no user has the number -1");
	ok(getuid() == 1000 && geteuid() == 1000, "getuid, geteuid");
	is(raw(IOPERM, 0x80, 1, 0, 0, 0, 0), 0, "a port may be given back");
	is(raw(IOPERM, 0x80, 1, 1, 0, 0, 0), -EPERM, "and is not had again");
	is(raw(GETRESUID, -4096, 0, 0, 0, 0, 0), -EFAULT, "a pointer to the core's half");
}

int main(void)
{
	check_groups();
	check_groups_ids();
	check_drop();
	return done();
}
