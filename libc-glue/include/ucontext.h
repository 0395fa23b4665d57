/* SPDX-License-Identifier: MIT */
/* What a handler with SA_SIGINFO gets as its third argument. */
#ifndef _UCONTEXT_H
#define _UCONTEXT_H

#include <signal.h>
#include <sys/ucontext.h>

#endif
