/* SPDX-License-Identifier: MIT */
/*
 * timer_create and its family: what a timer tells and when, overruns, clocks, errors; ten thousand at
 * once.
 *
 * guest: timeout=60
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define NR_create     222
#define NR_settime    223
#define NR_gettime    224
#define NR_getoverrun 225
#define NR_delete     226

#define MS 1000000l
#define S  1000000000l

/* Linux's, whatever the library's headers have. */
struct event {
	uint64_t value;
	int signo, notify, tid, pad[11];
};
struct spec {
	struct timespec interval, value;
};
enum {
	SIGNAL,
	NONE,
	THREAD,
	THREAD_ID = 4
};

static long now(int clock)
{
	struct timespec t = {0, 0};

	clock_gettime(clock, &t);
	return t.tv_sec * S + t.tv_nsec;
}

static struct timespec spec_of(long ns)
{
	return (struct timespec){ns / S, ns % S};
}

static long create(int clock, int notify, int signo, uint64_t value, int tid, int *id)
{
	struct event e = {.value = value, .signo = signo, .notify = notify, .tid = tid};

	return raw(NR_create, clock, (long)&e, (long)id, 0, 0, 0);
}

static int create_ok(int clock, int notify, int signo, uint64_t value)
{
	int id = -1;

	is(create(clock, notify, signo, value, 0, &id), 0, "timer_create, clock %d", clock);
	return id;
}

static long set(int id, int flags, long value, long interval)
{
	struct spec s = {spec_of(interval), spec_of(value)};

	return raw(NR_settime, id, flags, (long)&s, 0, 0, 0);
}

/* What is left, ns. */
static long left(int id)
{
	struct spec s = {{-1, 0}, {-1, 0}};

	raw(NR_gettime, id, (long)&s, 0, 0, 0, 0);
	return s.value.tv_sec * S + s.value.tv_nsec;
}

static long overrun(int id)
{
	return raw(NR_getoverrun, id, 0, 0, 0, 0, 0);
}

static void delete (int id)
{
	raw(NR_delete, id, 0, 0, 0, 0, 0);
}

/* A siginfo as the kernel writes it. */
union info {
	struct {
		int signo, error, code, pad, id, overrun;
		uint64_t value;
	};
	char bytes[128];
};

/* Waits for signo, which is blocked: its number, or -EAGAIN. */
static long take(int signo, union info *i, long timeout)
{
	uint64_t set = 1ull << (signo - 1);
	struct timespec t = spec_of(timeout);

	memset(i, 0xee, sizeof(*i));
	return raw(SYS_rt_sigtimedwait, (long)&set, (long)i, (long)&t, 8, 0, 0);
}

static void nap(long ns)
{
	struct timespec t = spec_of(ns);

	while (nanosleep(&t, &t) < 0)
		;
}

static void burn(long ns, int clock)
{
	long end = now(clock) + ns;

	while (now(clock) < end)
		;
}

/* ---- what is told ---- */

static void once(int clock, const char *name)
{
	int rt = SIGRTMIN + 1, id = create_ok(clock, SIGNAL, rt, 0x1122334455667788);
	long start = now(clock), end;
	union info i;

	is(left(id), 0, "%s: not armed", name);
	is(set(id, 0, 30 * MS, 0), 0, "%s: armed", name);
	ok(left(id) > 0 && left(id) <= 30 * MS, "%s: something is left", name);
	is(take(rt, &i, 5 * S), rt, "%s: its signal comes", name);
	end = now(clock);
	ok(end - start >= 30 * MS, "%s: not before its time (%ld us)", name, (end - start) / 1000);
	ok(i.code == -2 && i.id == id && i.overrun == 0 && i.value == 0x1122334455667788 &&
		   i.error == 0,
	   "%s: SI_TIMER, its number, no overrun, its value", name);
	is(left(id), 0, "%s: over", name);
	is(take(rt, &i, 50 * MS), -EAGAIN, "%s: once", name);
	start = now(clock);
	is(set(id, TIMER_ABSTIME, start + 20 * MS, 0), 0, "%s: absolute", name);
	ok(take(rt, &i, 5 * S) == rt && now(clock) >= start + 20 * MS, "%s: at its time", name);
	is(set(id, TIMER_ABSTIME, start - 1, 0), 0, "%s: in the past", name);
	is(take(rt, &i, 1 * S), rt, "%s: at once", name);
	delete (id);
}

static void no_event(void)
{
	int id = -1;
	union info i;

	is(raw(NR_create, CLOCK_MONOTONIC, 0, (long)&id, 0, 0, 0), 0, "no event");
	set(id, 0, 1, 0);
	ok(take(SIGALRM, &i, 1 * S) == SIGALRM && i.id == id && i.value == (uint64_t)id,
	   "SIGALRM with the timer's number as its value");
	delete (id);
}

static void overruns(void)
{
	int rt = SIGRTMIN + 2, id = create_ok(CLOCK_MONOTONIC, SIGNAL, rt, 0);
	long start = now(CLOCK_MONOTONIC), most;
	union info i;

	set(id, 0, 5 * MS, 2 * MS);
	nap(50 * MS);
	is(overrun(id), 0, "nothing was told yet");
	is(take(rt, &i, 1 * S), rt, "repeats: one signal");
	most = (now(CLOCK_MONOTONIC) - start - 5 * MS) / (2 * MS);
	ok(i.overrun >= 22 && i.overrun <= most, "tells how often it was late: %d of %ld",
	   i.overrun, most);
	is(overrun(id), i.overrun, "timer_getoverrun tells the same");
	is(take(rt, &i, 1 * S), rt, "and it goes on");
	ok(i.overrun <= 20, "with the overruns since (%d)", i.overrun);
	/* In phase: at 5 ms and every 2 from there. */
	ok((left(id) + now(CLOCK_MONOTONIC) - start - 5 * MS) % (2 * MS) < MS / 2 ||
		   left(id) == 0 || left(id) == 1,
	   "in phase");
	set(id, 0, 1, 1);
	nap(MS);
	ok(take(rt, &i, 1 * S) == rt && i.overrun > 1000, "every nanosecond: %d overruns",
	   i.overrun);
	set(id, 0, 0, 0);
	is(take(rt, &i, 20 * MS), -EAGAIN, "disarmed");
	is(overrun(id), 0, "no overrun of one that is set anew");
	delete (id);
	id = create_ok(CLOCK_REALTIME, SIGNAL, rt, 0);
	set(id, TIMER_ABSTIME, 1, 1);
	ok(take(rt, &i, 1 * S) == rt && i.overrun == INT_MAX, "the count stops at the largest");
	delete (id);
}

/* A signal that waits is the old setting's. */
static void taken_back(void)
{
	int rt = SIGRTMIN + 3, id = create_ok(CLOCK_MONOTONIC, SIGNAL, rt, 0);
	union info i;

	set(id, 0, 1, 0);
	nap(2 * MS);
	set(id, 0, 0, 0);
	is(take(rt, &i, MS), -EAGAIN, "disarmed: its waiting signal is taken back");
	set(id, 0, 1, 0);
	nap(2 * MS);
	delete (id);
	is(take(rt, &i, MS), -EAGAIN, "deleted: its waiting signal is taken back");
	is(overrun(id), -EINVAL, "and it is gone");
}

static void same_number(void)
{
	int a = create_ok(CLOCK_MONOTONIC, SIGNAL, SIGUSR2, 1);
	int b = create_ok(CLOCK_MONOTONIC, SIGNAL, SIGUSR2, 2);
	union info i;
	uint64_t seen = 0;

	set(a, 0, 1, 0);
	set(b, 0, 1, 0);
	nap(2 * MS);
	if (take(SIGUSR2, &i, MS) == SIGUSR2)
		seen += i.value;
	if (take(SIGUSR2, &i, MS) == SIGUSR2)
		seen += i.value;
	is(seen, 3, "two timers with one standard signal: both are told");
	set(a, 0, 1, 0);
	set(b, 0, 1, 0);
	nap(2 * MS);
	delete (a);
	ok(take(SIGUSR2, &i, MS) == SIGUSR2 && i.value == 2, "one deleted: the other's is left");
	raise(SIGUSR2);
	is(take(SIGUSR2, &i, MS), SIGUSR2, "one that was sent besides");
	is(take(SIGUSR2, &i, MS), -EAGAIN, "and no more");
	delete (b);
}

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void ignored(void)
{
	int rt = SIGRTMIN + 4, id = create_ok(CLOCK_MONOTONIC, SIGNAL, rt, 0);
	struct sigaction sa = {.sa_handler = SIG_IGN};
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, rt);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	sigaction(rt, &sa, NULL);
	set(id, 0, MS, MS);
	nap(5 * MS);
	sa.sa_handler = handler;
	sigaction(rt, &sa, NULL);
	nap(20 * MS);
	ok(handled >= 2, "ignored for a while, it repeats when it no longer is (%d)", handled);
	set(id, 0, 0, 0);
	sigaction(rt, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	handled = 0;
	set(id, 0, MS, 0);
	nap(5 * MS);
	sigaction(rt, &sa, NULL);
	nap(5 * MS);
	is(handled, 0, "once, while it is ignored: lost");
	sigprocmask(SIG_BLOCK, &mask, NULL);
	delete (id);
}

static void no_signal(void)
{
	int id = create_ok(CLOCK_MONOTONIC, NONE, 0, 0);
	long l;

	set(id, 0, 10 * MS, 0);
	l = left(id);
	ok(l > 0 && l <= 10 * MS, "SIGEV_NONE counts down");
	nap(11 * MS);
	is(left(id), 0, "to nothing");
	set(id, 0, 10 * MS, 40 * MS);
	nap(25 * MS);
	l = left(id);
	ok(l > 0 && l <= 25 * MS, "and again where it repeats (%ld us)", l / 1000);
	delete (id);
}

static void to_thread(void)
{
	int rt = SIGRTMIN + 5, id = -1;
	union info i;

	is(create(CLOCK_MONOTONIC, THREAD_ID, rt, 9, 0, &id), -EINVAL, "thread 0: none");
	is(create(CLOCK_MONOTONIC, THREAD_ID, rt, 9, 123456, &id), -EINVAL, "no such thread");
	is(create(CLOCK_MONOTONIC, THREAD_ID, rt, 9, raw(SYS_gettid, 0, 0, 0, 0, 0, 0), &id), 0,
	   "to a thread");
	set(id, 0, 1, 0);
	ok(take(rt, &i, 1 * S) == rt && i.value == 9, "it is told");
	delete (id);
}

/* ---- clocks of processor time ---- */

static void by_cpu(int clock, const char *name)
{
	int rt = SIGRTMIN + 6, id = create_ok(clock, SIGNAL, rt, 0);
	long start = now(clock);
	union info i;

	set(id, 0, 20 * MS, 0);
	nap(60 * MS);
	is(take(rt, &i, 0), -EAGAIN, "%s: sleeping takes none of it", name);
	ok(left(id) > 0 && left(id) <= 20 * MS, "%s: something is left", name);
	while (take(rt, &i, 0) != rt && now(clock) - start < 500 * MS)
		;
	ok(i.code == -2 && i.id == id && now(clock) - start >= 20 * MS,
	   "%s: fired after %ld us of it", name, (now(clock) - start) / 1000);
	set(id, 0, 10 * MS, 10 * MS);
	burn(100 * MS, clock);
	ok(take(rt, &i, 0) == rt && i.overrun >= 7 && i.overrun <= 10, "%s: %d overruns", name,
	   i.overrun);
	delete (id);
}

/* ---- many ---- */

#define MANY 10000

static long due[MANY];
static unsigned char fired[MANY];
static volatile int early, total;

static void many_handler(int sig, siginfo_t *info, void *context)
{
	unsigned n = (unsigned)((union info *)info)->value;

	(void)sig;
	(void)context;
	early += now(CLOCK_MONOTONIC) < due[n];
	fired[n]++;
	total++;
}

static void many(void)
{
	static int ids[MANY];
	struct sigaction sa = {.sa_sigaction = many_handler, .sa_flags = SA_SIGINFO};
	int rt = SIGRTMIN + 7, wrong = 0, made = 0;
	sigset_t mask;

	sigaction(rt, &sa, NULL);
	for (; made < MANY; made++)
		if (create(CLOCK_MONOTONIC, SIGNAL, rt, made, 0, &ids[made]))
			break;
	is(made, MANY, "ten thousand timers");
	for (int i = 0; i < made; i++) {
		due[i] = now(CLOCK_MONOTONIC) + 300 * MS + (i * 7919l % MANY) * (20 * MS / MANY);
		wrong += set(ids[i], TIMER_ABSTIME, due[i], 0) != 0;
	}
	is(wrong, 0, "all armed");
	sigemptyset(&mask);
	sigaddset(&mask, rt);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	for (int i = 0; i < 400 && total < made; i++)
		nap(10 * MS);
	nap(20 * MS);
	for (int i = 0; i < made; i++)
		wrong += fired[i] != 1;
	is(wrong, 0, "each fired once");
	is(early, 0, "none early");
	for (int i = 0; i < made; i++)
		delete (ids[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

static void errors(void)
{
	struct spec bad = {{0, 0}, {0, S}}, negative = {{-1, 0}, {1, 0}};
	int id = -1;

	is(create(99, SIGNAL, SIGALRM, 0, 0, &id), -EINVAL, "no such clock");
	is(create(4, SIGNAL, SIGALRM, 0, 0, &id), -EOPNOTSUPP, "CLOCK_MONOTONIC_RAW has no timers");
	is(create(5, SIGNAL, SIGALRM, 0, 0, &id), -EOPNOTSUPP, "nor has a coarse one");
	is(create(CLOCK_MONOTONIC, 7, SIGALRM, 0, 0, &id), -EINVAL, "no such notification");
	is(create(CLOCK_MONOTONIC, SIGNAL, 0, 0, 0, &id), -EINVAL, "signal 0");
	is(create(CLOCK_MONOTONIC, SIGNAL, 65, 0, 0, &id), -EINVAL, "signal 65");
	is(create(CLOCK_MONOTONIC, NONE, 65, 0, 0, NULL), -EFAULT, "nowhere to put its number");
	is(raw(NR_create, CLOCK_MONOTONIC, 1, (long)&id, 0, 0, 0), -EFAULT, "an event that is not");
	is(overrun(-1), -EINVAL, "no timer -1");
	is(set(12345678, 0, 1, 0), -EINVAL, "no such timer");
	is(raw(NR_gettime, 12345678, (long)&bad, 0, 0, 0, 0), -EINVAL, "nor to ask");
	is(raw(NR_delete, 12345678, 0, 0, 0, 0, 0), -EINVAL, "nor to delete");
	id = create_ok(CLOCK_MONOTONIC, NONE, 0, 0);
	is(raw(NR_settime, id, 0, 0, 0, 0, 0), -EINVAL, "no setting");
	is(raw(NR_settime, id, 0, 1, 0, 0, 0), -EFAULT, "a setting that is not");
	is(raw(NR_settime, id, 0, (long)&bad, 0, 0, 0), -EINVAL, "a billion nanoseconds");
	is(raw(NR_settime, id, 0, (long)&negative, 0, 0, 0), -EINVAL, "a negative interval");
	is(raw(NR_gettime, id, 1, 0, 0, 0, 0), -EFAULT, "no place for the answer");
	is(set(id, 0, LONG_MAX, LONG_MAX), 0, "for ever");
	ok(left(id) > 100l * 365 * 86400 * S, "is long");
	delete (id);
}

int main(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	once(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	once(CLOCK_REALTIME, "CLOCK_REALTIME");
	once(7, "CLOCK_BOOTTIME");
	once(11, "CLOCK_TAI");
	no_event();
	overruns();
	taken_back();
	same_number();
	ignored();
	no_signal();
	to_thread();
	by_cpu(CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID");
	by_cpu(CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID");
	errors();
	many();
	return done();
}
