/* SPDX-License-Identifier: MIT */
/*
 * Says when the app can be reached: once the guest has an address and listens on a forwarded port.
 * For HTTP ports a connection is made first, so that the printed URL is one that answers.
 */
#ifndef READY_H
#define READY_H

#include <stdbool.h>
#include <stdint.h>
#include "run.h"
#include "stream.h"

struct ready {
	struct run_options *options;
	struct sink *sink; /* where it is said */
	bool address;	   /* the guest has one */
	uint16_t listening[MAX_FORWARDS];
	unsigned count;
	struct forward *probed; /* whose URL is being tried, or NULL */
	int probe_fd;		/* -1: no connection under way */
	uint64_t probe_time;	/* ms: when to look at it, or to try again */
};

/* Takes the text of an OUTPUT_READY record. now: milliseconds of the supervisor's clock. */
void ready_event(struct ready *r, const char *text, uint64_t now);
/* When ready_tick() wants to be called, in ms; UINT64_MAX: never. */
uint64_t ready_deadline(const struct ready *r);
void ready_tick(struct ready *r, uint64_t now);
void ready_end(struct ready *r);

#endif
