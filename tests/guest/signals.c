/* SPDX-License-Identifier: MIT */
/*
 * Handlers: when they run and what is blocked meanwhile, nested ones, those that run once or again
 * inside themselves, on another stack; what they are told; sigsuspend, jumps out of them.
 *
 * guest:
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "tap.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#define RT (SIGRTMIN + 1)

typedef unsigned long set64;
#define BIT(sig) (1ul << ((sig)-1))

static char order[64]; /* what ran, a letter each */
static set64 seen_mask;
static siginfo_t seen;
static volatile int count;

static set64 blocked(void)
{
	set64 set = 0;

	raw(SYS_rt_sigprocmask, 0, 0, (long)&set, 8, 0, 0);
	return set;
}

static void block(set64 set)
{
	raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set, 0, 8, 0, 0);
}

static void note(char c)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof(order))
		order[n] = c;
}

static void forget(void)
{
	memset(order, 0, sizeof(order));
	count = 0;
}

static void install(int sig, void (*fn)(int, siginfo_t *, void *), int flags, set64 mask)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = fn;
	act.sa_flags = SA_SIGINFO | flags;
	memcpy(&act.sa_mask, &mask, sizeof(mask));
	if (sigaction(sig, &act, NULL) < 0)
		ok(false, "sigaction: %s", strerror(errno));
}

static void take_note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	seen = *info;
	seen_mask = blocked();
	count++;
}

static void check_masks(void)
{
	install(SIGUSR1, take_note, 0, BIT(SIGHUP) | BIT(SIGKILL));
	forget();
	is(raise(SIGUSR1), 0, "raise");
	is(count, 1, "the handler has run when raise returns");
	is((long)seen_mask, (long)(BIT(SIGUSR1) | BIT(SIGHUP)), "with sa_mask and itself blocked");
	is((long)blocked(), 0, "afterwards nothing is");
	ok(seen.si_signo == SIGUSR1 && seen.si_code == SI_TKILL && seen.si_pid == getpid(),
	   "what it was told");
	is(kill(getpid(), SIGUSR1), 0, "kill");
	ok(count == 2 && seen.si_code == SI_USER && seen.si_pid == getpid(), "and of kill");
	install(SIGUSR1, take_note, SA_NODEFER, 0);
	raise(SIGUSR1);
	is((long)seen_mask, 0, "SA_NODEFER leaves itself open");
	block(BIT(SIGUSR1));
	forget();
	raise(SIGUSR1);
	is(count, 0, "a blocked signal waits");
	block(0);
	is(count, 1, "until it is unblocked");
}

static void nest(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	note(sig == SIGUSR1 ? 'a' : sig == SIGUSR2 ? 'b' : 'c');
	if (sig == SIGUSR1 && !count++) {
		raise(SIGUSR1); /* blocked, or nested */
		raise(SIGUSR2); /* at once, or after */
		note('.');
	}
	note(sig == SIGUSR1 ? 'A' : sig == SIGUSR2 ? 'B' : 'C');
}

static void check_nesting(void)
{
	forget();
	install(SIGUSR1, nest, 0, 0);
	install(SIGUSR2, nest, 0, 0);
	raise(SIGUSR1);
	ok(!strcmp(order, "abB.AaA"), "a second of its kind runs after, another one inside: %s",
	   order);
	forget();
	install(SIGUSR1, nest, 0, BIT(SIGUSR2));
	raise(SIGUSR1);
	ok(!strcmp(order, "a.AaAbB"), "sa_mask holds the other back: %s", order);
	forget();
	install(SIGUSR1, nest, SA_NODEFER, 0);
	raise(SIGUSR1);
	ok(!strcmp(order, "aaAbB.A"), "SA_NODEFER: inside itself: %s", order);
	forget();
	install(SIGUSR1, nest, SA_RESETHAND, 0);
	signal(SIGCHLD, SIG_DFL);
	count = 1;
	raise(SIGUSR1);
	ok(signal(SIGUSR1, SIG_IGN) == SIG_DFL, "SA_RESETHAND: the default afterwards");
	ok(!strcmp(order, "aA"), "having run once: %s", order);
}

/* ---- what is queued ---- */

static long values[16];

static void collect(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (count < 16)
		values[count++] = (sig - RT) * 100 + info->si_value.sival_int;
}

static void check_queue(void)
{
	static const long wanted[] = {1, 2, 3, 101, 102, 103};
	int right = 0;

	forget();
	install(RT, collect, 0, ~0ul);
	install(RT + 1, collect, 0, ~0ul);
	block(BIT(RT) | BIT(RT + 1));
	for (int i = 1; i <= 3; i++) {
		sigqueue(getpid(), RT + 1, (union sigval){.sival_int = i});
		sigqueue(getpid(), RT, (union sigval){.sival_int = i});
	}
	is(count, 0, "queued signals wait");
	block(0);
	is(count, 6, "each of them runs a handler");
	for (int i = 0; i < 6; i++)
		right += values[i] == wanted[i];
	is(right, 6, "lowest number first, in the order of sending, with their values");
	/* Signals that do not block each other: all frames are built, the last built runs first. */
	forget();
	install(SIGHUP, nest, 0, 0);
	install(SIGUSR2, nest, 0, 0);
	block(BIT(SIGHUP) | BIT(SIGUSR2));
	raise(SIGUSR2);
	raise(SIGHUP);
	block(0);
	ok(!strcmp(order, "bBcC"), "several at once: %s", order);
}

/* ---- waiting ---- */

static void check_suspend(void)
{
	set64 open = ~BIT(SIGUSR1) & ~BIT(SIGALRM), keep = BIT(SIGUSR1) | BIT(SIGHUP);
	struct itimerval soon = {{0, 0}, {0, 20000}};

	forget();
	install(SIGUSR1, take_note, 0, 0);
	block(keep);
	raise(SIGUSR1);
	is(raw(SYS_rt_sigsuspend, (long)&open, 8, 0, 0, 0, 0), -EINTR, "sigsuspend");
	is(count, 1, "ran what was pending");
	is((long)seen_mask, (long)(open & ~BIT(SIGKILL) & ~BIT(SIGSTOP)) | (long)BIT(SIGUSR1),
	   "under its set");
	is((long)blocked(), (long)keep, "and put the old one back");
	install(SIGALRM, take_note, SA_RESTART, 0);
	forget();
	setitimer(ITIMER_REAL, &soon, NULL);
	is(raw(SYS_rt_sigsuspend, (long)&open, 8, 0, 0, 0, 0), -EINTR, "it waits for an alarm");
	ok(count == 1 && seen.si_signo == SIGALRM && seen.si_code == SI_KERNEL, "which came");
	is((long)blocked(), (long)keep, "the old set is back");
	setitimer(ITIMER_REAL, &soon, NULL);
	is(pause(), -1, "pause");
	is(errno, EINTR, "is broken off, SA_RESTART or not");
	is(count, 2, "by the handler");
	block(0);
}

/* sigtimedwait takes what it waits for; for anything else the handler runs. */
static void check_timedwait(void)
{
	struct itimerval soon = {{0, 0}, {0, 20000}};
	set64 other = BIT(SIGHUP), alarms = BIT(SIGALRM);
	struct timespec long_time = {10, 0};
	siginfo_t info;

	forget();
	install(SIGALRM, take_note, SA_RESTART, 0);
	block(BIT(SIGALRM) | BIT(SIGHUP));
	setitimer(ITIMER_REAL, &soon, NULL);
	is(raw(SYS_rt_sigtimedwait, (long)&alarms, (long)&info, (long)&long_time, 8, 0, 0), SIGALRM,
	   "sigtimedwait");
	is(count, 0, "no handler ran");
	block(BIT(SIGHUP));
	setitimer(ITIMER_REAL, &soon, NULL);
	is(raw(SYS_rt_sigtimedwait, (long)&other, (long)&info, (long)&long_time, 8, 0, 0), -EINTR,
	   "another signal ends it");
	is(count, 1, "and its handler ran");
	block(0);
	/* Waited for though not blocked: the wait has it. */
	forget();
	setitimer(ITIMER_REAL, &soon, NULL);
	is(raw(SYS_rt_sigtimedwait, (long)&alarms, (long)&info, (long)&long_time, 8, 0, 0), SIGALRM,
	   "one that is not blocked");
	is(count, 0, "no handler ran");
}

/* ---- the other stack ---- */

static char stack[65536] __attribute__((aligned(16)));
static uintptr_t handler_sp;
static int handler_flags, handler_set;
static unsigned context_flags;

static void on_stack(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	stack_t ss;

	(void)sig;
	(void)info;
	handler_sp = (uintptr_t)__builtin_frame_address(0);
	sigaltstack(NULL, &ss);
	handler_flags = ss.ss_flags;
	context_flags = (unsigned)uc->uc_stack.ss_flags;
	ss.ss_sp = stack;
	ss.ss_size = sizeof(stack) / 2;
	ss.ss_flags = 0;
	errno = 0;
	handler_set = sigaltstack(&ss, NULL) < 0 ? errno : 0;
	if (sig == SIGUSR1 && count++ < 2)
		raise(SIGUSR2);
}

static bool within(uintptr_t p)
{
	return p > (uintptr_t)stack && p <= (uintptr_t)stack + sizeof(stack);
}

static void check_stack(void)
{
	stack_t ss, old;

	memset(&ss, 0, sizeof(ss));
	forget();
	install(SIGUSR1, on_stack, SA_ONSTACK, 0);
	install(SIGUSR2, on_stack, SA_ONSTACK, 0);
	ok(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE, "there is none");
	count = 9;
	raise(SIGUSR1);
	ok(!within(handler_sp), "SA_ONSTACK without one: the usual stack");
	ss.ss_sp = stack;
	ss.ss_size = 2047;
	ok(sigaltstack(&ss, NULL) < 0 && errno == ENOMEM, "one too small");
	ss.ss_size = sizeof(stack);
	ss.ss_flags = 4;
	ok(sigaltstack(&ss, NULL) < 0 && errno == EINVAL, "unknown flags");
	ss.ss_flags = SS_ONSTACK;
	is(sigaltstack(&ss, NULL), 0, "SS_ONSTACK is taken as 0");
	ss.ss_flags = 0;
	is(sigaltstack(&ss, NULL), 0, "which is usual");
	ok(sigaltstack(NULL, &old) == 0 && old.ss_sp == stack && old.ss_size == sizeof(stack) &&
		   old.ss_flags == 0,
	   "set");
	count = 9;
	raise(SIGUSR1);
	ok(within(handler_sp), "the handler runs on it");
	ok(handler_flags == SS_ONSTACK && handler_set == EPERM, "and cannot change it");
	is(context_flags, 0, "the context tells what was");
	count = 0;
	raise(SIGUSR1);
	ok(within(handler_sp) && handler_sp < (uintptr_t)stack + sizeof(stack) - 1024,
	   "a nested one goes on below");
	install(SIGUSR1, on_stack, 0, 0);
	count = 9;
	raise(SIGUSR1);
	ok(!within(handler_sp), "not without SA_ONSTACK");
	/* The handler could set another one, as it was not on it: put back by its end. */
	is(handler_set, 0, "which may change it");
	sigaltstack(NULL, &old);
	is((long)old.ss_size, sizeof(stack), "until it returns");
	install(SIGUSR1, on_stack, SA_ONSTACK, 0);
	ss.ss_flags = (int)SS_AUTODISARM;
	is(sigaltstack(&ss, NULL), 0, "SS_AUTODISARM");
	raise(SIGUSR1);
	ok(within(handler_sp) && handler_flags == SS_DISABLE && handler_set == 0,
	   "disarmed in the handler, which may set one");
	is((long)context_flags, (long)SS_AUTODISARM, "the context tells of it");
	ok(sigaltstack(NULL, &old) == 0 && old.ss_flags == (int)SS_AUTODISARM &&
		   old.ss_size == sizeof(stack),
	   "armed again afterwards");
	ss.ss_flags = SS_DISABLE;
	is(sigaltstack(&ss, NULL), 0, "SS_DISABLE");
	ok(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE, "gone");
}

/* ---- jumps, faults, contexts ---- */

static sigjmp_buf jump;

static void jump_out(int sig, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	siglongjmp(jump, sig);
}

static void check_jumps(void)
{
	volatile int rounds = 0;
	int sig;

	install(SIGUSR1, jump_out, 0, BIT(SIGHUP));
	sig = sigsetjmp(jump, 1);
	if (rounds++ < 3)
		raise(SIGUSR1);
	ok(rounds == 4 && sig == SIGUSR1, "siglongjmp out of a handler, three times");
	is((long)blocked(), 0, "restored the mask");
	block(0);
	rounds = 0;
	sig = sigsetjmp(jump, 0);
	if (!rounds++)
		raise(SIGUSR1);
	is((long)blocked(), (long)(BIT(SIGUSR1) | BIT(SIGHUP)), "unless it was not saved");
	block(0);
	install(SIGSEGV, jump_out, 0, 0);
	rounds = 0;
	sig = sigsetjmp(jump, 1);
	if (!rounds++)
		*(volatile int *)0x10 = 1;
	ok(sig == SIGSEGV && seen.si_code == SEGV_MAPERR && seen.si_addr == (void *)0x10,
	   "out of a fault's handler: code %d", seen.si_code);
	signal(SIGSEGV, SIG_DFL);
}

static void step_over(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RAX] = 0x1234;
	memset(&uc->uc_sigmask, 0, 8);
	*(set64 *)&uc->uc_sigmask = BIT(SIGTERM);
}

static void check_context(void)
{
	long ax = 1;

	install(SIGILL, step_over, 0, 0);
	__asm__ volatile("ud2" : "+a"(ax)::"memory");
	is(ax, 0x1234, "a handler changes a register and steps over the instruction");
	is((long)blocked(), (long)BIT(SIGTERM), "and the mask to come");
	block(0);
	signal(SIGILL, SIG_DFL);
}

/* ---- the library ---- */

static void plain(int sig)
{
	count += sig;
}

static void check_library(void)
{
	struct sigaction act;

	forget();
	ok(signal(SIGUSR1, plain) != SIG_ERR, "signal");
	raise(SIGUSR1);
	raise(SIGUSR1);
	is(count, 2 * SIGUSR1, "the handler stays");
	sigaction(SIGUSR1, NULL, &act);
	ok(act.sa_handler == plain && act.sa_flags & SA_RESTART, "calls go on after it");
	is(siginterrupt(SIGUSR1, 1), 0, "siginterrupt");
	sigaction(SIGUSR1, NULL, &act);
	ok(act.sa_handler == plain && !(act.sa_flags & SA_RESTART), "or not");
	siginterrupt(SIGUSR1, 0);
	is(sighold(SIGUSR1), 0, "sighold");
	raise(SIGUSR1);
	is(count, 2 * SIGUSR1, "holds");
	ok(sigpause(SIGUSR1) < 0 && errno == EINTR && count == 3 * SIGUSR1, "sigpause");
	is(sigrelse(SIGUSR1), 0, "sigrelse");
	is(sigignore(SIGUSR1), 0, "sigignore");
	raise(SIGUSR1);
	is(count, 3 * SIGUSR1, "ignored");
	ok(sigset(SIGUSR1, plain) == SIG_IGN && sigset(SIGUSR1, SIG_HOLD) == plain &&
		   sigset(SIGUSR1, SIG_DFL) == SIG_HOLD && blocked() == 0,
	   "sigset");
}

int main(void)
{
	check_masks();
	check_nesting();
	check_queue();
	check_suspend();
	check_timedwait();
	check_stack();
	check_jumps();
	check_context();
	check_library();
	return done();
}
