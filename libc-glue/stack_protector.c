/* SPDX-License-Identifier: MIT */
/* Where a function ends that finds its stack frame overwritten. */
#include <stdlib.h>
#include <unistd.h>

_Noreturn void __stack_chk_fail(void);

/* Trusts nothing of the program: no stdio, no handler, no cleaning up. */
void __stack_chk_fail(void)
{
	static const char message[] = "*** stack smashing detected: the program is ended\n";

	write(STDERR_FILENO, message, sizeof(message) - 1);
	abort();
}
