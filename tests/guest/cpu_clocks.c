/* SPDX-License-Identifier: MIT */
/*
 * Clocks of processor time: of the process and of any thread, sleeping by them, their interval timers;
 * getrusage and times.
 *
 * guest: timeout=60
 * guest: run="--smp 4" timeout=60
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define MS 1000000l
#define S  1000000000l

#define PROCESS_CLOCK(pid, kind) (~(pid) << 3 | (kind))
#define THREAD_CLOCK(tid, kind)	 (~(tid) << 3 | 4 | (kind))
enum {
	PROF,
	VIRT,
	SCHED
};

#define NR_gettime   228
#define NR_settime   227
#define NR_getres    229
#define NR_nanosleep 230
#define NR_getrusage 98
#define NR_times     100
#define NR_setitimer 38
#define NR_getitimer 36

static long read_clock(int clock)
{
	struct timespec t = {0, 0};
	long err = raw(NR_gettime, clock, (long)&t, 0, 0, 0, 0);

	return err ? err : t.tv_sec * S + t.tv_nsec;
}

static void nap(long ns)
{
	struct timespec t = {ns / S, ns % S};

	nanosleep(&t, NULL);
}

/* So much of the caller's processor time, in ring 3 or in the kernel. */
static void burn(long ns)
{
	long end = read_clock(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (read_clock(CLOCK_THREAD_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 20000; i++)
			;
}

static void burn_inside(long ns)
{
	static char buf[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);
	long end = read_clock(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (read_clock(CLOCK_THREAD_CPUTIME_ID) < end)
		(void)!read(fd, buf, sizeof(buf));
	close(fd);
}

/* ---- a second thread ---- */

static volatile int tid, go_on, end;

static void *second(void *unused)
{
	tid = (int)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
	while (!end)
		if (go_on)
			burn(MS);
		else
			nap(50 * MS);
	return unused;
}

static void ids(void)
{
	int pid = getpid(), me = (int)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
	struct timespec t;

	ok(read_clock(PROCESS_CLOCK(0, SCHED)) > 0, "the process's clock by 0");
	ok(read_clock(PROCESS_CLOCK(pid, SCHED)) > 0, "by its number");
	ok(read_clock(PROCESS_CLOCK(pid, PROF)) >= 0 && read_clock(PROCESS_CLOCK(pid, VIRT)) >= 0,
	   "the sampled ones");
	ok(read_clock(THREAD_CLOCK(me, SCHED)) > 0, "the thread's by its number");
	ok(read_clock(THREAD_CLOCK(0, SCHED)) > 0, "by 0");
	is(read_clock(PROCESS_CLOCK(123456, SCHED)), -EINVAL, "no such process");
	is(read_clock(THREAD_CLOCK(123456, SCHED)), -EINVAL, "no such thread");
	is(read_clock(PROCESS_CLOCK(0, 3)), -EINVAL, "no such kind");
	is(read_clock(99), -EINVAL, "no such clock");
	is(read_clock(11) / S - read_clock(CLOCK_REALTIME) / S >= 0, 1, "CLOCK_TAI");
	is(raw(NR_getres, PROCESS_CLOCK(0, SCHED), (long)&t, 0, 0, 0, 0), 0, "resolution");
	is(t.tv_nsec, 1, "one nanosecond");
	is(raw(NR_getres, PROCESS_CLOCK(0, VIRT), (long)&t, 0, 0, 0, 0), 0, "of a sampled one");
	ok(t.tv_nsec >= MS && t.tv_nsec <= 10 * MS, "%ld ns", t.tv_nsec);
	is(raw(NR_getres, THREAD_CLOCK(123456, SCHED), 0, 0, 0, 0, 0), -EINVAL, "of none");
	is(raw(NR_settime, PROCESS_CLOCK(0, SCHED), (long)&t, 0, 0, 0, 0), -EPERM, "not to be set");
	is(raw(NR_settime, CLOCK_MONOTONIC, (long)&t, 0, 0, 0, 0), -EINVAL, "nor is this one");
	is(raw(NR_settime, CLOCK_REALTIME, 1, 0, 0, 0, 0), -EFAULT, "from nowhere");
	t = (struct timespec){0, S};
	is(raw(NR_settime, CLOCK_REALTIME, (long)&t, 0, 0, 0, 0), -EINVAL, "a billion nanoseconds");
	t = (struct timespec){-1, 0};
	is(raw(NR_settime, CLOCK_REALTIME, (long)&t, 0, 0, 0, 0), -EINVAL, "before 1970");
	t = (struct timespec){0, 1};
	is(raw(NR_settime, CLOCK_REALTIME, (long)&t, 0, 0, 0, 0), -EINVAL, "before the start");
}

static void threads(void)
{
	long mine = read_clock(CLOCK_THREAD_CPUTIME_ID), other, all, before;

	while (!tid)
		nap(MS);
	all = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	other = read_clock(THREAD_CLOCK(tid, SCHED));
	ok(other >= 0 && other < all, "another thread's clock");
	go_on = 1;
	nap(200 * MS);
	go_on = 0;
	nap(50 * MS);
	mine = read_clock(CLOCK_THREAD_CPUTIME_ID) - mine;
	other = read_clock(THREAD_CLOCK(tid, SCHED)) - other;
	all = read_clock(CLOCK_PROCESS_CPUTIME_ID) - all;
	ok(other > 20 * MS, "has gone on while it ran (%ld us)", other / 1000);
	ok(mine < other, "this one's has not (%ld us)", mine / 1000);
	ok(all >= other && all - other < other, "the process's has both (%ld us)", all / 1000);
	before = read_clock(THREAD_CLOCK(tid, SCHED));
	nap(200 * MS);
	other = read_clock(THREAD_CLOCK(tid, SCHED)) - before;
	ok(other < 150 * MS, "asleep it stands still (%ld us)", other / 1000);
}

/* ---- sleeping ---- */

static void sleeping(void)
{
	struct timespec t = {0, 30 * MS};
	long before, took;

	is(raw(NR_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, (long)&t, 0, 0, 0), -EOPNOTSUPP,
	   "by its own time a thread cannot sleep");
	is(raw(NR_nanosleep, THREAD_CLOCK(0, SCHED), 0, (long)&t, 0, 0, 0), -EINVAL,
	   "by whatever name");
	is(raw(NR_nanosleep, CLOCK_MONOTONIC_RAW, 0, (long)&t, 0, 0, 0), -EOPNOTSUPP,
	   "nor by raw time");
	go_on = 1;
	before = read_clock(THREAD_CLOCK(tid, SCHED));
	is(raw(NR_nanosleep, THREAD_CLOCK(tid, SCHED), 0, (long)&t, 0, 0, 0), 0, "by another's");
	took = read_clock(THREAD_CLOCK(tid, SCHED)) - before;
	ok(took >= 30 * MS, "not too short (%ld us)", took / 1000);
	before = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	t = (struct timespec){(before + 40 * MS) / S, (before + 40 * MS) % S};
	is(raw(NR_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, (long)&t, 0, 0, 0), 0,
	   "by the process's, to a moment");
	took = read_clock(CLOCK_PROCESS_CPUTIME_ID) - before;
	ok(took >= 40 * MS, "not too short (%ld us)", took / 1000);
	before = read_clock(CLOCK_TAI);
	t = (struct timespec){(before + 10 * MS) / S, (before + 10 * MS) % S};
	is(raw(NR_nanosleep, CLOCK_TAI, TIMER_ABSTIME, (long)&t, 0, 0, 0), 0, "by TAI");
	ok(read_clock(CLOCK_TAI) >= before + 10 * MS, "not too short");
	go_on = 0;
}

/* ---- interval timers ---- */

static volatile int fired;

static void handler(int sig)
{
	(void)sig;
	fired++;
}

static void arm(int which, long value, long interval)
{
	struct itimerval v = {{interval / S, interval % S / 1000}, {value / S, value % S / 1000}};

	is(raw(NR_setitimer, which, (long)&v, 0, 0, 0, 0), 0, "setitimer %d", which);
}

static long left(int which)
{
	struct itimerval v;

	raw(NR_getitimer, which, (long)&v, 0, 0, 0, 0);
	return v.it_value.tv_sec * S + v.it_value.tv_usec * 1000;
}

static void intervals(int which, int sig, const char *name)
{
	fired = 0;
	signal(sig, handler);
	arm(which, 50 * MS, 0);
	nap(100 * MS);
	is(fired, 0, "%s: sleeping takes none of it", name);
	ok(left(which) > 0 && left(which) <= 60 * MS, "%s: something is left", name);
	burn(200 * MS);
	is(fired, 1, "%s: once", name);
	is(left(which), 0, "%s: over", name);
	arm(which, 20 * MS, 20 * MS);
	burn(300 * MS);
	ok(fired > 5 && fired <= 17, "%s: again and again (%d)", name, fired - 1);
	arm(which, 0, 0);
	fired = 0;
	burn(60 * MS);
	is(fired, 0, "%s: stopped", name);
	is(left(which), 0, "%s: nothing left", name);
}

/* ---- usage ---- */

struct usage {
	long user, system;
};

static struct usage usage(int who)
{
	struct rusage r;

	if (raw(NR_getrusage, who, (long)&r, 0, 0, 0, 0))
		return (struct usage){-1, -1};
	return (struct usage){r.ru_utime.tv_sec * S + r.ru_utime.tv_usec * 1000,
			      r.ru_stime.tv_sec * S + r.ru_stime.tv_usec * 1000};
}

static void rusage(void)
{
	struct usage a = usage(0), b, t = usage(1);
	long back = 0, ticks[4];

	burn(200 * MS);
	b = usage(0);
	ok(b.user - a.user > 120 * MS && b.system - a.system < 80 * MS, "user time: %ld of %ld us",
	   (b.user - a.user) / 1000, (b.user - a.user + b.system - a.system) / 1000);
	a = b;
	burn_inside(400 * MS);
	b = usage(0);
	ok(b.system - a.system > 200 * MS, "system time: %ld of %ld us",
	   (b.system - a.system) / 1000, (b.user - a.user + b.system - a.system) / 1000);
	for (int i = 0; i < 2000; i++, a = b) {
		b = usage(0);
		back += b.user < a.user || b.system < a.system;
	}
	is(back, 0, "neither goes back");
	ok(labs(read_clock(CLOCK_PROCESS_CPUTIME_ID) - b.user - b.system) < 100 * MS,
	   "together they are the process's clock");
	b = usage(1);
	ok(b.user - t.user > 120 * MS && b.system - t.system > 200 * MS, "the thread's own");
	t = usage(-1);
	ok(t.user == 0 && t.system == 0, "there are no children");
	is(usage(5).user, -1, "nor others");
	ok(raw(NR_times, (long)ticks, 0, 0, 0, 0, 0) > 0, "times");
	a = usage(0);
	ok(labs(ticks[0] - a.user / (10 * MS)) <= 2 && labs(ticks[1] - a.system / (10 * MS)) <= 2,
	   "tells the same (%ld, %ld)", ticks[0], ticks[1]);
	ok(raw(NR_times, 0, 0, 0, 0, 0, 0) > 0, "times of nothing");
	is(raw(NR_times, 1, 0, 0, 0, 0, 0), -EFAULT, "times to nowhere");
}

int main(void)
{
	pthread_t t;
	long all;

	ids();
	pthread_create(&t, NULL, second, NULL);
	threads();
	sleeping();
	all = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	end = 1;
	pthread_join(t, NULL);
	ok(read_clock(CLOCK_PROCESS_CPUTIME_ID) >= all, "a thread's end takes nothing back");
	is(read_clock(THREAD_CLOCK(tid, SCHED)), -EINVAL, "its clock is gone");
	intervals(2, SIGPROF, "ITIMER_PROF");
	intervals(1, SIGVTALRM, "ITIMER_VIRTUAL");
	rusage();
	fired = 0;
	arm(1, 150 * MS, 0);
	burn_inside(300 * MS);
	is(fired, 0, "ITIMER_VIRTUAL: the kernel's time takes none of it");
	arm(1, 0, 0);
	return done();
}
