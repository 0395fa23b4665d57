/* SPDX-License-Identifier: MIT */
/* For tests of signals: core/signal.c itself, a state to begin with, sending and taking. */
#ifndef SIGNAL_FIXTURE_H
#define SIGNAL_FIXTURE_H

#include "../../core/signal.c"

#include <abi/time.h>
#include <core/syscall.h>
#include <core/time.h>

#include "test.h"

extern struct thread *fake_current;

#define HANDLER 0x401000ul
#define RT	ABI_SIGRTMIN
#define BIT	SIGNAL_BIT

/* Every test begins with the default dispositions, one thread, nothing pending. */
static void begin(void)
{
	discard_all(~0ull);
	memset(actions, 0, sizeof(actions));
	CHECK_EQ(signal_queue_length, 0);
	signal_set_blocked(0);
	current_thread()->signals.restore_saved = false;
	current_thread()->work = 0;
	current_thread()->restart.fn = NULL;
}

__attribute__((unused)) static void handle_all(uint64_t flags, uint64_t mask)
{
	for (int sig = 1; sig <= ABI_SIGNALS; sig++)
		signal_action(sig, &(struct abi_sigaction){HANDLER + (unsigned)sig, flags, 0, mask},
			      NULL);
}

static struct abi_siginfo sent(int sig, int code, uint64_t value)
{
	return (struct abi_siginfo){.signo = sig, .code = code, .rt = {7, 8, value}};
}

__attribute__((unused)) static int send_self(int sig, int code, uint64_t value)
{
	struct abi_siginfo i = sent(sig, code, value);

	return signal_send_thread(current_thread(), &i);
}

__attribute__((unused)) static int send_app(int sig, int code, uint64_t value)
{
	struct abi_siginfo i = sent(sig, code, value);

	return signal_send_process(&i);
}

/* The next signal with a handler, begun; 0: none. */
__attribute__((unused)) static int next(void)
{
	struct signal_delivery d;

	if (!signal_next(&d))
		return 0;
	CHECK_EQ(d.action.handler, HANDLER + (unsigned)d.info.signo);
	signal_handler_begins(&d);
	return d.info.signo;
}

#endif
