/* SPDX-License-Identifier: MIT */
/*
 * The system-call tracer: a line of the log for each call of the app, with its arguments in words
 * and its result, and for each signal delivered. Option strace=1, or strace=NAME,NAME for some calls.
 * Thread context, interrupts on. A thread without WORK_TRACE never comes here by a call.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <abi/signal.h>
#include <core/compiler.h>

/* Reads the option; boot only. */
void trace_init(void);
/* Marks the running thread to be traced, if the option says so; its children are born so. */
void trace_begin(void);
/* Before the call: tells of those that do not return here. Nothing for a thread that is not traced. */
void trace_enter(long number, const uint64_t arg[6]);
/* After it. result is the handler's: -errno for errors. */
void trace_exit(long number, const uint64_t arg[6], long result);
/* A signal is about to be delivered to the running thread's handler. Any thread of the app's. */
void trace_signal(const struct abi_siginfo *info);

#endif
