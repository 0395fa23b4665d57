/* SPDX-License-Identifier: MIT */
/*
 * The machine's log as it comes from COM1. Firmware and GRUB write there too: what comes before the
 * core's first line is kept back and shown only if the core never speaks.
 */
#ifndef GUESTLOG_H
#define GUESTLOG_H

#include <stdbool.h>
#include "stream.h"

#define GUESTLOG_TAIL 20 /* lines kept for an error report */

struct guestlog {
	struct sink *sink;
	bool silent;	    /* lines are kept, not shown */
	bool core;	    /* the core has spoken */
	struct buffer line; /* the unfinished one */
	struct buffer tail[GUESTLOG_TAIL];
	size_t lines; /* ever put into tail */
};

void guestlog_feed(struct guestlog *l, const char *data, size_t n);
/* The stream is over: an unfinished line counts as one. */
void guestlog_finish(struct guestlog *l);
/* Shows the kept lines that were not shown when they came. */
void guestlog_show_tail(struct guestlog *l);
void guestlog_free(struct guestlog *l);

#endif
