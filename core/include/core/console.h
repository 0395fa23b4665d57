/* SPDX-License-Identifier: MIT */
/*
 * What is typed at the machine (core/dev/console.c): drivers hand bytes in, the one consumer (the
 * app's standard input) gets them. Until a consumer is registered, and while it has paused, drivers
 * that can hold bytes back do; those that cannot lose them.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include <core/compiler.h>

/* Makes fn the consumer. It is called with interrupts off, in any context, and must not sleep. */
void console_input_register(void (*fn)(const char *s, size_t n));
/* The consumer's flow control: true when its buffer is nearly full, false when it has room. */
void console_input_pause(bool paused);

/* For drivers. resume is called with interrupts off when bytes held back are wanted again. */
struct console_input {
	void (*resume)(struct console_input *c);
	struct console_input *next;
};
void console_input_attach(struct console_input *c);
/* True if the consumer takes bytes now; ask before each handful. Interrupts off. */
bool console_input_wanted(void);
/* Hands n bytes to the consumer. Interrupts off. */
void console_input(const char *s, size_t n);

/*
 * The consumer (core/fs/tty.c). For drivers that cannot hold bytes back (the UART): as
 * console_input(), but any context; what has no room is lost. Ignored under "input=frames".
 */
void console_push_input(const char *s, size_t n);
/* Descriptors 0, 1 and 2 of the app become the console's. 0 or -errno. Once, before exec_app(). */
int console_open_std(void);

#endif
