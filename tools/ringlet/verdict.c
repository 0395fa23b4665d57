/* SPDX-License-Identifier: MIT */
/* What `ringlet run` makes of the machine's end: an exit status and, unless it is the app's, why. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "supervise.h"

#define CORE_SIGNAL 256
#define CORE_FAILED 512

static void explain(struct supervisor *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void explain(struct supervisor *s, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sink_add(&s->err, "ringlet: ", 9);
	sink_add(&s->err, line, strlen(line));
	sink_add(&s->err, "\n", 1);
}

static int from_status(struct supervisor *s)
{
	unsigned sig = s->status - CORE_SIGNAL;
	const char *name = sig < NSIG ? sigabbrev_np(sig) : NULL;

	if (s->status < CORE_SIGNAL)
		return s->status;
	if (s->status < CORE_FAILED) {
		explain(s, "the app was killed by signal %u (%s%s)", sig, name ? "SIG" : "unknown",
			name ? name : "");
		return STATUS_SIGNAL + sig % 128;
	}
	guestlog_show_tail(&s->guestlog);
	explain(s, "the core failed: its log's last lines say why");
	return STATUS_CORE;
}

static int from_machine(struct supervisor *s)
{
	const char *reason = s->qmp_reason.data;

	guestlog_show_tail(&s->guestlog);
	sink_add(&s->err, s->qemu_error.data, s->qemu_error.len);
	if (reason && !strcmp(reason, "guest-reset"))
		explain(s, "the machine was reset without a status from the app (a triple fault, "
			   "or an image that does not boot)");
	else if (reason)
		explain(s, "the machine stopped without a status from the app (%s)", reason);
	else if (WIFSIGNALED(s->wait_status))
		explain(s, "QEMU was killed by signal %d", WTERMSIG(s->wait_status));
	else if (!s->spoke)
		explain(s, "QEMU could not start the machine (exit status %d)",
			WEXITSTATUS(s->wait_status));
	else
		explain(s, "QEMU ended (exit status %d) without a status from the app",
			WEXITSTATUS(s->wait_status));
	return STATUS_MACHINE;
}

int verdict(struct supervisor *s)
{
	if (s->out.broken && s->out.error != EPIPE && !s->signal) {
		explain(s, "standard output: %s", strerror(s->out.error));
		return STATUS_MACHINE;
	}
	if (s->have_status)
		return from_status(s);
	if (s->timed_out) {
		guestlog_show_tail(&s->guestlog);
		explain(s, "stopped after %u s (--timeout)", s->options->timeout);
		return STATUS_TIMEOUT;
	}
	if (s->signal)
		return STATUS_SIGNAL + s->signal;
	if (s->out.broken)
		return STATUS_SIGNAL + SIGPIPE;
	if (s->channel.broken) {
		explain(s, "the output channel carried something that is no record: is this core "
			   "of the tool's version?");
		return STATUS_MACHINE;
	}
	return from_machine(s);
}

bool verdict_port_lost(const struct supervisor *s)
{
	return !s->spoke && !s->have_status && s->qemu_error.len && s->options->forwards &&
	       strstr(s->qemu_error.data, "host forwarding rule");
}
