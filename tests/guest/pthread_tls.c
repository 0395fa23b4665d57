/* SPDX-License-Identifier: MIT */
/*
 * Much thread-local storage, strictly aligned, in the first thread and in others; stacks are as large as
 * was asked for in spite of it.
 *
 * guest: run="--smp 1"
 * guest: run="--smp 4"
 */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include "tap.h"

#define THREADS 8

static __thread char big[300000];
static __thread _Alignas(4096) int aligned = 5;
static __thread struct {
	int a, *b;
	char text[20];
} mixed = {7, (int *)0x1234, "initialized"};

/* What is wrong with the variables of a new thread, which are then changed. */
static long check(long mark)
{
	long wrong = aligned != 5 || (uintptr_t)&aligned % 4096 || mixed.a != 7 ||
		     mixed.b != (int *)0x1234 || strcmp(mixed.text, "initialized");

	for (size_t i = 0; i < sizeof(big); i++)
		wrong += big[i] != 0;
	memset(big, (int)mark, sizeof(big));
	aligned = mixed.a = (int)mark;
	sched_yield();
	for (size_t i = 0; i < sizeof(big); i++)
		wrong += big[i] != (char)mark;
	return wrong + (aligned != mark) + (mixed.a != mark);
}

static void *start(void *arg)
{
	return (void *)check((long)arg + 10);
}

static void *use_stack(void *arg)
{
	char room[PTHREAD_STACK_MIN - 4096];

	memset(room, 1, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
	return start(arg);
}

static long run(const pthread_attr_t *attr, void *(*fn)(void *))
{
	pthread_t t[THREADS];
	long wrong = 0;
	void *result;

	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], attr, fn, (void *)i))
			return -1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &result);
		wrong += (long)result;
	}
	return wrong;
}

int main(void)
{
	pthread_attr_t attr;

	is(check(1), 0, "the first thread's variables");
	for (int i = 0; i < 3; i++)
		is(run(NULL, start), 0, "those of %d threads", THREADS);
	is(aligned, 1, "the first thread's are as they were");
	pthread_attr_init(&attr);
	/* glibc takes the variables out of the stack. */
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + (on_ringlet() ? 0 : 400000));
	is(run(&attr, use_stack), 0, "with the smallest stacks, used");
	return done();
}
