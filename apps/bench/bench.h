/* SPDX-License-Identifier: MIT */
/*
 * The measuring program: one C source for Ringlet (newlib) and for Linux (glibc), with nothing in it
 * that asks which of the two it runs on. An operation is a loop of n times the same thing, timed from
 * outside; measure.c chooses n, repeats the loop and takes the median. What an operation needs beyond
 * its loop is made by setup, or kept out of the time with bench_stop() and bench_start().
 */
#ifndef BENCH_H
#define BENCH_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include "raw.h"

#if defined(_POSIX_THREADS) && _POSIX_THREADS > 0
#define HAVE_THREADS 1
#else
#define HAVE_THREADS 0
#endif

/* Larger than any cache line. */
#define LINE 64
#define PAGE 4096

#define MOST_REPS 1001

struct bench;

/* Does the operation n times. 0, or what bench_fail() answered. */
typedef int (*run_fn)(struct bench *b, unsigned long n);

struct op {
	const char *name;	       /* for good: baselines and --only use it */
	const char *about;	       /* what one operation is */
	int (*setup)(struct bench *b); /* NULL: nothing; not 0: skipped, for the reason noted */
	run_fn run;
	run_fn own; /* run without what is measured; NULL: an empty loop */
	void (*teardown)(struct bench *b);
	long arg, arg2;		 /* the operation's own */
	unsigned long settle_ns; /* run so long first, until the system has got into its stride */
	unsigned long batch;	 /* n is a multiple of it; 0: 1 */
	unsigned long bytes;	 /* moved by one operation; 0: nothing to tell */
	bool halts;		 /* threads wait for each other, and the CPU may halt meanwhile */
};

/* A system call of up to four arguments and the only result that is right. */
struct call {
	long nr, a, b, c, d, want;
};

struct settings {
	unsigned reps;
	unsigned long time_ns; /* of one repetition, about */
	unsigned long iters;   /* given instead; 0: chosen by time */
	const char *dir;       /* where files are made */
};

struct bench {
	const struct op *op;
	const struct settings *set;
	struct call call;   /* what run_call() calls */
	uint64_t ticks, ns; /* added up by bench_stop() */
	uint64_t start_ticks, start_ns;
	int error;     /* errno of what went wrong */
	char why[160]; /* and what that was */
};

/* Of a repeated measurement, for one operation; mad is the median distance from the median. */
struct figures {
	double ticks, mad, min, max, ns;
	unsigned long iters;
	unsigned reps;
};

/* The lists of operations, each ended by one without a name. */
extern const struct op call_ops[], file_ops[], poll_ops[], memory_ops[], signal_ops[], thread_ops[],
	socket_ops[];

/* ---- measure.c ---- */

/* Orders what is before it before what is after it, and reads the time-stamp counter. */
static inline uint64_t read_ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

uint64_t read_ns(void);
void bench_start(struct bench *b);
void bench_stop(struct bench *b);
double tick_rate(void);
double reading_cost(struct bench *b);
/* Chooses how often to run fn, does so and works the figures out. 0, or what fn answered. */
int measure(struct bench *b, run_fn fn, unsigned reps, unsigned long time_ns, struct figures *f);
/* What each operation's loop costs by itself, in ticks a turn. */
double own_cost(struct bench *b);

/* Note what went wrong; the answer is not 0, so that `return bench_fail(...)` does. */
int bench_fail(struct bench *b, const char *what);		    /* with errno */
int bench_fail_raw(struct bench *b, const char *what, long result); /* of a raw call */

/* The loop of a plain system call, b->call. */
int run_call(struct bench *b, unsigned long n);
int own_call(struct bench *b, unsigned long n);

/* ---- output.c ---- */

struct machine {
	unsigned cpus;
	bool pinned;	  /* all threads run on one CPU */
	double tick_rate; /* ticks of the counter in a second, by clock_gettime */
	double reading;	  /* what reading the counter twice shows */
};

struct output {
	bool json;
	bool halts; /* a row that needs the footnote was shown */
};

void output_begin(struct output *o, const struct machine *m);
void output_row(struct output *o, const struct op *op, const struct figures *f, double own);
/* An operation that was not measured: skipped, or failed when it should not have. */
void output_reason(struct output *o, const struct op *op, const char *why, bool failed);
void output_end(const struct output *o);

#endif
