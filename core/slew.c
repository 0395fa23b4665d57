/* SPDX-License-Identifier: MIT */
/* See core/slew.h. */
#include "slew.h"

#define RATE   500  /* ppm by which an offset is worked off, as on Linux */
#define FACTOR 2000 /* so it takes so many times its own length */
#define ENOUGH 1000 /* ns that are not worth another round */

static int64_t sign(int64_t v)
{
	return (v > 0) - (v < 0);
}

int64_t slew_rate(const struct slew *s)
{
	int64_t scaled = s->frequency + (s->tick - SLEW_TICK) * (1000000 / SLEW_TICK) * SLEW_PPM +
			 sign(s->left) * RATE * SLEW_PPM;

	return scaled * 65536 / 1000000;
}

void slew_advance(struct slew *s, uint64_t now)
{
	uint64_t done = (now - s->since) / FACTOR;

	if (!s->left)
		return;
	s->since += done * FACTOR;
	/* Past the goal if the timer was late: then it goes back by that. */
	s->left -= sign(s->left) * (int64_t)done;
	if (s->left < ENOUGH && s->left > -ENOUGH)
		s->left = 0;
}

void slew_begin(struct slew *s, int64_t offset, uint64_t now)
{
	s->left = offset;
	s->since = now;
}

uint64_t slew_time(const struct slew *s)
{
	return (uint64_t)(s->left * sign(s->left)) * FACTOR;
}
