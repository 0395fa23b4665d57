/* SPDX-License-Identifier: MIT */
/*
 * There is one process: a program that forks cannot work here, and its author should learn so from
 * the linker. Whoever pulls this file in gets an undefined symbol that says why.
 */
#include <unistd.h>

pid_t Ringlet_runs_one_process_so_there_is_no_fork(void);

pid_t fork(void)
{
	return Ringlet_runs_one_process_so_there_is_no_fork();
}

pid_t vfork(void)
{
	return Ringlet_runs_one_process_so_there_is_no_fork();
}
