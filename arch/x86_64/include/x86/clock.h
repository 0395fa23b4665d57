/* SPDX-License-Identifier: MIT */
/*
 * The clock inside the architecture: the line by which a counter becomes time (clock.c), the counters
 * and the choice among them (clock_source.c), the HPET (hpet.c).
 */
#ifndef X86_CLOCK_H
#define X86_CLOCK_H

#include <core/compiler.h>

/* A counter that counts up, the same for all CPUs. */
struct clock_source {
	const char *name; /* for the log */
	uint64_t (*read)(void);
	uint64_t mask; /* of the bits it has */
	uint64_t hz;   /* 0: to be measured */
};

/* Fenced: no read comes before what is before it in the program. */
extern const struct clock_source clock_tsc;

/* (n << 32) / d, which must fit in 64 bits. */
uint64_t clock_divide(uint64_t n, uint64_t d);
/* ticks by a rate of mult: nanoseconds a tick, 32.32 fixed point. */
static inline uint64_t clock_scale(uint64_t ticks, uint64_t mult)
{
	return (unsigned __int128)ticks * mult >> 32;
}

/* Time is 0 at that count of the TSC. Boot. */
void clock_begin(uint64_t tsc, uint64_t mult);
/*
 * From now on the clock goes by s, mult a tick; time goes on from where it is. For the TSC also what
 * the timer is armed by. Any context but NMI.
 */
void clock_go_by(const struct clock_source *s, uint64_t mult);
/* Its rate without correction, nanoseconds a tick. */
uint64_t clock_raw_mult(void);
/* What it goes by. */
const struct clock_source *clock_source_now(void);
/* The CPUs' counters are apart, and there is no other: no CPU gives out less than another did. */
void clock_hold(void);

/*
 * The TSC cannot be gone by, for that reason: the clock goes by another counter from now on. False if
 * there is none, or the options want the TSC.
 */
bool clock_leave_tsc(const char *why);

/* hpet.c: finds it and makes it count; its rate in Hz, 0: there is none. Boot. */
uint64_t hpet_init(void);
/* The lower half of its counter. */
uint64_t hpet_read(void);

#endif
