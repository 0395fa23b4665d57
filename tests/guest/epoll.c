/* SPDX-License-Identifier: MIT */
/*
 * guest: timeout=90 mem=64
 *
 * epoll by one thread: what is told and when, what a set refuses.
 */
#include <sys/mman.h>
#include "epoll.h"

/* ---- what a set refuses ---- */

static void check_errors(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), p[2], file;
	struct epoll_event e = {.events = EPOLLIN};

	make_pipe(p);
	ok(ep >= 0 && fcntl(ep, F_GETFD) == FD_CLOEXEC, "epoll_create1 with EPOLL_CLOEXEC");
	ok(epoll_create1(1) < 0 && errno == EINVAL, "epoll_create1: a flag it does not know");
	ok(epoll_create(0) < 0 && errno == EINVAL, "epoll_create: size 0");
	file = epoll_create(1);
	ok(file >= 0 && fcntl(file, F_GETFD) == 0, "epoll_create");
	close(file);
	is(ctl(ep, EPOLL_CTL_ADD, 999, EPOLLIN), -EBADF, "add: not open");
	is(ctl(999, EPOLL_CTL_ADD, p[0], EPOLLIN), -EBADF, "add: the set is not open");
	is(ctl(p[1], EPOLL_CTL_ADD, p[0], EPOLLIN), -EINVAL, "add: to no set");
	is(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN), -EINVAL, "add: to itself");
	file = open("/tmp/epoll-test", O_RDWR | O_CREAT, 0600);
	is(ctl(ep, EPOLL_CTL_ADD, file, EPOLLIN), -EPERM, "add: a regular file");
	close(file);
	unlink("/tmp/epoll-test");
	is(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN), -ENOENT, "change what is not there");
	is(ctl(ep, EPOLL_CTL_DEL, p[0], EPOLLIN), -ENOENT, "remove what is not there");
	is(ctl(ep, 4, p[0], EPOLLIN), -EINVAL, "an unknown operation");
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), 0, "add");
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), -EEXIST, "twice");
	ok(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], (void *)16) < 0 && errno == EFAULT, "a bad event");
	is(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE), -EINVAL, "change to exclusive");
	is(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), 0, "remove, without an event");
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), -EINVAL,
	   "exclusive and oneshot");
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE), 0, "exclusive");
	is(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN), -EINVAL, "change an exclusive one");
	ok(epoll_wait(ep, ev, 0, 0) < 0 && errno == EINVAL, "wait for 0 events");
	ok(epoll_wait(ep, ev, -1, 0) < 0 && errno == EINVAL, "wait for -1 events");
	ok(epoll_wait(p[0], ev, 1, 0) < 0 && errno == EINVAL, "wait on no set");
	ok(epoll_wait(999, ev, 1, 0) < 0 && errno == EBADF, "wait on what is not open");
	ok(epoll_wait(ep, (void *)-4096l, 1, 0) < 0 && errno == EFAULT, "wait: no address of ours");
	ok(read(ep, &e, sizeof(e)) < 0 && errno == EINVAL, "a set cannot be read");
	ok(write(ep, &e, sizeof(e)) < 0 && errno == EINVAL, "nor written");
	close(p[0]);
	close(p[1]);
	close(ep);
}

/* ---- what is told ---- */

static void check_level(void)
{
	int ep = epoll_create1(0), p[2];

	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN);
	is(wait_ms(ep, 0), 0, "level: nothing yet");
	put(p[1]);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLIN &&
		   ev[0].data.u64 == ((uint64_t)p[0] | 0xabcd000000000000),
	   "level: told, with its data");
	is(wait_ms(ep, 0), 1, "level: told again");
	take(p[0]);
	is(wait_ms(ep, 0), 0, "level: no more");
	ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLIN);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLOUT, "level: can be written");
	is(ctl(ep, EPOLL_CTL_MOD, p[1], 0), 0, "change to no event");
	is(wait_ms(ep, 0), 0, "level: not asked for");
	close(p[0]);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLERR, "EPOLLERR is told unasked");
	close(p[1]);
	is(wait_ms(ep, 0), 0, "closed: gone from the set");
	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], 0);
	close(p[1]);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLHUP, "EPOLLHUP too");
	close(p[0]);
	close(ep);
}

static void check_edge(void)
{
	int ep = epoll_create1(0), p[2];
	char buf[65536];

	make_pipe(p);
	put(p[1]);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET);
	is(wait_ms(ep, 0), 1, "edge: what was there when added");
	is(wait_ms(ep, 0), 0, "edge: once");
	put(p[1]);
	is(wait_ms(ep, 0), 1, "edge: more came");
	is(wait_ms(ep, 0), 0, "edge: once again");
	take(p[0]);
	is(wait_ms(ep, 0), 0, "edge: reading is none");
	is(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET), 0, "edge: changed");
	is(wait_ms(ep, 0), 1, "edge: told anew after a change");
	take(p[0]);
	put(p[1]);
	take(p[0]);
	is(wait_ms(ep, 0), 0, "edge: came and went");
	put(p[1]);
	put(p[1]);
	is(wait_ms(ep, 0), 1, "edge: two are told of as one");
	is(wait_ms(ep, 0), 0, "edge: really");
	close(p[1]);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == (EPOLLIN | EPOLLHUP), "edge: the end");
	close(p[0]);
	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET);
	is(wait_ms(ep, 0), 1, "edge: room at first");
	put(p[1]);
	take(p[0]);
	is(wait_ms(ep, 0), 0, "edge: there was room all along");
	while (write(p[1], buf, sizeof(buf)) > 0)
		;
	is(wait_ms(ep, 0), 0, "edge: full");
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLOUT, "edge: room again");
	is(wait_ms(ep, 0), 0, "edge: told once");
	close(p[0]);
	close(p[1]);
	close(ep);
}

static void check_oneshot(void)
{
	int ep = epoll_create1(0), p[2];

	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT);
	put(p[1]);
	is(wait_ms(ep, 0), 1, "oneshot: told");
	put(p[1]);
	is(wait_ms(ep, 0), 0, "oneshot: not again");
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), -EEXIST, "oneshot: still there");
	is(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT), 0, "oneshot: armed");
	is(wait_ms(ep, 0), 1, "oneshot: told of what is there");
	close(p[1]);
	is(wait_ms(ep, 0), 0, "oneshot: not even of the end");
	ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == (EPOLLIN | EPOLLHUP), "oneshot no more");
	close(p[0]);
	close(ep);
}

/* A descriptor is in the set until the last of those made of it is closed. */
static void check_close(void)
{
	int ep = epoll_create1(0), p[2], copy;

	make_pipe(p);
	copy = dup(p[0]);
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), 0, "add one");
	is(ctl(ep, EPOLL_CTL_ADD, copy, EPOLLIN), 0, "and its copy");
	put(p[1]);
	is(wait_ms(ep, 0), 2, "both are told");
	ctl(ep, EPOLL_CTL_DEL, copy, 0);
	is(wait_ms(ep, 0), 1, "one is");
	close(p[0]);
	is(wait_ms(ep, 0), 1, "one whose descriptor is closed, but not its copy");
	close(copy);
	is(wait_ms(ep, 0), 0, "none");
	close(p[1]);
	/* Numbers used again are others. */
	for (int i = 0; i < 100; i++) {
		make_pipe(p);
		if (ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN))
			ok(false, "round %d: the number is still taken", i);
		put(p[1]);
		if (wait_ms(ep, 0) != 1)
			ok(false, "round %d: not one event", i);
		close(p[0]);
		close(p[1]);
	}
	is(wait_ms(ep, 0), 0, "a hundred came and went");
	/* The set goes first. */
	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN);
	close(ep);
	put(p[1]);
	take(p[0]);
	close(p[0]);
	close(p[1]);
	ok(true, "a set closed before what it watches");
}

static void check_many(void)
{
	enum {
		MANY = 50
	};
	int ep = epoll_create1(0), p[MANY][2], seen[MANY] = {0}, n, least = 9, most = 0;

	for (int i = 0; i < MANY; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};

		make_pipe(p[i]);
		epoll_ctl(ep, EPOLL_CTL_ADD, p[i][0], &e);
		put(p[i][1]);
	}
	is(epoll_wait(ep, ev, 64, 0), MANY, "all at once");
	for (int round = 0; round < 10; round++) {
		n = epoll_wait(ep, ev, 10, 0);
		for (int i = 0; i < n; i++)
			seen[ev[i].data.u32]++;
	}
	for (int i = 0; i < MANY; i++) {
		least = seen[i] < least ? seen[i] : least;
		most = seen[i] > most ? seen[i] : most;
	}
	ok(least == 2 && most == 2, "ten at a time: each in its turn (%d to %d)", least, most);
	for (int i = 0; i < MANY; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	close(ep);
}

/* What is taken but cannot be written is not lost. */
static void check_fault(void)
{
	int ep = epoll_create1(0), p[2][2];
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 2; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
		ctl(ep, EPOLL_CTL_ADD, p[i][0], EPOLLIN | (i ? EPOLLET : EPOLLONESHOT));
	}
	ok(epoll_wait(ep, page, 10, 0) < 0 && errno == EFAULT, "nowhere to write to");
	is(wait_ms(ep, 0), 2, "what was not written is told again");
	is(wait_ms(ep, 0), 0, "once");
	munmap(page, 4096);
	for (int i = 0; i < 2; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	close(ep);
}

/* ---- sets of sets ---- */

static void check_nested(void)
{
	int inner = epoll_create1(0), outer = epoll_create1(0), edge = epoll_create1(0), p[2];
	struct pollfd fd = {.fd = outer, .events = POLLIN};

	make_pipe(p);
	ctl(inner, EPOLL_CTL_ADD, p[0], EPOLLIN);
	is(ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN), 0, "a set in a set");
	ctl(edge, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET);
	is(wait_ms(outer, 0), 0, "nested: nothing");
	is(poll(&fd, 1, 0), 0, "nested: poll says so too");
	put(p[1]);
	ok(wait_ms(outer, 0) == 1 && ev[0].data.u32 == (uint32_t)inner, "nested: told of the set");
	ok(poll(&fd, 1, 0) == 1 && fd.revents == POLLIN, "nested: and by poll");
	is(wait_ms(outer, 0), 1, "nested: level");
	is(wait_ms(edge, 0), 1, "nested: edge");
	is(wait_ms(edge, 0), 0, "nested: once");
	put(p[1]);
	is(wait_ms(edge, 0), 1, "nested: once more");
	is(wait_ms(inner, 0), 1, "nested: what is in it");
	take(p[0]);
	take(p[0]);
	is(wait_ms(outer, 0), 0, "nested: no more");
	is(poll(&fd, 1, 0), 0, "nested: poll finds none");
	is(ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN), -ELOOP, "a loop of two is refused");
	is(ctl(outer, EPOLL_CTL_ADD, edge, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL,
	   "no set is watched exclusively");
	close(inner);
	is(wait_ms(outer, 0), 0, "nested: the inner one is closed");
	close(outer);
	close(edge);
	close(p[0]);
	close(p[1]);
}

static void check_depth(void)
{
	int set[8], p[2], n, deep;
	struct pollfd fd;

	make_pipe(p);
	for (int i = 0; i < 8; i++)
		set[i] = epoll_create1(0);
	ctl(set[0], EPOLL_CTL_ADD, p[0], EPOLLIN);
	for (deep = 1; deep < 8; deep++) {
		n = ctl(set[deep], EPOLL_CTL_ADD, set[deep - 1], EPOLLIN);
		if (n)
			break;
	}
	ok(n == -ELOOP && deep == 5, "five sets nest, not six (%d, %d)", n, deep);
	is(ctl(set[0], EPOLL_CTL_ADD, set[4], EPOLLIN), -ELOOP, "nor in a ring");
	put(p[1]);
	fd = (struct pollfd){.fd = set[4], .events = POLLIN};
	is(poll(&fd, 1, 0), 1, "the outermost is told");
	for (int i = 4; i >= 0; i--)
		if (wait_ms(set[i], 0) != 1)
			ok(false, "set %d is not", i);
	for (int i = 0; i < 8; i++) {
		close(set[i]);
		set[i] = epoll_create1(0);
	}
	for (deep = 1; deep < 8; deep++) {
		n = ctl(set[deep - 1], EPOLL_CTL_ADD, set[deep], EPOLLIN);
		if (n)
			break;
	}
	ok(n == -ELOOP && deep == 5, "whichever was first (%d, %d)", n, deep);
	for (int i = 0; i < 8; i++)
		close(set[i]);
	close(p[0]);
	close(p[1]);
}

/* ---- time and signals ---- */

static int handled;

static void on_signal(int sig)
{
	handled += sig == SIGUSR1;
}

static void check_time(void)
{
	int ep = epoll_create1(0);
	struct timespec ts = {0, 30000000}, bad = {0, 1000000000};
	long from = ms_now(), took;

	is(wait_ms(ep, 50), 0, "times out");
	took = ms_now() - from;
	ok(took >= 49 && took < 2000, "after 50 ms (%ld)", took);
	from = ms_now();
	is(epoll_pwait2(ep, ev, 1, &ts, NULL), 0, "epoll_pwait2 times out");
	took = ms_now() - from;
	ok(took >= 29 && took < 2000, "after 30 ms (%ld)", took);
	ok(epoll_pwait2(ep, ev, 1, &bad, NULL) < 0 && errno == EINVAL, "not with a bad time");
	close(ep);
}

static void check_signals(void)
{
	int ep = epoll_create1(0), p[2];
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t block, none, now;

	make_pipe(p);
	sigemptyset(&block);
	sigemptyset(&none);
	sigaddset(&block, SIGUSR1);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	is(wait_ms(ep, 0), 0, "a blocked signal ends no wait");
	ok(epoll_pwait(ep, ev, 1, 1000, &none) < 0 && errno == EINTR,
	   "one that epoll_pwait lets in does, SA_RESTART or not");
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGUSR1), "the set is as it was");
	raise(SIGUSR1);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN);
	put(p[1]);
	is(epoll_pwait(ep, ev, 1, 1000, &none), 1, "an event comes before a signal");
	is(handled, 1, "which still waits then");
	is(raw(281, ep, (long)ev, 1, 0, (long)&none, 4), -EINVAL, "a mask of another size");
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	close(ep);
	close(p[0]);
	close(p[1]);
}

/* A program cannot fill the memory with what it watches; on Linux the limit is another. */
static void check_limit(void)
{
	int ep = epoll_create1(0), p[2], n = 0, r = 0, fd;

	if (!on_ringlet())
		return;
	make_pipe(p);
	for (; !r && n < 60000; n++) {
		fd = n ? dup(p[0]) : p[0];
		r = ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
	}
	ok(r == -ENOSPC, "what is watched has a limit (%d at %d)", r, n);
	close(ep);
	ep = epoll_create1(0);
	is(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), 0, "and what is not any more is not counted");
	put(p[1]);
	is(wait_ms(ep, 0), 1, "nor told of twice");
	for (fd = p[0] + 2; fd <= p[0] + n; fd++)
		close(fd);
	close(p[0]);
	close(p[1]);
	close(ep);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	check_errors();
	check_level();
	check_edge();
	check_oneshot();
	check_close();
	check_many();
	check_fault();
	check_nested();
	check_depth();
	check_time();
	check_signals();
	check_limit();
	return done();
}
