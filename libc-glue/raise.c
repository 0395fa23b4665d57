/* SPDX-License-Identifier: MIT */
/*
 * A signal to the calling thread. newlib's libc.a holds a raise() of its own that signals the process;
 * ringlet-cc asks for this one by name (-u raise) before the linker sees that.
 */
#include <signal.h>
#include <unistd.h>
#include "syscall.h"

int raise(int sig)
{
	return (int)SYSCALL(SYS_tgkill, getpid(), gettid(), sig);
}
