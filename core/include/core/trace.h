/* SPDX-License-Identifier: MIT */
/*
 * The system-call tracer (option strace=1): a line of the log for each call of the app, with its
 * arguments by kind and its result. Thread context, interrupts on.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <core/compiler.h>

/* Marks the running thread to be traced, if the option says so. */
void trace_begin(void);
/* Before the call: tells of those that do not return. */
void trace_enter(long number, const uint64_t arg[6]);
/* After it. result is the handler's: -errno for errors. */
void trace_exit(long number, const uint64_t arg[6], long result);

#endif
