/* SPDX-License-Identifier: MIT */
/*
 * The filter (core/filter.c): the system calls the app may make, where the image or the option
 * allow= names them; without either all are allowed and nothing is asked. Set and sealed before the
 * app starts, and nothing can change it after. A call that is refused is SIGSYS as of Linux's
 * seccomp, or with the option refuse=enosys ENOSYS. The calls that end the app or a thread, and those
 * that end a handler or go on with a call that a signal broke off, are always allowed: no program
 * does without, and they reach nothing.
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include <core/compiler.h>

/* Where an image has its list. */
#define FILTER_PATH "/etc/ringlet/allow"

/*
 * Reads the list and the options; a name that is no system call ends the boot, as the image promises
 * what this core cannot keep. Boot only, once the archive is mounted, before arch_seal().
 */
void filter_init(void);
/* Puts the running thread under the filter, if there is one; its children are born under it. */
void filter_begin(void);

/* May the app make this call? Any number at all. */
bool filter_allows(long number);
/*
 * It may not: reports it, and gives what the call returns: -ENOSYS, or before a handler of SIGSYS
 * rolled_back, what its register had. Ends the app if it has no handler. pc: behind the call.
 * Thread context, interrupts on.
 */
long filter_refuse(long number, uintptr_t pc, long rolled_back);

/* What it is made of: named here for the test that shows that it is sealed. */
extern struct filter filter;

/*
 * With the option learn=1: tells the names of the calls that the app made, as records if output is
 * framed, else to the log. At the app's end.
 */
void filter_tell_used(void);

#endif
