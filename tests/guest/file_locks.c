/* SPDX-License-Identifier: MIT */
/*
 * Locks of files. What belongs to one owner is never in its way; open files of one process are in
 * each other's. The calls by their numbers; the same program passes on Linux.
 *
 * guest: mem=64
 * guest: mem=64 run="--smp 4"
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define PATH	 "/tmp/ringlet-locks"
#define GETLK	 5
#define SETLK	 6
#define OFD_GET	 36
#define OFD_SET	 37
#define OFD_WAIT 38
#define RD	 0
#define WR	 1
#define UN	 2
#define SH	 1
#define EX	 2
#define NB	 4
#define GO	 8

struct record {
	short type, whence;
	long start, len;
	int pid;
};

static int a, b;
static struct record r;

static long flock_it(int fd, int op)
{
	return raw(SYS_flock, fd, op, 0, 0, 0, 0);
}

static long record(int fd, int cmd, int type, long start, long len)
{
	r = (struct record){.type = (short)type, .start = start, .len = len};
	return raw(SYS_fcntl, fd, cmd, (long)&r, 0, 0, 0);
}

static void check_flock(void)
{
	int c = dup(a);

	is(flock_it(a, EX), 0, "flock");
	is(flock_it(b, EX | NB), -EAGAIN, "another open file has to wait");
	is(flock_it(b, SH | NB), -EAGAIN, "to share as well");
	is(flock_it(c, EX | NB), 0, "a duplicate is the same one");
	is(flock_it(a, SH), 0, "shared now");
	is(flock_it(b, SH | NB), 0, "so two may");
	is(flock_it(a, EX | NB), -EAGAIN, "but not alone");
	is(flock_it(b, GO), 0, "unlocked");
	is(flock_it(a, EX | NB), 0, "alone");
	close(c);
	is(flock_it(b, SH | NB), -EAGAIN, "closing one of two descriptors keeps it");
	close(a);
	is(flock_it(b, EX | NB), 0, "closing the last lets it go");
	is(flock_it(b, 3), -EINVAL, "what is no lock");
	is(flock_it(99, EX), -EBADF, "of nothing");
	is(flock_it(b, GO), 0, "unlocked");
	a = open(PATH, O_RDWR);
}

static void check_ranges(void)
{
	is(record(a, OFD_SET, WR, 100, 100), 0, "a range");
	is(record(b, OFD_SET, WR, 199, 1), -EAGAIN, "its last byte");
	is(record(b, OFD_SET, RD, 100, 1), -EAGAIN, "its first, to read");
	is(record(b, OFD_SET, WR, 200, 0), 0, "what is behind it, to the end");
	is(record(b, OFD_SET, WR, 0, 100), 0, "and before it");
	is(record(b, OFD_GET, WR, 0, 0), 0, "which is in the way?");
	ok(r.type == WR && r.start == 100 && r.len == 100 && r.pid == -1 && !r.whence,
	   "the range, of an open file");
	is(record(a, OFD_GET, RD, 300, 1), 0, "and of the other");
	ok(r.type == WR && r.start == 200 && !r.len, "the range to the end");
	is(record(a, OFD_SET, UN, 140, 20), 0, "a part unlocked");
	is(record(b, OFD_SET, WR, 140, 20), 0, "is free");
	is(record(b, OFD_SET, WR, 139, 1), -EAGAIN, "not before it");
	is(record(b, OFD_SET, WR, 160, 1), -EAGAIN, "nor behind");
	is(record(b, OFD_SET, UN, 140, 20), 0, "unlocked");
	is(record(a, OFD_SET, WR, 140, 20), 0, "closed again");
	is(record(b, OFD_GET, WR, 150, 1), 0, "which is there?");
	ok(r.start == 100 && r.len == 100, "the whole, in one");
	is(record(a, OFD_SET, RD, 100, 100), 0, "to read");
	is(record(b, OFD_SET, RD, 150, 1), 0, "both may");
	is(record(b, OFD_SET, WR, 150, 1), -EAGAIN, "but not to write");
	is(record(a, OFD_SET, UN, 0, 0), 0, "all unlocked");
	is(record(b, OFD_SET, UN, 0, 0), 0, "by both");
	is(record(a, OFD_GET, WR, 0, 0), 0, "what is left?");
	is(r.type, UN, "nothing");
	is(record(a, OFD_SET, WR, 10, -5), 0, "a length below 0");
	is(record(b, OFD_SET, WR, 4, 1), 0, "begins there");
	is(record(b, OFD_SET, WR, 5, 1), -EAGAIN, "lies before");
	is(record(b, OFD_SET, WR, 10, 1), 0, "and not at it");
	is(record(a, OFD_SET, WR, 3, -5), -EINVAL, "before the beginning");
	is(record(a, OFD_SET, 7, 0, 0), -EINVAL, "what is no lock");
	r = (struct record){.type = WR, .whence = 9};
	is(raw(SYS_fcntl, a, OFD_SET, (long)&r, 0, 0, 0), -EINVAL, "from nowhere");
	r = (struct record){.type = WR, .pid = 5};
	is(raw(SYS_fcntl, a, OFD_SET, (long)&r, 0, 0, 0), -EINVAL, "of somebody");
	is(raw(SYS_fcntl, a, OFD_SET, 8, 0, 0, 0), -EFAULT, "nowhere to read");
	record(a, OFD_SET, UN, 0, 0);
	record(b, OFD_SET, UN, 0, 0);
}

static void check_process(void)
{
	int rd = open(PATH, O_RDONLY), c;

	is(record(a, SETLK, WR, 0, 100), 0, "of the process");
	is(record(b, SETLK, WR, 50, 100), 0, "which is never in its own way");
	is(record(b, GETLK, WR, 0, 0), 0, "nor is it told of it");
	is(r.type, UN, "nothing");
	is(record(b, OFD_SET, WR, 20, 1), -EAGAIN, "but an open file's is");
	is(record(b, OFD_GET, WR, 20, 1), 0, "told");
	ok(r.type == WR && r.pid == getpid() && r.start == 0 && r.len == 150, "as the process's");
	c = open(PATH, O_RDONLY);
	close(c);
	is(record(b, OFD_SET, WR, 20, 1), 0, "gone with any descriptor of the file");
	is(record(a, SETLK, WR, 0, 100), -EAGAIN, "the other way round");
	is(record(rd, SETLK, WR, 200, 1), -EBADF, "to write what is only read");
	is(record(rd, SETLK, RD, 200, 1), 0, "to read");
	close(rd);
	record(b, OFD_SET, UN, 0, 0);
}

static volatile int got;

static void *wait_for_it(void *arg)
{
	got = record(b, OFD_WAIT, WR, 0, 10) == 0 ? 1 : -1;
	return arg;
}

static void check_waiting(void)
{
	struct timespec t = {0, 50000000};
	pthread_t thread;

	record(a, OFD_SET, WR, 5, 1);
	if (!ok(pthread_create(&thread, NULL, wait_for_it, NULL) == 0, "a thread waits for one"))
		return;
	nanosleep(&t, NULL);
	is(got, 0, "it waits");
	r = (struct record){.type = UN};
	close(a);
	pthread_join(thread, NULL);
	is(got, 1, "and has it when the file that had it is closed");
	a = open(PATH, O_RDWR);
	is(record(a, OFD_SET, WR, 9, 1), -EAGAIN, "it has");
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void check_interrupted(void)
{
	struct sigaction act = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &act, NULL);
	alarm(1);
	is(flock_it(b, EX), 0, "flock of one");
	is(flock_it(a, EX), -EINTR, "a signal ends the wait of the other");
}

int main(void)
{
	mkdir("/tmp", 0777);
	a = open(PATH, O_CREAT | O_RDWR, 0644);
	b = open(PATH, O_RDWR);
	check_flock();
	check_ranges();
	check_process();
	check_waiting();
	check_interrupted();
	unlink(PATH);
	return done();
}
