/* SPDX-License-Identifier: MIT */
/*
 * Cancellation: a pending bit and a signal that brings a sleeping thread back. Deferred, a thread ends
 * at the window of a cancellable call (cancel.h) or where it asks; asynchronous, anywhere but inside the
 * library's locks. Linked only into programs that cancel.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include "thread.h"

#define RED_ZONE 128

extern const struct cancel_window __start_cancel_windows[] __attribute__((visibility("hidden")));
extern const struct cancel_window __stop_cancel_windows[] __attribute__((visibility("hidden")));

static bool due(const struct thread_control *self)
{
	uint32_t word = __atomic_load_n(&self->cancel, __ATOMIC_RELAXED);

	return word & CANCEL_PENDING && !(word & (CANCEL_DISABLED | CANCEL_EXITING)) &&
	       !self->no_cancel;
}

/* Where an asynchronous cancellation sends a thread. */
_Noreturn static void cancelled(void)
{
	pthread_exit(PTHREAD_CANCELED);
}

void __ringlet_test_cancel(void)
{
	if (due(thread_self()))
		cancelled();
}

static uintptr_t address(const int32_t *offset)
{
	return (uintptr_t)offset + (uintptr_t)(intptr_t)*offset;
}

/* The way out of the window that ip is in, or 0. */
static uintptr_t way_out(uintptr_t ip)
{
	for (const struct cancel_window *w = __start_cancel_windows; w < __stop_cancel_windows; w++)
		if (ip >= address(&w->start) && ip < address(&w->end))
			return address(&w->way_out);
	return 0;
}

/*
 * The interrupted thread goes on where it is cancelled. If it was elsewhere, perhaps in a handler that
 * interrupted a cancellable call, the signal is sent again, blocked for what is interrupted now: it
 * comes back when that handler has returned.
 */
static void on_cancel(int sig, siginfo_t *info, void *context)
{
	struct thread_control *self = thread_self();
	ucontext_t *uc = context;
	greg_t *reg = uc->uc_mcontext.gregs;
	uintptr_t out;

	if (info->si_code != SI_TKILL || !due(self))
		return;
	out = way_out((uintptr_t)reg[REG_RIP]);
	if (out) {
		reg[REG_RIP] = (greg_t)out;
	} else if (self->cancel & CANCEL_ASYNC) {
		/* As a call would leave it. */
		reg[REG_RSP] = ((reg[REG_RSP] - RED_ZONE) & -16) - 8;
		reg[REG_RIP] = (greg_t)(uintptr_t)cancelled;
	} else {
		uc->uc_sigmask |= 1UL << (sig - 1);
		syscall3(SYS_tgkill, syscall0(SYS_getpid), self->tid, sig);
	}
}

/* Before the first signal is sent; doing it twice is no harm. */
static void catch_signal(void)
{
	static bool caught;
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_RESTART};

	if (__atomic_load_n(&caught, __ATOMIC_ACQUIRE))
		return;
	act.sa_sigaction = on_cancel;
	act.sa_mask = ~0UL;
	__ringlet_sigaction(SIGCANCEL, &act, NULL);
	__atomic_store_n(&caught, true, __ATOMIC_RELEASE);
}

int pthread_cancel(pthread_t thread)
{
	struct thread_control *tcb = thread_of(thread);
	uint32_t was;

	if (tcb->life & LIFE_GONE)
		return ESRCH;
	catch_signal();
	was = __atomic_fetch_or(&tcb->cancel, CANCEL_PENDING, __ATOMIC_ACQ_REL);
	if (was & (CANCEL_PENDING | CANCEL_DISABLED | CANCEL_EXITING))
		return 0;
	if (tcb == thread_self()) {
		if (was & CANCEL_ASYNC)
			__ringlet_test_cancel();
		return 0;
	}
	return thread_signal(tcb, SIGCANCEL, NULL);
}
