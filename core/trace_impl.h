/* SPDX-License-Identifier: MIT */
/* Between trace.c (lines), trace_args.c (arguments) and trace_names.c (names of numbers). */
#ifndef TRACE_IMPL_H
#define TRACE_IMPL_H

#include <abi/signal.h>
#include <core/compiler.h>

#define TRACE_LINE 220

struct trace_line {
	char text[TRACE_LINE];
	size_t used;
};

/* Adds to the line; what does not fit is cut off. */
void trace_put(struct trace_line *l, const char *fmt, ...) __printf(2, 3);

/*
 * Adds the i-th argument of six, of the kind that tools/syscalls.awk gave it. done: the call was made
 * and gave result, so what it wrote can be read.
 */
void trace_put_argument(struct trace_line *l, char kind, const uint64_t arg[6], unsigned i,
			bool done, long result);

/* ---- trace_names.c ---- */

/* NULL for a number without a name. */
const char *trace_error_name(long error);
const char *trace_signal_name(long sig);
/* SEGV_MAPERR and the like; NULL. */
const char *trace_signal_code(int sig, int code);

/*
 * Bits and choices by name: (value & mask) == bits is name. Ends with an entry without a name. In a
 * set of flags every entry that holds is told; what is left is a number.
 */
struct trace_bits {
	uint32_t mask, bits;
	const char *name;
};
/* Those of a kind of argument, or NULL. */
const struct trace_bits *trace_bits(char kind);
extern const struct trace_bits trace_poll_bits[], trace_epoll_bits[], trace_action_bits[];
extern const struct trace_bits trace_socket_options[], trace_tcp_options[];
void trace_put_bits(struct trace_line *l, const struct trace_bits *b, uint32_t value);

#endif
