/* SPDX-License-Identifier: MIT */
/*
 * Threads: making them, and handing over between them. In each operation but the first a token goes
 * round a ring of threads, of which the measuring one is the first: by a futex of each thread's own,
 * or by a pipe. A thread that finds stop set passes the token on and ends.
 */
#include "bench.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#if HAVE_THREADS
#include <pthread.h>

#define FUTEX_WAIT_PRIVATE (0 | 128)
#define FUTEX_WAKE_PRIVATE (1 | 128)
#define MOST		   64
#define SETTLE_NS	   30000000
#define STACK_BYTES	   (64ul << 10)

struct member {
	unsigned turn; /* the futex: 1 when the token is here */
	int in, out;   /* of pipes: the token is read from in */
	struct member *next;
	char *set; /* memory walked through at each turn */
	pthread_t thread;
} __attribute__((aligned(LINE)));

static struct {
	struct member member[MOST];
	unsigned threads; /* running, without the first */
	unsigned size;
	size_t set_bytes;
	char *sets;
	bool pipes;
	volatile bool stop;
} ring;

/* Reads and writes each cache line of the set. */
static void walk(char *set)
{
	for (size_t i = 0; i < ring.set_bytes; i += LINE)
		*(volatile long *)(set + i) += 1;
}

/* ---- the token; 0 or what the failed call answered ---- */

static long take(struct member *m)
{
	char c;

	if (ring.pipes) {
		long r = raw3(NR_read, m->in, (long)&c, 1);

		return r == 1 ? 0 : r ? r : -EPIPE;
	}
	while (!__atomic_load_n(&m->turn, __ATOMIC_ACQUIRE)) {
		long r = raw4(NR_futex, (long)&m->turn, FUTEX_WAIT_PRIVATE, 0, 0);

		if (r && r != -EAGAIN && r != -EINTR)
			return r;
	}
	__atomic_store_n(&m->turn, 0, __ATOMIC_RELAXED);
	return 0;
}

static long pass(struct member *m)
{
	char c = 0;
	long r;

	if (ring.pipes) {
		r = raw3(NR_write, m->out, (long)&c, 1);
		return r == 1 ? 0 : r ? r : -EPIPE;
	}
	__atomic_store_n(&m->next->turn, 1, __ATOMIC_RELEASE);
	r = raw4(NR_futex, (long)&m->next->turn, FUTEX_WAKE_PRIVATE, 1, 0);
	return r < 0 ? r : 0;
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	long r = 0;

	/* Only who has the token may end: it is waited for. */
	for (bool last = false; !r && !last;) {
		r = take(m);
		last = ring.stop;
		walk(m->set);
		if (!r)
			r = pass(m);
	}
	/* The end of the pipe tells who waits for the token that it will not come. */
	if (r && ring.pipes) {
		close(m->out);
		m->out = -1;
	}
	return NULL;
}

/* n is a multiple of the ring's size, and counts each hand-over. */
static int run_ring(struct bench *b, unsigned long n)
{
	for (n /= ring.size; n; n--) {
		long r = pass(&ring.member[0]);

		if (!r)
			r = take(&ring.member[0]);
		if (r)
			return bench_fail_raw(b, ring.pipes ? "pipe" : "futex", r);
		walk(ring.member[0].set);
	}
	return 0;
}

/* A round trip is one operation, of two hand-overs. */
static int run_pingpong(struct bench *b, unsigned long n)
{
	return run_ring(b, 2 * n);
}

static int own_ring(struct bench *b, unsigned long n)
{
	(void)b;
	for (; n; n--)
		walk(ring.member[0].set);
	return 0;
}

/* ---- making and ending the ring ---- */

static void close_pipes(void)
{
	for (unsigned i = 0; i < ring.size; i++) {
		if (ring.member[i].in >= 0)
			close(ring.member[i].in);
		if (ring.member[i].out >= 0)
			close(ring.member[i].out);
		ring.member[i].in = ring.member[i].out = -1;
	}
}

static void end_ring(struct bench *b)
{
	(void)b;
	ring.stop = true;
	/* The token goes round once more; through a ring not made in full it comes back to nobody. */
	if (ring.threads && !pass(&ring.member[0]) && ring.threads == ring.size - 1)
		take(&ring.member[0]);
	for (unsigned i = 1; i <= ring.threads; i++)
		pthread_join(ring.member[i].thread, NULL);
	close_pipes();
	free(ring.sets);
	memset(&ring, 0, sizeof(ring));
}

static int start_threads(struct bench *b)
{
	pthread_attr_t attr;
	int err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	while (!err && ring.threads < ring.size - 1) {
		struct member *m = &ring.member[ring.threads + 1];

		err = pthread_create(&m->thread, &attr, member_main, m);
		ring.threads += !err;
	}
	pthread_attr_destroy(&attr);
	errno = err;
	return err ? bench_fail(b, "pthread_create") : 0;
}

static int make_ring(struct bench *b, unsigned size, size_t set_bytes, bool pipes)
{
	ring.size = size;
	ring.set_bytes = set_bytes;
	ring.pipes = pipes;
	for (unsigned i = 0; i < size; i++)
		ring.member[i].in = ring.member[i].out = -1;
	if (posix_memalign((void **)&ring.sets, PAGE, size * set_bytes + PAGE)) {
		errno = ENOMEM;
		return bench_fail(b, "working sets");
	}
	memset(ring.sets, 0, size * set_bytes);
	for (unsigned i = 0; i < size; i++) {
		struct member *m = &ring.member[i];
		int fd[2];

		m->next = &ring.member[(i + 1) % size];
		m->set = ring.sets + i * set_bytes;
		if (pipes && pipe(fd))
			return bench_fail(b, "pipe");
		if (pipes) {
			m->out = fd[1];
			m->next->in = fd[0];
		}
	}
	return start_threads(b);
}

static int setup_futexes(struct bench *b)
{
	unsigned word = 0;
	long r = raw4(NR_futex, (long)&word, FUTEX_WAKE_PRIVATE, 1, 0);

	if (r < 0)
		return bench_fail_raw(b, "futex", r);
	return make_ring(b, (unsigned)b->op->arg, (size_t)b->op->arg2, false);
}

static int setup_pipes(struct bench *b)
{
	return make_ring(b, 2, 0, true);
}

/* ---- thread creation ---- */

static void *nothing(void *arg)
{
	return arg;
}

static int run_thread(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		pthread_t t;
		void *answer = NULL;

		errno = pthread_create(&t, NULL, nothing, b);
		if (errno)
			return bench_fail(b, "pthread_create");
		errno = pthread_join(t, &answer);
		if (errno)
			return bench_fail(b, "pthread_join");
		if (answer != b)
			return bench_fail_raw(b, "pthread_join", 0);
	}
	return 0;
}

#define THREADED(set_up, go, by_itself, tear_down)                           \
	.setup = set_up, .run = go, .own = by_itself, .teardown = tear_down, \
	.settle_ns = SETTLE_NS, .halts = true

#else /* no threads */

static int no_threads(struct bench *b)
{
	errno = ENOSYS;
	bench_fail(b, "threads");
	strcpy(b->why, "no threads in this libc");
	return -1;
}

#define THREADED(set_up, go, by_itself, tear_down) .setup = no_threads, .halts = true
#endif

#define CTX(n, kb)                                                                      \
	{                                                                               \
		.name = "ctx_" #n "_" #kb "k",                                          \
		.about = "hand over by futex among " #n " threads of " #kb " KiB each", \
		THREADED(setup_futexes, run_ring, own_ring, end_ring), .arg = n,        \
		.arg2 = kb * 1024, .batch = n                                           \
	}

const struct op thread_ops[] = {
	{.name = "thread",
	 .about = "pthread_create and pthread_join",
	 THREADED(NULL, run_thread, NULL, NULL),
	 /* What a system does once for many threads must be in every repetition. */
	 .batch = 128},
	{.name = "futex_pingpong",
	 .about = "round trip between two threads by futex",
	 THREADED(setup_futexes, run_pingpong, NULL, end_ring),
	 .arg = 2},
	{.name = "pipe_pingpong",
	 .about = "round trip of 1 byte between two threads by two pipes",
	 THREADED(setup_pipes, run_pingpong, NULL, end_ring)},
	CTX(2, 0),
	CTX(2, 16),
	CTX(2, 64),
	CTX(16, 0),
	CTX(16, 16),
	CTX(16, 64),
	CTX(64, 0),
	CTX(64, 16),
	CTX(64, 64),
	{0},
};
