/* SPDX-License-Identifier: MIT */
/* The state of a machine that is being watched; shared by supervise.c and verdict.c. */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "channel.h"
#include "guestlog.h"
#include "ready.h"
#include "run.h"
#include "stream.h"

/* How far ending the machine from outside has come. */
enum stop {
	STOP_NO,
	STOP_ASKED,
	STOP_QUIT,
	STOP_KILL
};

struct supervisor {
	struct run_options *options;
	pid_t pid;
	bool exited;
	int wait_status;

	/* The tool's ends, -1 when closed. */
	int output, log, error, qmp, input, signals;

	struct sink out, err;
	struct channel channel;
	struct guestlog guestlog;
	struct ready ready;
	struct buffer qemu_error; /* what QEMU said itself */
	struct buffer qmp_line, qmp_reason;
	struct buffer typed; /* input on its way to the guest */
	bool input_ended;

	bool have_status;
	uint32_t status;
	bool spoke;	 /* anything came from the guest */
	bool ready_seen; /* a READY record came */

	enum stop stop;
	uint64_t stop_time;    /* ms: when to take the next step */
	uint64_t timeout_time; /* ms; UINT64_MAX: none */
	bool timed_out;
	int signal; /* the first that came, 0: none */
};

/* The tool's exit status once the machine is gone; writes the one line that explains it to err. */
int verdict(struct supervisor *s);
/* True if QEMU never started because someone else took a port. */
bool verdict_port_lost(const struct supervisor *s);

#endif
