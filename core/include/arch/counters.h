/* SPDX-License-Identifier: MIT */
/*
 * Contract: what the architecture counts, and what it tells of the CPUs. Counts go up only, each is
 * exact at some moment of the call. Thread context.
 */
#ifndef ARCH_COUNTERS_H
#define ARCH_COUNTERS_H

#include <core/compiler.h>

struct proc_text;
struct thread;

/* Ways into the core by the system-call instruction and ways back to ring 3, of all CPUs. */
struct arch_returns {
	uint64_t calls;	       /* entries by SYSCALL, each counted by its number */
	uint64_t sysret_slow;  /* system calls whose slow path ended in SYSRET after all */
	uint64_t iret_syscall; /* system calls that ended in IRET */
	uint64_t iret; /* all IRETs to ring 3: those, exceptions, interrupts, first entries */
};
void arch_count_returns(struct arch_returns *r);
/* The number of the system call that t is in, or a negative one. t does not run. */
long arch_syscall_of(const struct thread *t);

/* System calls with this number (below SYSCALL_COUNT); those with a number outside the table. */
uint64_t arch_count_syscall(unsigned number);
uint64_t arch_count_outside(void);

/* CPUs that have counts, and the interrupts and exceptions that cpu took on this vector. */
unsigned arch_count_cpus(void);
#define ARCH_VECTORS	   256
#define ARCH_EXCEPTION_MAX 31 /* vectors up to here are exceptions */
uint64_t arch_count_vector(unsigned cpu, unsigned vector);
/* A short name, never NULL. */
const char *arch_vector_name(unsigned vector);
/* Spurious ones of the interrupt controller, and those that no handler was there for. */
uint64_t arch_count_spurious(void);
uint64_t arch_count_unexpected(void);

/* The text of /proc/cpuinfo: what programs that run on this architecture look for there. */
void arch_cpuinfo(struct proc_text *t);

#endif
