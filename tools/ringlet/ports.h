/* SPDX-License-Identifier: MIT */
/* Ports of this machine that lead to ports of the guest. */
#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct forward {
	uint16_t wanted; /* 0: any */
	uint16_t host;	 /* chosen by forward_choose() */
	uint16_t guest;
	bool announced;
};

/* HOST:GUEST, or one number for both; dies with a usage error. */
struct forward forward_parse(const char *spec);
/*
 * Chooses f->host: the wanted port or the next free one above, none that is in taken[0..n).
 * A note says so if it is another. Dies if there is none or the wanted one may not be used.
 */
void forward_choose(struct forward *f, const struct forward *taken, unsigned n);
/* Lets more clients wait for QEMU, which has bound the ports by now, to accept them (backlog.c). */
void forward_lengthen_queue(pid_t qemu, const struct forward *f, unsigned n);
/* A local TCP connection to port under way, non-blocking: its descriptor or -1. */
int port_connect(uint16_t port);

#endif
