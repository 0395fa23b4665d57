/* SPDX-License-Identifier: MIT */
/*
 * The library under many threads: malloc, streams, files, the environment, numbers and times turned into
 * text, errno and what else is a thread's own; threads that make threads.
 *
 * guest: run="--smp 1" timeout=120
 * guest: run="--smp 4" timeout=120
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define THREADS 16

static void run(void *(*fn)(void *), const char *what)
{
	pthread_t t[THREADS];
	long wrong = 0, failed = 0;
	void *result;

	for (long i = 0; i < THREADS; i++)
		failed += pthread_create(&t[i], NULL, fn, (void *)i) != 0;
	for (long i = 0; i < THREADS; i++) {
		failed += pthread_join(t[i], &result) != 0;
		wrong += (long)result;
	}
	ok(!wrong && !failed, "%s", what);
}

/* A small generator each, so that threads do different things and every run the same. */
static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static void *allocate(void *arg)
{
	unsigned seed = (unsigned)(long)arg + 1;
	unsigned char *p[64] = {NULL};
	size_t size[64] = {0};
	long wrong = 0;

	for (int i = 0; i < 5000; i++) {
		unsigned k = next(&seed) % 64;
		unsigned char mark = (unsigned char)((long)arg * 64 + k);

		for (size_t j = 0; j < size[k]; j += 17)
			wrong += p[k][j] != mark;
		switch (next(&seed) % 3) {
		case 0:
			free(p[k]);
			p[k] = NULL;
			size[k] = 0;
			break;
		case 1:
			size[k] = next(&seed) % 2000;
			p[k] = realloc(p[k], size[k] + 1);
			break;
		case 2:
			free(p[k]);
			size[k] = next(&seed) % 300;
			p[k] = calloc(1, size[k] + 1);
			break;
		}
		if (p[k])
			memset(p[k], mark, size[k] + 1);
	}
	for (int k = 0; k < 64; k++)
		free(p[k]);
	return (void *)wrong;
}

static FILE *file;

static void *print(void *arg)
{
	long wrong = 0;

	for (int i = 0; i < 300; i++) {
		wrong += fprintf(file, "%02ld %04d %s %.3f\n", (long)arg, i, "the same words",
				 1.5) < 0;
		if (i % 50 == 0) {
			flockfile(file);
			fputs("--", file);
			sched_yield();
			fputs("--\n", file);
			funlockfile(file);
		}
	}
	return (void *)wrong;
}

static void streams(void)
{
	int lines = 0, wrong = 0, next_of[THREADS] = {0}, marks = 0;
	char line[100];

	file = fopen("/tmp/pthread_stress", "w+");
	if (!ok(file != NULL, "a file"))
		return;
	run(print, "16 threads write lines to one stream");
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		int who, n;

		if (!strcmp(line, "----\n")) {
			marks++;
		} else if (sscanf(line, "%d %d the same words 1.500\n", &who, &n) == 2 &&
			   who >= 0 && who < THREADS) {
			wrong += n != next_of[who]++;
			lines++;
		} else {
			wrong++;
		}
	}
	ok(lines == THREADS * 300 && marks == THREADS * 6 && !wrong,
	   "each line is whole, in its thread's order (%d, %d, %d)", lines, marks, wrong);
	fclose(file);
	unlink("/tmp/pthread_stress");
}

static void *files(void *arg)
{
	char name[40], line[40], wanted[40];
	long wrong = 0;

	snprintf(name, sizeof(name), "/tmp/pthread_stress_%ld", (long)arg);
	for (int i = 0; i < 40; i++) {
		FILE *f = fopen(name, "w+");

		snprintf(wanted, sizeof(wanted), "%ld %d\n", (long)arg, i);
		if (!f) {
			wrong++;
			continue;
		}
		fputs(wanted, f);
		rewind(f);
		wrong += !fgets(line, sizeof(line), f) || strcmp(line, wanted);
		wrong += fclose(f) != 0;
	}
	unlink(name);
	return (void *)wrong;
}

static void *own_values(void *arg)
{
	char text[60], wanted[60], words[] = "one two three", *save, *end;
	long me = (long)arg, wrong = 0;

	for (int i = 0; i < 200; i++) {
		time_t when = me * 86400 + i;
		struct tm *tm = gmtime(&when), copy;

		errno = (int)me + 1;
		sched_yield();
		wrong += errno != me + 1;
		wrong += gmtime_r(&when, &copy)->tm_sec != i % 60 || copy.tm_yday != me;
#ifndef __GLIBC__
		/* Each thread has its own; glibc has one for all. */
		wrong += tm->tm_yday != me;
#endif
		(void)tm;
		snprintf(text, sizeof(text), "%.10f %e", (double)me + 0.25, 1e10 * (double)me);
		wrong += strtod(text, &end) != (double)me + 0.25 || *end != ' ';
		snprintf(wanted, sizeof(wanted), "%.10f %e", (double)me + 0.25, 1e10 * (double)me);
		wrong += strcmp(text, wanted) != 0;
		strcpy(words, "one two three");
		wrong += strcmp(strtok_r(words, " ", &save), "one") != 0;
		sched_yield();
		wrong += strcmp(strtok_r(NULL, " ", &save), "two") != 0;
		wrong += !getenv("STRESS") || strcmp(getenv("STRESS"), "yes");
		wrong += open("/no/such/file", O_RDONLY) != -1 || errno != ENOENT;
	}
	return (void *)wrong;
}

static void *set_environment(void *arg)
{
	char name[20], value[20];
	long wrong = 0;

	snprintf(name, sizeof(name), "THREAD%ld", (long)arg);
	for (int i = 0; i < 100; i++) {
		snprintf(value, sizeof(value), "%d", i);
		wrong += setenv(name, value, 1) != 0;
	}
	wrong += !getenv(name) || strcmp(getenv(name), "99");
	return (void *)wrong;
}

static void nothing(void)
{
}

static void *register_exit(void *arg)
{
	(void)arg;
	return (void *)(long)(atexit(nothing) != 0);
}

static void *count_down(void *arg)
{
	pthread_t t[2];
	long n = (long)arg % 100, wrong = 0;
	void *result;

	if (!n)
		return NULL;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, count_down, (void *)(n - 1)))
			return (void *)1;
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &result);
		wrong += (long)result;
	}
	return (void *)wrong;
}

static void *tree(void *arg)
{
	(void)arg;
	return count_down((void *)3);
}

/* Everything at once, with pipes between: a ring that a token goes round. */
static int ring[THREADS][2];

static void *pass_on(void *arg)
{
	long me = (long)arg, wrong = 0;
	int n;

	for (int i = 0; i < 200; i++) {
		if (read(ring[me][0], &n, sizeof(n)) != sizeof(n))
			return (void *)1;
		wrong += n != i * THREADS + me;
		n++;
		free(malloc((size_t)n % 500));
		if (write(ring[(me + 1) % THREADS][1], &n, sizeof(n)) != sizeof(n))
			return (void *)1;
	}
	return (void *)wrong;
}

static void token(void)
{
	int n = 0;

	for (int i = 0; i < THREADS; i++)
		if (pipe(ring[i]))
			abort();
	write(ring[0][1], &n, sizeof(n));
	run(pass_on, "a token goes 200 times round a ring of pipes");
}

int main(void)
{
	setenv("STRESS", "yes", 1);
	run(allocate, "16 threads allocate, resize and free");
	streams();
	run(files, "16 threads open, write, read and close files");
	run(own_values, "errno, times and numbers are each thread's own");
	run(set_environment, "16 threads set variables of the environment");
	run(register_exit, "16 threads register functions for the end");
	run(tree, "threads that make threads that make threads");
	token();
	return done();
}
