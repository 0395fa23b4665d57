/* SPDX-License-Identifier: MIT */
/*
 * Times loops. Each loop is doubled until it takes half the wished time, which warms up too; then it
 * is repeated, and the median over the repetitions is the figure: a timer interrupt in some of them
 * does not move it. Nothing is subtracted; what the loop itself costs is measured apart.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RATE_NS 5000000

uint64_t read_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_start(struct bench *b)
{
	b->start_ns = read_ns();
	b->start_ticks = read_ticks();
}

void bench_stop(struct bench *b)
{
	b->ticks += read_ticks() - b->start_ticks;
	b->ns += read_ns() - b->start_ns;
}

static int run_once(struct bench *b, run_fn fn, unsigned long n)
{
	int err;

	b->ticks = b->ns = 0;
	bench_start(b);
	err = fn(b, n);
	bench_stop(b);
	return err;
}

double tick_rate(void)
{
	uint64_t ns = read_ns(), ticks = read_ticks(), took;

	do
		took = read_ns() - ns;
	while (took < RATE_NS);
	return (double)(read_ticks() - ticks) * 1e9 / (double)took;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Works f out of the repetitions' figures for one operation; changes their order. */
static void summarise(struct figures *f, double *ticks, double *ns)
{
	f->ticks = median(ticks, f->reps);
	f->min = ticks[0];
	f->max = ticks[f->reps - 1];
	f->ns = median(ns, f->reps);
	for (unsigned i = 0; i < f->reps; i++)
		ticks[i] = ticks[i] < f->ticks ? f->ticks - ticks[i] : ticks[i] - f->ticks;
	f->mad = median(ticks, f->reps);
}

/* Finds how often fn runs in half of time_ns to all of it: *n. */
static int choose_iters(struct bench *b, run_fn fn, unsigned long time_ns, unsigned long *n)
{
	unsigned long batch = b->op->batch ? b->op->batch : 1;
	int err;

	if (b->set->iters) {
		*n = (b->set->iters + batch - 1) / batch * batch;
		return run_once(b, fn, *n);
	}
	for (*n = batch;; *n *= 2) {
		err = run_once(b, fn, *n);
		if (err || b->ns >= time_ns / 2)
			return err;
	}
}

/* Chooses *n, and goes on with it until the operation's time to settle is over. */
static int warm_up(struct bench *b, run_fn fn, unsigned long time_ns, unsigned long *n)
{
	uint64_t start = read_ns();
	int err = choose_iters(b, fn, time_ns, n);

	while (!err && fn == b->op->run && read_ns() - start < b->op->settle_ns)
		err = run_once(b, fn, *n);
	return err;
}

int measure(struct bench *b, run_fn fn, unsigned reps, unsigned long time_ns, struct figures *f)
{
	static double ticks[MOST_REPS], ns[MOST_REPS];
	int err = warm_up(b, fn, time_ns, &f->iters);

	f->reps = reps < MOST_REPS ? reps : MOST_REPS;
	for (unsigned i = 0; i < f->reps && !err; i++) {
		err = run_once(b, fn, f->iters);
		ticks[i] = (double)b->ticks / (double)f->iters;
		ns[i] = (double)b->ns / (double)f->iters;
	}
	if (!err)
		summarise(f, ticks, ns);
	return err;
}

static int run_nothing(struct bench *b, unsigned long n)
{
	(void)b;
	for (; n; n--)
		__asm__ volatile("" ::: "memory");
	return 0;
}

double own_cost(struct bench *b)
{
	struct figures f;

	return measure(b, b->op->own ? b->op->own : run_nothing, 3, b->set->time_ns / 4, &f)
		       ? 0
		       : f.ticks;
}

double reading_cost(struct bench *b)
{
	double least = 1e9;

	for (int i = 0; i < 10; i++) {
		run_once(b, run_nothing, 0);
		if ((double)b->ticks < least)
			least = (double)b->ticks;
	}
	return least;
}

int bench_fail(struct bench *b, const char *what)
{
	b->error = errno;
	snprintf(b->why, sizeof(b->why), "%s: %s", what, strerror(errno));
	return -1;
}

int bench_fail_raw(struct bench *b, const char *what, long result)
{
	if (result < 0 && result > -PAGE) {
		errno = (int)-result;
		return bench_fail(b, what);
	}
	b->error = 0;
	snprintf(b->why, sizeof(b->why), "%s: the answer %ld is wrong", what, result);
	return -1;
}

/* enter is known where this is inlined: one loop makes the call, the other does all but that. */
static inline __attribute__((always_inline)) int call_loop(struct bench *b, unsigned long n,
							   bool enter)
{
	struct call c = b->call;

	for (; n; n--) {
		long result = enter ? raw4(c.nr, c.a, c.b, c.c, c.d)
				    : raw4_idle(c.want, c.a, c.b, c.c, c.d);

		if (__builtin_expect(result != c.want, 0))
			return bench_fail_raw(b, b->op->name, result);
	}
	return 0;
}

int run_call(struct bench *b, unsigned long n)
{
	return call_loop(b, n, true);
}

int own_call(struct bench *b, unsigned long n)
{
	return call_loop(b, n, false);
}
