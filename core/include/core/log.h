/* SPDX-License-Identifier: MIT */
/*
 * The core's log: one line a call, time-stamped, kept in a ring buffer and sent to every registered
 * console (core/log.c). Callable anywhere, interrupts included.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <core/compiler.h>

/* Each prints one line; the newline is added. */
void log_info(const char *fmt, ...) __printf(1, 2);
void log_warn(const char *fmt, ...) __printf(1, 2);
void log_err(const char *fmt, ...) __printf(1, 2);

/* Text as it is, without a time stamp. */
void log_raw(const char *s, size_t n);

/*
 * The core is about to report its own fault: interrupts off for good, every other CPU stopped, and
 * locks on the way to the consoles no longer count, for this CPU or a stopped one may hold them.
 * False if this CPU did so before: the report itself failed. If another CPU did, this one halts
 * without a word.
 */
bool log_emergency(void);
/* True from then on: locks on the way to the consoles are to be ignored. */
bool log_in_emergency(void);

/* The end of a panic as the option panic= wants it, without a further word but the status. */
_Noreturn void panic_stop(void);

/* For our bugs only: prints the message, registers and a backtrace, then halts or reboots. */
_Noreturn void panic(const char *fmt, ...) __printf(1, 2);

/* The same once the report of what is out already. */
_Noreturn void panic_reported(const char *what);

#define BUG_ON(cond)                                                          \
	do {                                                                  \
		if (unlikely(cond))                                           \
			panic("bug: %s at %s:%d", #cond, __FILE__, __LINE__); \
	} while (0)

/* A place where the log's text goes. write may be called with interrupts off. */
struct log_console {
	void (*write)(const char *s, size_t n);
	struct log_console *next;
};
void log_console_register(struct log_console *c);

/* Copies up to n bytes of the ring buffer's newest text to buf; returns the count. */
size_t log_read(char *buf, size_t n);

#endif
