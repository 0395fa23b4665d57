/* SPDX-License-Identifier: MIT */
/*
 * Signals and threads: who gets one, masks of their own, raise and abort where they are called, alternate
 * stacks, and calls that handlers interrupt.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static __thread int here;
static volatile int got_in, count, value, code;
static sem_t ready, go;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void note(int sig)
{
	(void)sig;
	got_in = here;
	__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
}

static void note_value(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got_in = here;
	code = info->si_code;
	value = sig == SIGUSR1 ? info->si_value.sival_int : -1;
	__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction act = {.sa_flags = flags};

	act.sa_handler = fn;
	sigaction(sig, &act, NULL);
}

static void wait_count(int n)
{
	for (int i = 0; i < 2000 && count < n; i++)
		usleep(1000);
}

static void *block_and_wait(void *arg)
{
	here = (int)(long)arg;
	sem_post(&ready);
	while (sem_wait(&go) && errno == EINTR)
		continue;
	return NULL;
}

static void to_a_thread(void)
{
	pthread_t t[4];
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	union sigval v = {.sival_int = 4711};

	handle(SIGUSR1, note, 0);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, block_and_wait, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		sem_wait(&ready);
	for (int i = 3; i >= 0; i--) {
		count = 0;
		is(pthread_kill(t[i], SIGUSR1), 0, "a signal to thread %d", i + 1);
		wait_count(1);
		is(got_in, i + 1, "is handled there");
	}
	is(pthread_kill(t[0], 0), 0, "no signal: it is there");
	is(pthread_kill(t[0], 65), EINVAL, "no such signal");
	act.sa_sigaction = note_value;
	sigaction(SIGUSR1, &act, NULL);
	count = 0;
	is(pthread_sigqueue(t[2], SIGUSR1, v), 0, "one with a value");
	wait_count(1);
	ok(got_in == 3 && value == 4711 && code == SI_QUEUE, "arrives with it");
	for (int i = 0; i < 4; i++)
		sem_post(&go);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void *raise_here(void *arg)
{
	here = (int)(long)arg;
	raise(SIGUSR2);
	return (void *)(long)(got_in == here);
}

static void raised(void)
{
	void *result;
	pthread_t t;

	handle(SIGUSR2, note, 0);
	here = 100;
	for (long i = 1; i < 5; i++) {
		pthread_create(&t, NULL, raise_here, (void *)i);
		pthread_join(t, &result);
		is((long)result, 1, "raise in thread %ld is handled there before it returns", i);
	}
	raise(SIGUSR2);
	is(got_in, 100, "and in the first thread");
}

static void *has_blocked(void *arg)
{
	sigset_t mask, pending;

	(void)arg;
	here = 7;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (!sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGUSR2))
		return (void *)1;
	count = 0;
	pthread_kill(pthread_self(), SIGUSR1);
	sigpending(&pending);
	if (count || !sigismember(&pending, SIGUSR1))
		return (void *)2;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	return (void *)(long)(count == 1 && got_in == 7 ? 0 : 3);
}

static void masks(void)
{
	sigset_t usr1, now;
	void *result;
	pthread_t t;

	handle(SIGUSR1, note, 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	is(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0, "a signal is blocked");
	pthread_create(&t, NULL, has_blocked, NULL);
	pthread_join(t, &result);
	is((long)result, 0, "a new thread has it blocked too, unblocks it for itself");
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	is(sigismember(&now, SIGUSR1), 1, "here it still is");
	is(pthread_sigmask(77, &usr1, NULL), EINVAL, "no such change");
	sigfillset(&now);
	is(sigismember(&now, 32), 0, "the library's own signal is in no set");
	pthread_sigmask(SIG_SETMASK, &now, NULL);
	/* The one thread that does not block it gets the process's signal. */
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	here = 8;
	count = 0;
	kill(getpid(), SIGUSR1);
	wait_count(1);
	is(got_in, 8, "a signal to the process goes to a thread that does not block it");
	sigemptyset(&now);
	pthread_sigmask(SIG_SETMASK, &now, NULL);
}

static void *wait_usr1(void *arg)
{
	sigset_t usr1;
	int sig = 0;

	(void)arg;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sem_post(&ready);
	sigwait(&usr1, &sig);
	return (void *)(long)sig;
}

static void waited_for(void)
{
	sigset_t usr1;
	void *result;
	pthread_t t;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	pthread_create(&t, NULL, wait_usr1, NULL);
	sem_wait(&ready);
	usleep(5000);
	kill(getpid(), SIGUSR1);
	pthread_join(t, &result);
	is((long)result, SIGUSR1, "sigwait in a thread gets a signal to the process");
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
}

static void *lock_m(void *arg)
{
	long err;

	(void)arg;
	sem_post(&ready);
	err = pthread_mutex_lock(&m);
	pthread_mutex_unlock(&m);
	return (void *)err;
}

static void *wait_sem(void *arg)
{
	(void)arg;
	sem_post(&ready);
	return (void *)(long)(sem_wait(&go) ? errno : 0);
}

static void interrupted(void)
{
	void *result;
	pthread_t t;

	handle(SIGUSR1, note, 0);
	pthread_mutex_lock(&m);
	pthread_create(&t, NULL, lock_m, NULL);
	sem_wait(&ready);
	for (int i = 0; i < 20; i++) {
		usleep(500);
		pthread_kill(t, SIGUSR1);
	}
	pthread_mutex_unlock(&m);
	pthread_join(t, &result);
	is((long)result, 0, "a mutex is waited for in spite of signals");
	pthread_create(&t, NULL, wait_sem, NULL);
	sem_wait(&ready);
	usleep(5000);
	pthread_kill(t, SIGUSR1);
	pthread_join(t, &result);
	is((long)result, EINTR, "sem_wait is interrupted");
	handle(SIGUSR1, note, SA_RESTART);
	pthread_create(&t, NULL, wait_sem, NULL);
	sem_wait(&ready);
	usleep(5000);
	pthread_kill(t, SIGUSR1);
	usleep(5000);
	sem_post(&go);
	pthread_join(t, &result);
	is((long)result, 0, "or restarted");
}

static volatile char *stack_low, *stack_high;
static volatile int on_alternate;

static void where_am_i(int sig)
{
	char local;

	(void)sig;
	on_alternate = &local >= stack_low && &local < stack_high;
}

static void *use_alternate(void *arg)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)}, old;

	(void)arg;
	sigaltstack(NULL, &old);
	if (!(old.ss_flags & SS_DISABLE))
		return (void *)1;
	stack_low = stack;
	stack_high = stack + sizeof(stack);
	sigaltstack(&ss, NULL);
	raise(SIGUSR2);
	return (void *)(long)(on_alternate ? 0 : 2);
}

static void alternate(void)
{
	void *result;
	pthread_t t;

	handle(SIGUSR2, where_am_i, SA_ONSTACK);
	pthread_create(&t, NULL, use_alternate, NULL);
	pthread_join(t, &result);
	is((long)result, 0, "a new thread has no alternate stack, and takes one");
	raise(SIGUSR2);
	is(on_alternate, 0, "the first thread has none");
}

static void *return_at_once(void *arg)
{
	return arg;
}

/* A number that the core gave to another thread must not get what was meant for one that has ended. */
static void ended(void)
{
	pthread_t t;
	int wrong = 0;

	handle(SIGUSR1, note, 0);
	for (int i = 0; i < 500; i++) {
		pthread_create(&t, NULL, return_at_once, NULL);
		if (i % 2)
			usleep(100);
		wrong += pthread_kill(t, SIGUSR1) != 0;
		pthread_join(t, NULL);
	}
	is(wrong, 0, "500 signals to threads that end at that moment");
}

int main(void)
{
	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	to_a_thread();
	raised();
	masks();
	waited_for();
	interrupted();
	alternate();
	ended();
	return done();
}
