/* SPDX-License-Identifier: MIT */
/*
 * Readiness. QEMU's network accepts on the host before the guest has answered and closes at once if
 * the guest refuses: so a connection that is still open after a while was taken by the app.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ready.h"

#define PROBE_MS 100

static const char *scheme(uint16_t guest)
{
	switch (guest) {
	case 80:
	case 8000:
	case 8080:
		return "http";
	case 443:
	case 8443:
		return "https";
	}
	return NULL;
}

static void say(struct ready *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct ready *r, const char *fmt, ...)
{
	char line[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sink_add(r->sink, line, n);
}

static void announce(struct ready *r, struct forward *f)
{
	const char *s = scheme(f->guest);

	f->announced = true;
	if (s)
		say(r, "%s://127.0.0.1:%u/\n", s, f->host);
	else
		say(r, "127.0.0.1:%u leads to port %u of the app\n", f->host, f->guest);
}

static bool listens(const struct ready *r, uint16_t port)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->listening[i] == port)
			return true;
	return false;
}

static void begin_probe(struct ready *r, struct forward *f, uint64_t now)
{
	r->probed = f;
	r->probe_fd = port_connect(f->host);
	r->probe_time = now + PROBE_MS;
}

/* Announces what can be, one probe at a time. */
static void advance(struct ready *r, uint64_t now)
{
	for (unsigned i = 0; i < r->options->forwards && !r->probed; i++) {
		struct forward *f = &r->options->forward[i];

		if (f->announced || !r->address || !listens(r, f->guest))
			continue;
		if (scheme(f->guest))
			begin_probe(r, f, now);
		else
			announce(r, f);
	}
}

static void end_probe(struct ready *r)
{
	if (r->probed && r->probe_fd >= 0)
		close(r->probe_fd);
	r->probe_fd = -1;
}

void ready_tick(struct ready *r, uint64_t now)
{
	ssize_t n = 0;
	char byte;

	if (!r->probed || now < r->probe_time)
		return;
	if (r->probe_fd >= 0)
		n = recv(r->probe_fd, &byte, 1, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		end_probe(r);
		begin_probe(r, r->probed, now);
		return;
	}
	end_probe(r);
	announce(r, r->probed);
	r->probed = NULL;
	advance(r, now);
}

static void hint(struct ready *r, unsigned port)
{
	for (unsigned i = 0; i < r->options->forwards; i++)
		if (r->options->forward[i].guest == port)
			return;
	if (!quiet)
		say(r, "ringlet: the app listens on port %u; -p %u:%u makes it reachable\n", port,
		    port < 1024 ? port + 8000 : port, port);
}

void ready_event(struct ready *r, const char *text, uint64_t now)
{
	if (!strncmp(text, "ip ", 3)) {
		r->address = true;
	} else if (!strncmp(text, "listen ", 7)) {
		unsigned long port = strtoul(text + 7, NULL, 10);

		if (port > 0 && port < 65536 && r->count < MAX_FORWARDS && !listens(r, port)) {
			r->listening[r->count++] = port;
			hint(r, port);
		}
	}
	advance(r, now);
}

uint64_t ready_deadline(const struct ready *r)
{
	return r->probed ? r->probe_time : UINT64_MAX;
}

void ready_end(struct ready *r)
{
	end_probe(r);
	r->probed = NULL;
}
