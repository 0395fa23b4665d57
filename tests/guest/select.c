/* SPDX-License-Identifier: MIT */
/* select and pselect6: by the calls themselves, as C libraries wrap them in ways of their own. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/select.h>
#include "epoll.h"

#define NR_select   23
#define NR_pselect6 270

static long sel(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *tv)
{
	return raw(NR_select, n, (long)r, (long)w, (long)e, (long)tv, 0);
}

static long psel(int n, fd_set *r, struct timespec *ts, const sigset_t *mask, long size)
{
	long pair[2] = {(long)mask, size};

	return raw(NR_pselect6, n, (long)r, 0, 0, (long)ts, (long)pair);
}

static fd_set *set_of(fd_set *s, int fd)
{
	FD_ZERO(s);
	FD_SET(fd, s);
	return s;
}

static void check_sets(void)
{
	struct timeval none = {0, 0};
	fd_set r, w, e;
	int p[2];

	make_pipe(p);
	set_of(&r, p[0]);
	FD_SET(p[1], &r);
	set_of(&w, p[1]);
	FD_SET(p[0], &w);
	set_of(&e, p[0]);
	is(sel(p[1] + 1, &r, &w, &e, &none), 1, "one of many");
	ok(!FD_ISSET(p[0], &r) && !FD_ISSET(p[1], &r) && FD_ISSET(p[1], &w) &&
		   !FD_ISSET(p[0], &w) && !FD_ISSET(p[0], &e),
	   "the one that can be written");
	put(p[1]);
	set_of(&r, p[0]);
	set_of(&w, p[1]);
	is(sel(p[1] + 1, &r, &w, NULL, &none), 2, "both ends: two");
	set_of(&r, p[0]);
	is(sel(p[0], &r, NULL, NULL, &none), 0, "one beyond n does not count");
	ok(!FD_ISSET(p[0], &r), "and is taken out of its word");
	is(sel(0, NULL, NULL, NULL, &none), 0, "no sets");
	is(sel(-1, NULL, NULL, NULL, &none), -EINVAL, "n below 0");
	set_of(&r, 50);
	is(sel(1024, &r, NULL, NULL, &none), -EBADF, "not open");
	ok(FD_ISSET(50, &r), "then the set stays as it was");
	is(sel(64, (void *)8, NULL, NULL, &none), -EFAULT, "a set that is nowhere");
	is(sel(0, NULL, NULL, NULL, (void *)8), -EFAULT, "a time that is nowhere");
	is(sel(0, NULL, NULL, NULL, &(struct timeval){0, -1}), -EINVAL, "a time below 0");
	close(p[1]);
	take(p[0]);
	set_of(&r, p[0]);
	set_of(&w, p[0]);
	is(sel(p[0] + 1, &r, &w, NULL, &none), 1, "the end of a pipe can be read");
	ok(FD_ISSET(p[0], &r) && !FD_ISSET(p[0], &w), "and not written");
	close(p[0]);
	make_pipe(p);
	close(p[0]);
	set_of(&r, p[1]);
	set_of(&w, p[1]);
	is(sel(p[1] + 1, &r, &w, NULL, &none), 2, "a pipe without a reader: both, it is an error");
	close(p[1]);
}

/* More than a set of the library's type holds, and more than fit on the core's stack. */
static void check_many(void)
{
	enum {
		HIGH = 3000
	};
	static unsigned long bits[4096 / 64];
	struct timeval none = {0, 0};
	int p[2];

	make_pipe(p);
	put(p[1]);
	for (int fd = HIGH; fd < HIGH + 20; fd++) {
		dup2(p[fd & 1], fd);
		bits[fd / 64] |= 1ul << fd % 64;
	}
	is(sel(4096, (fd_set *)bits, NULL, NULL, &none), 10, "twenty descriptors from 3000 on");
	ok(bits[HIGH / 64] >> HIGH % 64 & 1 && !(bits[HIGH / 64] >> (HIGH + 1) % 64 & 1),
	   "of which every other one is ready");
	for (int fd = HIGH; fd < HIGH + 20; fd++)
		close(fd);
	close(p[0]);
	close(p[1]);
}

static void *writes(void *arg)
{
	nap(50);
	put((int)(intptr_t)arg);
	return NULL;
}

static void check_time(void)
{
	struct timeval tv = {0, 50000};
	struct timespec ts = {5, 0}, bad = {0, 1000000000};
	long from = ms_now(), took;
	pthread_t t;
	fd_set r;
	int p[2];

	make_pipe(p);
	is(sel(p[0] + 1, set_of(&r, p[0]), NULL, NULL, &tv), 0, "times out");
	took = ms_now() - from;
	ok(took >= 49 && took < 2000, "after 50 ms (%ld)", took);
	ok(!FD_ISSET(p[0], &r), "with empty sets");
	ok(!tv.tv_sec && !tv.tv_usec, "and no time left");
	tv = (struct timeval){10, 0};
	pthread_create(&t, NULL, writes, (void *)(intptr_t)p[1]);
	is(sel(p[0] + 1, set_of(&r, p[0]), NULL, NULL, &tv), 1, "a write ends the wait");
	pthread_join(t, NULL);
	ok(tv.tv_sec >= 5 && tv.tv_sec < 10 && FD_ISSET(p[0], &r), "with time left (%ld s)",
	   (long)tv.tv_sec);
	is(psel(p[0] + 1, set_of(&r, p[0]), &ts, NULL, 0), 1, "pselect6");
	is(psel(0, NULL, &bad, NULL, 0), -EINVAL, "no time");
	close(p[0]);
	close(p[1]);
}

static volatile int handled;

static void on_signal(int sig)
{
	handled += sig == SIGUSR1;
}

static void *kills(void *arg)
{
	nap(50);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void check_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pthread_t me = pthread_self(), t;
	struct timespec ts = {5, 0};
	struct timeval tv = {5, 0};
	sigset_t block, none;
	fd_set r;
	int p[2];

	make_pipe(p);
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, kills, &me);
	is(sel(p[0] + 1, set_of(&r, p[0]), NULL, NULL, &tv), -EINTR, "a signal ends the wait");
	pthread_join(t, NULL);
	ok(FD_ISSET(p[0], &r), "the sets stay as they were");
	sigemptyset(&block);
	sigemptyset(&none);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	is(psel(p[0] + 1, set_of(&r, p[0]), &ts, &none, 8), -EINTR, "one that pselect6 lets in");
	is(handled, 2, "both were handled");
	raise(SIGUSR1);
	put(p[1]);
	is(psel(p[0] + 1, set_of(&r, p[0]), &ts, &none, 8), 1,
	   "a descriptor comes before a signal");
	is(handled, 2, "which still waits then");
	is(psel(0, NULL, &ts, &none, 4), -EINVAL, "a mask of another size");
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	check_sets();
	check_many();
	check_time();
	check_signals();
	return done();
}
