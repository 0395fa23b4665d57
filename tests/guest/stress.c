/* SPDX-License-Identifier: MIT */
/*
 * 64 threads with everything at once: mutexes, condition variables, mappings, signals, timers, short
 * threads, CPUs changed, sleeps. What a lock guards stays whole, what is mapped keeps its bytes, each
 * item that is produced is consumed once, no signal is lost; in the end all memory is back.
 *
 *	stress SECONDS
 *
 * guest: args="4" run="--smp 4" mem=256 timeout=100
 * guest: args="2" run="--smp 2" mem=256 timeout=100
 * guest: args="2" run="--smp 1" mem=256 timeout=100
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 64
#define PAIRS	8
#define ROOM	32
#define SIG	34 /* a real-time signal: each is queued */

static struct {
	pthread_mutex_t lock;
	volatile unsigned long a, b;
} pairs[PAIRS];

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static unsigned long queue[ROOM], queue_head, queue_tail;
static unsigned long put_sum, got_sum, puts_done, gets_done;
static unsigned long sent, received, alarms, rounds, wrong, children;
static volatile int over;
static volatile long tids[THREADS];

static void found_wrong(const char *what)
{
	if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) < 5)
		printf("# %s\n", what);
}

static void on_signal(int sig)
{
	__atomic_add_fetch(sig == SIG ? &received : &alarms, 1, __ATOMIC_SEQ_CST);
}

static uint64_t step(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void count_pair(uint64_t r)
{
	unsigned i = r % PAIRS;

	pthread_mutex_lock(&pairs[i].lock);
	if (pairs[i].a != pairs[i].b)
		found_wrong("what a mutex guards was seen half done");
	pairs[i].a++;
	if (r & 1024)
		sched_yield();
	pairs[i].b++;
	pthread_mutex_unlock(&pairs[i].lock);
}

static void soon(struct timespec *t)
{
	clock_gettime(CLOCK_REALTIME, t);
	t->tv_nsec += 20000000;
	if (t->tv_nsec >= 1000000000) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
}

static void put(uint64_t r)
{
	struct timespec t;
	int err = 0;

	soon(&t);
	pthread_mutex_lock(&queue_lock);
	while (queue_head - queue_tail == ROOM && !err)
		err = pthread_cond_timedwait(&not_full, &queue_lock, &t);
	if (queue_head - queue_tail < ROOM) {
		queue[queue_head++ % ROOM] = r;
		put_sum += r;
		puts_done++;
		pthread_cond_signal(&not_empty);
	}
	pthread_mutex_unlock(&queue_lock);
}

static void get(void)
{
	struct timespec t;
	int err = 0;

	soon(&t);
	pthread_mutex_lock(&queue_lock);
	while (queue_head == queue_tail && !err)
		err = pthread_cond_timedwait(&not_empty, &queue_lock, &t);
	if (queue_head != queue_tail) {
		got_sum += queue[queue_tail++ % ROOM];
		gets_done++;
		pthread_cond_signal(&not_full);
	}
	pthread_mutex_unlock(&queue_lock);
}

static void map(uint64_t r)
{
	size_t pages = 1 + r % 32;
	uint64_t *p = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	if (p == MAP_FAILED) {
		found_wrong("mmap failed");
		return;
	}
	for (size_t i = 0; i < pages; i++)
		p[i * 512 + r % 512] = r + i;
	if (r & 4096)
		mprotect(p, pages / 2 * 4096, PROT_READ);
	if (r & 8192)
		sched_yield();
	for (size_t i = 0; i < pages; i++)
		if (p[i * 512 + r % 512] != r + i)
			found_wrong("a page has other bytes than were written");
	munmap(p, pages * 4096);
}

static void send_signal(uint64_t r)
{
	long tid = tids[r % THREADS];

	if (tid && !raw(SYS_tgkill, 1, tid, SIG, 0, 0, 0))
		__atomic_add_fetch(&sent, 1, __ATOMIC_SEQ_CST);
}

static void *child(void *arg)
{
	__atomic_add_fetch(&children, 1, __ATOMIC_RELAXED);
	return arg;
}

static void short_thread(void)
{
	int mark;
	pthread_t t;
	void *result = 0;

	if (pthread_create(&t, 0, child, &mark))
		return;
	pthread_join(t, &result);
	if (result != &mark)
		found_wrong("a thread's result is another");
}

static void change_cpu(uint64_t r)
{
	unsigned long mask = r & 1 ? ~0ul : 1ul << (r >> 1) % 4;

	raw(SYS_sched_setaffinity, 0, sizeof(mask), (long)&mask, 0, 0, 0);
}

static void use_heap(uint64_t r)
{
	size_t n = 16 + r % 3000;
	char *p = malloc(n);

	if (!p)
		return;
	memset(p, (int)(r >> 32), n);
	if (p[n - 1] != (char)(r >> 32))
		found_wrong("a block of the heap has other bytes");
	free(p);
}

static void *work(void *number)
{
	long me = (long)number;
	uint64_t r = 0x9e3779b97f4a7c15ull * (uint64_t)(me + 1);

	tids[me] = raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
	while (!over) {
		uint64_t x = step(&r);

		switch (x >> 20 & 15) {
		case 0 ... 3:
			count_pair(x);
			break;
		case 4 ... 5:
			me % 2 ? put(x) : get();
			break;
		case 6 ... 8:
			map(x);
			break;
		case 9 ... 10:
			send_signal(x);
			break;
		case 11:
			nanosleep(&(struct timespec){0, (long)(x % 200000)}, 0);
			break;
		case 12:
			sched_yield();
			break;
		case 13:
			short_thread();
			break;
		case 14:
			change_cpu(x);
			break;
		default:
			use_heap(x);
		}
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
	/* Nobody sends to it from here on; what was sent is taken on the way out of this call. */
	tids[me] = 0;
	return 0;
}

static long figure(const char *name)
{
	char text[1024], *at;
	int fd = open("/proc/ringlet/memory", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, name);
	return at ? atol(at + strlen(name)) : -1;
}

static void run(long ms)
{
	static pthread_t thread[THREADS];
	unsigned made = 0;
	struct timespec t;
	uint64_t end;

	over = 0;
	for (long i = 0; i < THREADS; i++)
		made += !pthread_create(&thread[i], 0, work, (void *)i);
	if (made != THREADS)
		found_wrong("a thread could not be made");
	clock_gettime(CLOCK_MONOTONIC, &t);
	end = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + (uint64_t)ms;
	do {
		nanosleep(&(struct timespec){0, 10000000}, 0);
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 < end);
	over = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], 0);
}

/* A signal for a thread that has ended is lost, as anywhere: none is sent once it is over. */
/* What is free, the app's, and the tables that map it. */
static long pages_accounted(void)
{
	return figure("pages_free ") + figure("pages_app ") + figure("pages_tables ");
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 2;
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	long pages, heap, lost_pages, lost_heap;
	unsigned long late;

	sigaction(SIG, &action, 0);
	sigaction(SIGALRM, &action, 0);
	for (int i = 0; i < PAIRS; i++)
		pthread_mutex_init(&pairs[i].lock, 0);
	/* What is made once and kept is there before the account begins. */
	run(500);
	short_thread();
	pages = pages_accounted();
	heap = figure("heap_bytes ");
	setitimer(ITIMER_REAL, &often, 0);
	run(seconds * 1000);
	setitimer(ITIMER_REAL, &never, 0);
	short_thread();
	/* What the app keeps (its heap, its threads' stacks) is its own affair. */
	lost_pages = pages - pages_accounted();
	lost_heap = figure("heap_bytes ") - heap;
	while (queue_head != queue_tail)
		get();
	late = sent - received;
	printf("# %lu rounds, %lu short threads, %lu items, %lu signals, %lu alarms\n", rounds,
	       children, gets_done, received, alarms);
	is((long)wrong, 0, "nothing was wrong");
	is((long)(put_sum - got_sum), 0, "each item came once");
	is((long)(puts_done - gets_done), 0, "all of them");
	ok(late < THREADS && received > 0,
	   "no signal to a living thread was lost (%lu to dead ones)", late);
	ok(alarms > 0, "the timer went on");
	ok(pages > 0 && lost_pages < 64, "pages are back: %ld are not", lost_pages);
	ok(lost_heap < 65536, "the core's heap is back: %ld bytes are not", lost_heap);
	return done();
}
