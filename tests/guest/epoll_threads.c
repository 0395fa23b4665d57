/* SPDX-License-Identifier: MIT */
/*
 * guest: timeout=90
 * guest: timeout=90 run="--smp 4"
 *
 * epoll by many threads: who is woken, and that nothing is lost.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include "epoll.h"

static int shared, told, returned, got;

static void *wait_once(void *arg)
{
	struct epoll_event e;
	int n = epoll_wait((int)(intptr_t)arg, &e, 1, 20000);

	__atomic_add_fetch(&returned, 1, __ATOMIC_SEQ_CST);
	if (n == 1 && e.data.u32 == 1)
		__atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void end_with(pthread_t *t, int n, const int *sets, const int quit[2])
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = 2};

	put(quit[1]);
	for (int i = 0; i < n; i++)
		epoll_ctl(sets[i], EPOLL_CTL_ADD, quit[0], &e);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

/* N threads that wait on one set, or each on its own: how many one event brings back. */
static int brought_back(uint32_t flags, bool own_sets)
{
	enum {
		N = 6
	};
	int set[N], p[2], quit[2], result;
	struct epoll_event e = {.events = EPOLLIN | flags, .data.u32 = 1};
	pthread_t t[N];

	told = returned = 0;
	make_pipe(p);
	make_pipe(quit);
	for (int i = 0; i < N; i++) {
		set[i] = own_sets || !i ? epoll_create1(0) : set[0];
		if (own_sets || !i)
			epoll_ctl(set[i], EPOLL_CTL_ADD, p[0], &e);
	}
	for (int i = 0; i < N; i++)
		pthread_create(&t[i], NULL, wait_once, (void *)(intptr_t)set[i]);
	nap(200);
	put(p[1]);
	nap(200);
	result = __atomic_load_n(&returned, __ATOMIC_SEQ_CST);
	end_with(t, N, set, quit);
	for (int i = 0; i < N; i++)
		if (own_sets || !i)
			close(set[i]);
	close(p[0]);
	close(p[1]);
	close(quit[0]);
	close(quit[1]);
	return result;
}

/* Thread switches that an event costs, of which many come; on Ringlet only. */
static long switches(void)
{
	char text[64] = "";
	int fd = open("/proc/ringlet/switches", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	for (char *s = text; n > 0 && *s; s++)
		if (*s >= '0' && *s <= '9')
			return atol(s);
	return -1;
}

enum {
	HERD = 8,
	EVENTS = 100
};

static void *takes_all(void *arg)
{
	struct epoll_event e;
	char c;

	while (epoll_wait((int)(intptr_t)arg, &e, 1, -1) == 1 && e.data.u32 != 2)
		if (read((int)e.data.u32, &c, 1) == 1)
			__atomic_add_fetch(&got, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static long switches_an_event(uint32_t flags, bool own_sets)
{
	int set[HERD], p[2], quit[2];
	struct epoll_event e = {.events = EPOLLIN | flags};
	pthread_t t[HERD];
	long n;

	got = 0;
	make_pipe(p);
	make_pipe(quit);
	e.data.u32 = (uint32_t)p[0];
	for (int i = 0; i < HERD; i++) {
		set[i] = own_sets || !i ? epoll_create1(0) : set[0];
		if (own_sets || !i)
			epoll_ctl(set[i], EPOLL_CTL_ADD, p[0], &e);
		pthread_create(&t[i], NULL, takes_all, (void *)(intptr_t)set[i]);
	}
	nap(50);
	n = switches();
	for (int i = 0; i < EVENTS; i++) {
		put(p[1]);
		while (__atomic_load_n(&got, __ATOMIC_SEQ_CST) <= i)
			nap(1);
	}
	n = (switches() - n) / EVENTS;
	end_with(t, HERD, set, quit);
	for (int i = 0; i < HERD; i++)
		if (own_sets || !i)
			close(set[i]);
	close(p[0]);
	close(p[1]);
	close(quit[0]);
	close(quit[1]);
	return n;
}

static void check_switches(void)
{
	long n;

	if (!on_ringlet())
		return;
	n = switches_an_event(EPOLLET, false);
	ok(n < HERD, "one edge wakes one of eight threads (%ld switches)", n);
	n = switches_an_event(EPOLLEXCLUSIVE, true);
	ok(n < HERD, "and one of eight sets that watch exclusively (%ld)", n);
}

/* What one leaves is for the next: two bytes come at once for two threads that take one each. */
static void *takes_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct epoll_event e;

	epoll_wait(shared, &e, 1, 20000);
	take(fd);
	__atomic_add_fetch(&returned, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void check_left(void)
{
	pthread_t t[2];
	int p[2];
	long from;

	returned = 0;
	make_pipe(p);
	shared = epoll_create1(0);
	ctl(shared, EPOLL_CTL_ADD, p[0], EPOLLIN);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, takes_one, (void *)(intptr_t)p[0]);
	nap(100);
	from = ms_now();
	if (write(p[1], "ab", 2) != 2)
		_exit(96);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ok(ms_now() - from < 10000, "level: what one thread leaves brings the next one back");
	close(shared);
	close(p[0]);
	close(p[1]);
}

static void check_herd(void)
{
	is(brought_back(EPOLLET, false), 1, "one edge brings one of six threads back");
	is(brought_back(EPOLLONESHOT, false), 1, "and so does a oneshot");
	is(brought_back(0, true), 6, "six sets that watch one pipe are all told");
	is(brought_back(EPOLLEXCLUSIVE, true), 1, "one, if they do so exclusively");
}

/* Tokens go through many pipes to threads that each take what one set tells them by edges. */
enum {
	PIPES = 16,
	TAKERS = 4,
	TOKENS = 4000
};
static int line[PIPES][2];

static void *taker(void *arg)
{
	char buf[64];

	(void)arg;
	for (;;) {
		struct epoll_event e[4];
		int n = epoll_wait(shared, e, 4, -1);

		for (int i = 0; i < n; i++) {
			ssize_t r;

			if (e[i].data.u32 == PIPES)
				return NULL;
			while ((r = read(line[e[i].data.u32][0], buf, sizeof(buf))) > 0)
				__atomic_add_fetch(&got, (int)r, __ATOMIC_SEQ_CST);
		}
	}
}

static void check_edges_kept(uint32_t how, const char *what)
{
	struct epoll_event quit = {.events = EPOLLIN, .data.u32 = PIPES};
	pthread_t t[TAKERS];
	long from = ms_now();
	int end[2];

	got = 0;
	shared = epoll_create1(0);
	for (int i = 0; i < PIPES; i++) {
		struct epoll_event e = {.events = EPOLLIN | how, .data.u32 = (uint32_t)i};

		make_pipe(line[i]);
		epoll_ctl(shared, EPOLL_CTL_ADD, line[i][0], &e);
	}
	for (long i = 0; i < TAKERS; i++)
		pthread_create(&t[i], NULL, taker, (void *)i);
	for (unsigned i = 0, seed = 1; i < TOKENS; i++) {
		seed = seed * 1103515245 + 12345;
		put(line[seed >> 16 & (PIPES - 1)][1]);
		if (!(seed >> 20 & 63))
			sched_yield();
	}
	while (__atomic_load_n(&got, __ATOMIC_SEQ_CST) < TOKENS && ms_now() - from < 20000)
		nap(1);
	is(got, TOKENS, "no %s is lost", what);
	make_pipe(end);
	put(end[1]);
	epoll_ctl(shared, EPOLL_CTL_ADD, end[0], &quit);
	for (int i = 0; i < TAKERS; i++)
		pthread_join(t[i], NULL);
	close(end[0]);
	close(end[1]);
	for (int i = 0; i < PIPES; i++) {
		close(line[i][0]);
		close(line[i][1]);
	}
	close(shared);
}

/* Sets, files and members come and go while others wait and write. */
static volatile bool stop;

static void *waits(void *arg)
{
	struct epoll_event e[8];

	(void)arg;
	while (!stop)
		epoll_wait(shared, e, 8, 5);
	return NULL;
}

static void check_churn(void)
{
	pthread_t t[2];
	int outer = epoll_create1(0);

	stop = false;
	shared = epoll_create1(0);
	ctl(outer, EPOLL_CTL_ADD, shared, EPOLLIN);
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, waits, (void *)i);
	for (int i = 0; i < 1500; i++) {
		int p[2];

		make_pipe(p);
		ctl(shared, EPOLL_CTL_ADD, p[0], EPOLLIN | (i & 1 ? EPOLLET : 0));
		ctl(shared, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLONESHOT);
		put(p[1]);
		wait_ms(outer, 0);
		ctl(shared, EPOLL_CTL_MOD, p[1], EPOLLOUT | EPOLLET);
		if (i & 2)
			ctl(shared, EPOLL_CTL_DEL, p[0], 0);
		close(p[i >> 2 & 1]);
		close(p[!(i >> 2 & 1)]);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	is(wait_ms(shared, 0), 0, "fifteen hundred pipes came and went under two waiters");
	close(shared);
	close(outer);
}

static void *writes_later(void *arg)
{
	nap(50);
	put((int)(intptr_t)arg);
	return NULL;
}

/* A file that several wait for: each in its own way. */
static void check_wakes(void)
{
	int ep = epoll_create1(0), outer = epoll_create1(0), p[2];
	struct pollfd fd = {.fd = outer, .events = POLLIN};
	pthread_t t;

	make_pipe(p);
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET);
	ctl(outer, EPOLL_CTL_ADD, ep, EPOLLIN);
	pthread_create(&t, NULL, writes_later, (void *)(intptr_t)p[1]);
	is(wait_ms(ep, 10000), 1, "a wait is ended by another thread's write");
	pthread_join(t, NULL);
	pthread_create(&t, NULL, writes_later, (void *)(intptr_t)p[1]);
	is(poll(&fd, 1, 10000), 1, "and a poll of a set that watches the set");
	pthread_join(t, NULL);
	close(ep);
	close(outer);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	check_wakes();
	check_herd();
	check_switches();
	check_left();
	check_edges_kept(EPOLLET, "edge");
	check_edges_kept(0, "level");
	check_churn();
	return done();
}
