/* SPDX-License-Identifier: MIT */
/*
 * Clocks and timers (core/time.c). Monotonic time is nanoseconds since the core started and never
 * goes back. Timers stand in an ordered tree; the hardware timer is armed for the first one only,
 * so there is no tick. Timer lock: taken with interrupts off, inside every other lock.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include <core/compiler.h>
#include <core/tree.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define TIME_NEVER    UINT64_MAX

struct abi_timespec;

/* What a deadline is of: monotonic time, or the wall clock, whose timers follow when it is set. */
enum timer_base {
	TIMER_MONOTONIC,
	TIMER_REALTIME
};

struct timer {
	struct tree_node node;
	uint64_t deadline; /* of its base */
	/* Called once in interrupt context, no lock held; may start the timer again. */
	void (*fire)(struct timer *t);
	bool active;
	uint8_t base; /* enum timer_base */
};

void time_init(void);
/* Monotonic nanoseconds; any context. */
uint64_t time_now(void);
/*
 * When a wait with the app's timeout ends (core/sys_time.c): TIME_NEVER without one, 0 if it is not
 * to wait. 0, -EFAULT or -EINVAL. Thread context.
 */
int timeout_from_user(const struct abi_timespec __user *ts, uint64_t *deadline);
/* The same at the rate of the machine's counter: no correction makes it faster or slower. */
uint64_t time_raw(void);
/* Nanoseconds since 1970-01-01 UTC. */
uint64_t time_realtime(void);
/* Sets it, or moves it by some ns; timers by it follow. -EINVAL for what is before the start. */
int time_set_realtime(uint64_t ns);
int time_step(int64_t ns);
/*
 * It is found to be behind by offset ns (ahead if negative): made to run faster or slower until that
 * is made good, or set if that would take too long, or may_step. Whether it was set; core/clock_adjust.c.
 */
bool time_correct(int64_t offset, bool may_step);
/* Called, if not NULL, after it was set or moved. Any context. */
extern void (*time_was_set)(void);
/* Seconds that TAI is ahead of it. */
int time_tai_offset(void);
void time_set_tai_offset(int seconds);

/* fire at deadline (monotonic ns); a past one fires at once. Restarts a running timer. */
void timer_start(struct timer *t, uint64_t deadline);
void timer_start_on(struct timer *t, enum timer_base base, uint64_t deadline);
/* The clock's rate, or the wall clock, has changed: the hardware is armed anew. Any context. */
void timer_rearm(void);
/* When it returns the timer is not running nor will it. Not from its own fire. */
void timer_cancel(struct timer *t);
/* Fires what is due and arms the hardware for the next; called by the timer interrupt. */
void timer_interrupt(void);

#endif
