/* SPDX-License-Identifier: MIT */
/*
 * Signals without handlers: blocking, what is pending, taking it by sigtimedwait in Linux's order,
 * queueing with values, the bound of the queue, ignoring; and every error of the calls.
 *
 * guest:
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define RT (SIGRTMIN + 1)

typedef unsigned long set64;
#define BIT(sig) (1ul << ((sig)-1))

static const struct timespec none = {0, 0}, moment = {0, 20000000};

static long block(set64 set)
{
	return raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set, 0, 8, 0, 0);
}

static set64 pending(void)
{
	set64 set = 0;

	raw(SYS_rt_sigpending, (long)&set, 8, 0, 0, 0, 0);
	return set;
}

static long take(set64 set, siginfo_t *info, const struct timespec *timeout)
{
	memset(info, 0x55, sizeof(*info));
	return raw(SYS_rt_sigtimedwait, (long)&set, (long)info, (long)timeout, 8, 0, 0);
}

static long queue(int sig, int code, long value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = code;
	info.si_pid = 77;
	info.si_uid = 88;
	info.si_value.sival_ptr = (void *)value;
	return raw(SYS_rt_sigqueueinfo, getpid(), sig, (long)&info, 0, 0, 0);
}

static void check_masks(void)
{
	set64 set = ~0ul, old = 1;

	is(raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set, (long)&old, 8, 0, 0), 0, "block all");
	is((long)old, 0, "nothing was blocked");
	raw(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&old, 8, 0, 0);
	is((long)old, (long)~(BIT(SIGKILL) | BIT(SIGSTOP)), "but KILL and STOP");
	set = BIT(SIGHUP);
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&set, 0, 8, 0, 0);
	raw(SYS_rt_sigprocmask, 999, 0, (long)&old, 8, 0, 0);
	is((long)old, (long)~(BIT(SIGKILL) | BIT(SIGSTOP) | BIT(SIGHUP)), "unblock one");
	is(raw(SYS_rt_sigprocmask, 3, (long)&set, 0, 8, 0, 0), -EINVAL, "no such way");
	is(raw(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, 16, 0, 0), -EINVAL, "no such size");
	is(raw(SYS_rt_sigpending, (long)&set, 9, 0, 0, 0, 0), -EINVAL, "nor for sigpending");
	is(raw(SYS_rt_sigsuspend, (long)&set, 4, 0, 0, 0, 0), -EINVAL, "nor for sigsuspend");
	is(raw(SYS_rt_sigtimedwait, (long)&set, 0, 0, 7, 0, 0), -EINVAL, "nor for sigtimedwait");
	block(~0ul);
}

static void check_pending(void)
{
	siginfo_t info;

	is((long)pending(), 0, "nothing is pending");
	is(raise(SIGUSR1), 0, "raise");
	is(kill(getpid(), SIGUSR2), 0, "kill");
	is(kill(getpid(), SIGUSR2), 0, "and again");
	is((long)pending(), (long)(BIT(SIGUSR1) | BIT(SIGUSR2)), "both are pending");
	is(take(BIT(SIGUSR1) | BIT(SIGUSR2), &info, NULL), SIGUSR1, "the lowest comes first");
	ok(info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == getpid() &&
		   info.si_uid == getuid() && info.si_errno == 0,
	   "raise tells who and how: code %d", info.si_code);
	ok(((char *)&info)[127] == 0, "the rest is zero");
	is(take(BIT(SIGUSR2), &info, &none), SIGUSR2, "then the other");
	ok(info.si_code == SI_USER && info.si_pid == getpid(), "kill is SI_USER");
	is(take(BIT(SIGUSR2), &info, &none), -EAGAIN, "and only once");
	is((long)pending(), 0, "nothing is left");
	is(raw(SYS_rt_sigtimedwait, (long)&(set64){BIT(SIGUSR1)}, 0, (long)&moment, 8, 0, 0),
	   -EAGAIN, "a wait ends");
	is(take(BIT(SIGUSR1), &info, &(struct timespec){-1, 0}), -EINVAL, "a time before now");
	is(take(BIT(SIGUSR1), &info, &(struct timespec){0, 1000000000}), -EINVAL,
	   "too many nanoseconds");
	raise(SIGUSR1);
	is(take(BIT(SIGUSR1), &info, &(struct timespec){-1, 0}), -EINVAL,
	   "the time is looked at first");
	is(raw(SYS_rt_sigtimedwait, (long)&(set64){BIT(SIGUSR1)}, 0, 0, 8, 0, 0), SIGUSR1,
	   "without an info");
}

static void check_queue(void)
{
	siginfo_t info;
	int right = 0;

	for (int i = 0; i < 3; i++)
		ok(queue(RT + 1, SI_QUEUE, 100 + i) == 0 && queue(RT, SI_QUEUE, 200 + i) == 0,
		   "queued");
	ok(queue(SIGUSR1, SI_QUEUE, 1) == 0 && queue(SIGUSR1, SI_QUEUE, 2) == 0, "a standard one");
	is(take(~0ul, &info, &none), SIGUSR1, "which comes first");
	is((long)info.si_value.sival_ptr, 1, "the second one was not kept");
	for (int i = 0; i < 6; i++) {
		long sig = take(~0ul, &info, &none);

		right += sig == (i < 3 ? RT : RT + 1) && info.si_signo == sig &&
			 info.si_code == SI_QUEUE && info.si_pid == 77 && info.si_uid == 88 &&
			 (long)info.si_value.sival_ptr == (i < 3 ? 200 + i : 97 + i);
	}
	is(right, 6, "lowest number first, in the order of sending, with their values");
	is(take(~0ul, &info, &none), -EAGAIN, "that was all");
	/* What is for the thread comes before what is for the process. */
	kill(getpid(), SIGHUP);
	raise(SIGTERM);
	ok(take(~0ul, &info, &none) == SIGTERM && take(~0ul, &info, &none) == SIGHUP,
	   "the thread's own come first");
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGSEGV);
	ok(take(~0ul, &info, &none) == SIGSEGV && take(~0ul, &info, &none) == SIGHUP,
	   "faults come first");
}

static void check_bound(void)
{
	struct rlimit limit = {64, 64};
	long sent = 0, got = 0, r;
	siginfo_t info;

	/* Here it is what it is; on Linux it would be large. */
	if (!on_ringlet())
		setrlimit(RLIMIT_SIGPENDING, &limit);
	getrlimit(RLIMIT_SIGPENDING, &limit);
	ok(limit.rlim_cur >= 64 && limit.rlim_cur <= 4096, "the bound is %ld",
	   (long)limit.rlim_cur);
	while ((r = queue(RT, SI_QUEUE, sent)) == 0 && sent < 5000)
		sent++;
	is(r, -EAGAIN, "a full queue");
	/* On Linux all the user's processes share it. */
	ok(sent <= (long)limit.rlim_cur && (sent == (long)limit.rlim_cur || !on_ringlet()),
	   "after %ld", sent);
	is(queue(RT + 1, SI_TKILL, 0), -EAGAIN, "nor any other");
	is(kill(getpid(), RT + 2), 0, "kill never fails");
	is(kill(getpid(), SIGUSR1), 0, "nor for a standard one");
	is(take(BIT(SIGUSR1), &info, &none), SIGUSR1, "which is there");
	ok(info.si_code == SI_USER && info.si_pid == getpid(), "with all that is known");
	is(take(BIT(RT + 2), &info, &none), RT + 2, "so is the other");
	ok(info.si_code == SI_USER && info.si_pid == 0 && info.si_signo == RT + 2,
	   "of which nothing is known");
	while (take(BIT(RT), &info, &none) == RT && (long)info.si_value.sival_ptr == got)
		got++;
	is(got, sent, "all of them came, in order");
	is(queue(RT, SI_QUEUE, 0), 0, "there is room again");
	is(take(BIT(RT), &info, &none), RT, "and it comes");
}

static void check_ignored(void)
{
	struct sigaction act = {.sa_flags = 0}, old;
	siginfo_t info;

	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	is((long)pending(), (long)BIT(SIGUSR1), "an ignored signal that is blocked is pending");
	signal(SIGUSR1, SIG_IGN);
	is((long)pending(), 0, "ignoring it takes it away");
	raise(SIGCHLD);
	is((long)pending(), (long)BIT(SIGCHLD), "so is one that does nothing by default");
	signal(SIGCHLD, SIG_DFL);
	is((long)pending(), 0, "setting that again takes it away");
	queue(RT, SI_QUEUE, 1);
	queue(RT, SI_QUEUE, 2);
	signal(RT, SIG_IGN);
	is(take(BIT(RT), &info, &none), -EAGAIN, "all of a queue goes");
	signal(RT, SIG_DFL);
	block(~BIT(SIGUSR1) & ~BIT(SIGCHLD));
	raise(SIGUSR1);
	raise(SIGCHLD);
	block(~0ul);
	is((long)pending(), 0, "what is ignored and not blocked leaves nothing");
	signal(SIGUSR1, SIG_DFL);
	raise(SIGTSTP);
	raise(SIGCONT);
	is((long)pending(), (long)BIT(SIGCONT), "SIGCONT takes SIGTSTP away");
	raise(SIGTTIN);
	is((long)pending(), (long)BIT(SIGTTIN), "and SIGTTIN takes SIGCONT away");
	is(take(BIT(SIGTTIN), &info, &none), SIGTTIN, "a stop signal can be waited for");
	act.sa_handler = SIG_IGN;
	sigaction(SIGUSR2, &act, NULL);
	act.sa_handler = SIG_DFL;
	is(sigaction(SIGUSR2, &act, &old), 0, "sigaction");
	ok(old.sa_handler == SIG_IGN, "tells what was");
}

static void check_flags(void)
{
	struct {
		unsigned long handler, flags, restorer, mask;
	} in = {0, ~0ul, 0x1234567, ~0ul}, out;

	is(raw(SYS_rt_sigaction, SIGUSR2, (long)&in, 0, 8, 0, 0), 0, "all flags at once");
	is(raw(SYS_rt_sigaction, SIGUSR2, 0, (long)&out, 8, 0, 0), 0, "read back");
	is((long)out.flags, 0xdc000807, "those that are known stay, SA_UNSUPPORTED goes");
	is((long)out.mask, (long)~(BIT(SIGKILL) | BIT(SIGSTOP)), "KILL and STOP leave the mask");
	is((long)out.restorer, 0x1234567, "the restorer");
	in.flags = in.mask = 0;
	raw(SYS_rt_sigaction, SIGUSR2, (long)&in, 0, 8, 0, 0);
	is(raw(SYS_rt_sigaction, SIGKILL, (long)&in, 0, 8, 0, 0), -EINVAL, "KILL");
	is(raw(SYS_rt_sigaction, SIGSTOP, (long)&in, 0, 8, 0, 0), -EINVAL, "STOP");
	is(raw(SYS_rt_sigaction, SIGKILL, 0, (long)&out, 8, 0, 0), 0, "reading it is allowed");
	is(raw(SYS_rt_sigaction, 0, 0, 0, 8, 0, 0), -EINVAL, "signal 0");
	is(raw(SYS_rt_sigaction, 65, 0, 0, 8, 0, 0), -EINVAL, "signal 65");
	is(raw(SYS_rt_sigaction, 1, 0, 0, 9, 0, 0), -EINVAL, "another size of mask");
}

static void check_sending(void)
{
	long pid = getpid(), tid = raw(SYS_gettid, 0, 0, 0, 0, 0, 0), other = 0x3fffffff;
	siginfo_t info;

	is(raw(SYS_kill, pid, 0, 0, 0, 0, 0), 0, "signal 0 asks for a process");
	is(raw(SYS_kill, pid, 65, 0, 0, 0, 0), -EINVAL, "signal 65");
	is(raw(SYS_kill, pid, -1, 0, 0, 0, 0), -EINVAL, "signal -1");
	is(raw(SYS_kill, other, 0, 0, 0, 0, 0), -ESRCH, "no such process");
	is(raw(SYS_kill, other, 65, 0, 0, 0, 0), -ESRCH, "which counts more than the signal");
	is(raw(SYS_kill, -other, 0, 0, 0, 0, 0), -ESRCH, "no such group");
	is(raw(SYS_kill, (long)0x80000000, 0, 0, 0, 0, 0), -ESRCH, "the lowest number");
	is(raw(SYS_tgkill, pid, tid, 0, 0, 0, 0), 0, "tgkill asks");
	is(raw(SYS_tgkill, pid, tid, 65, 0, 0, 0), -EINVAL, "tgkill of signal 65");
	is(raw(SYS_tgkill, pid, other, 65, 0, 0, 0), -ESRCH, "tgkill of no thread");
	is(raw(SYS_tgkill, other, tid, 0, 0, 0, 0), -ESRCH, "tgkill of another's thread");
	is(raw(SYS_tgkill, 0, tid, 0, 0, 0, 0), -EINVAL, "tgkill of process 0");
	is(raw(SYS_tgkill, pid, -1, 0, 0, 0, 0), -EINVAL, "tgkill of thread -1");
	is(raw(SYS_tkill, tid, 0, 0, 0, 0, 0), 0, "tkill asks");
	is(raw(SYS_tkill, 0, 0, 0, 0, 0, 0), -EINVAL, "tkill of thread 0");
	is(raw(SYS_tkill, other, 0, 0, 0, 0, 0), -ESRCH, "tkill of no thread");
	is(queue(65, SI_QUEUE, 0), -EINVAL, "sigqueueinfo of signal 65");
	is(queue(0, SI_QUEUE, 0), 0, "sigqueueinfo asks");
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	is(raw(SYS_rt_sigqueueinfo, other, RT, (long)&info, 0, 0, 0), -ESRCH, "to no process");
	is(raw(SYS_rt_tgsigqueueinfo, pid, other, RT, (long)&info, 0, 0), -ESRCH, "to no thread");
	is(raw(SYS_rt_tgsigqueueinfo, pid, 0, RT, (long)&info, 0, 0), -EINVAL, "to thread 0");
	info.si_code = 0;
	is(raw(SYS_rt_sigqueueinfo, other, RT, (long)&info, 0, 0, 0), -EPERM,
	   "another process must not be told what is not so");
	is(raw(SYS_rt_tgsigqueueinfo, pid, other, RT, (long)&info, 0, 0), -EPERM, "nor a thread");
	is(raw(SYS_rt_tgsigqueueinfo, pid, tid, RT, (long)&info, 0, 0), 0, "oneself may");
	is(take(BIT(RT), &info, &none), RT, "and gets it");
	info.si_code = -30;
	((char *)&info)[127] = 1;
	is(raw(SYS_rt_sigqueueinfo, pid, RT, (long)&info, 0, 0, 0), -E2BIG,
	   "more than is kept, of a kind that is not known");
	is((long)pending(), 0, "nothing was sent");
}

static void check_library(void)
{
	union sigval v = {.sival_int = 4242};
	siginfo_t info;
	sigset_t set;
	int sig = 0;

	sigemptyset(&set);
	sigaddset(&set, RT);
	sigaddset(&set, SIGUSR1);
	ok(sigismember(&set, RT) == 1 && sigismember(&set, SIGUSR2) == 0, "sets");
	ok(sigaddset(&set, 65) < 0 && errno == EINVAL, "signal 65 is in none");
	is(sigqueue(getpid(), RT, v), 0, "sigqueue");
	is(sigwaitinfo(&set, &info), RT, "sigwaitinfo");
	ok(info.si_value.sival_int == 4242 && info.si_code == SI_QUEUE && info.si_pid == getpid(),
	   "its value");
	raise(SIGUSR1);
	ok(sigpending(&set) == 0 && sigismember(&set, SIGUSR1) == 1, "sigpending");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ok(sigwait(&set, &sig) == 0 && sig == SIGUSR1, "sigwait");
	ok(sigtimedwait(&set, &info, &none) < 0 && errno == EAGAIN, "sigtimedwait");
	ok(sigqueue(getpid(), 65, v) < 0 && errno == EINVAL, "sigqueue of signal 65");
}

/* An alarm that is waited for, so that time passes in the core's idle loop. */
static void check_alarm(void)
{
	struct itimerval it = {{0, 0}, {0, 30000}}, old;
	siginfo_t info;
	int ticks = 0;

	is(setitimer(ITIMER_REAL, &it, &old), 0, "setitimer");
	ok(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0, "none was set");
	ok(getitimer(ITIMER_REAL, &old) == 0 && old.it_value.tv_usec > 0 &&
		   old.it_value.tv_usec <= 30000,
	   "getitimer: %ld us", (long)old.it_value.tv_usec);
	is(take(BIT(SIGALRM), &info, NULL), SIGALRM, "SIGALRM comes");
	ok(info.si_code == SI_KERNEL && info.si_pid == 0, "from the core");
	is(take(BIT(SIGALRM), &info, &moment), -EAGAIN, "once");
	it.it_interval.tv_usec = 10000;
	setitimer(ITIMER_REAL, &it, NULL);
	while (ticks < 5 && take(BIT(SIGALRM), &info, NULL) == SIGALRM)
		ticks++;
	is(ticks, 5, "every 10 ms");
	it = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &it, &old);
	is(old.it_interval.tv_usec, 10000, "the interval is told");
	take(BIT(SIGALRM), &info, &none);
	is(take(BIT(SIGALRM), &info, &(struct timespec){0, 50000000}), -EAGAIN, "until stopped");
	is(alarm(100), 0, "alarm");
	ok(alarm(0) == 100, "alarm tells what was left");
	it.it_value.tv_usec = 1000000;
	is(raw(SYS_setitimer, ITIMER_REAL, (long)&it, 0, 0, 0, 0), -EINVAL, "a million us");
	is(raw(SYS_setitimer, 77, 0, 0, 0, 0, 0), -EINVAL, "no such timer");
	is(raw(SYS_getitimer, -1, (long)&it, 0, 0, 0, 0), -EINVAL, "nor to read");
}

int main(void)
{
	check_masks();
	check_pending();
	check_queue();
	check_ignored();
	check_flags();
	check_sending();
	check_library();
	check_alarm();
	is(raw(SYS_restart_syscall, 0, 0, 0, 0, 0, 0), -EINTR, "there is no call to go on with");
	check_bound();
	return done();
}
