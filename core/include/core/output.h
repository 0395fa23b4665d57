/* SPDX-License-Identifier: MIT */
/*
 * Where the app's output goes (core/output.c). Plain: to the log's consoles. Framed (option
 * "output=frames", set by ringlet run): to port 0xE9 (QEMU's isa-debugcon) as records, so that
 * standard output, standard error and the exit status reach the host apart and unmixed. Record:
 * one byte type, two bytes little-endian length, that many bytes.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include <core/compiler.h>

#define OUTPUT_STDOUT 1
#define OUTPUT_STDERR 2
#define OUTPUT_STATUS \
	3 /* 4 bytes, little-endian: 0..255 exit status, 256 + n signal n, 512 core failed */
#define OUTPUT_READY \
	4 /* text: "ip ADDRESS" when an address is set; "listen PORT" at the first listen() */
#define OUTPUT_CALL 5 /* text: the name of a system call the app made; at its end, with learn=1 */

#define STATUS_CORE_FAILED 512

/* Reads the option; before it output is plain. Boot only. */
void output_init(void);
bool output_framed(void);
/* type is OUTPUT_*; n of any size (split into records). Any context. */
void output_write(unsigned type, const char *s, size_t n);

#endif
