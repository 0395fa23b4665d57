/* SPDX-License-Identifier: MIT */
/*
 * Where a function goes that finds its canary overwritten on return (-fstack-protector-strong). The
 * canary is the thread's own, kept where the compiler looks for it by arch; called anywhere, on a
 * stack that can no longer be trusted. Not compiled into unit tests: the host's C library has it.
 */
#include <core/log.h>

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	panic("bug: stack overwritten in the function that returns to %p",
	      __builtin_return_address(0));
}
