/* SPDX-License-Identifier: MIT */
/*
 * System calls that nobody serves: ENOSYS, and a line of the log for the first of each number, with
 * the place it came from. C libraries probe for calls at every start, so the way of a number already
 * told is short: one look at a byte. Both entries are called by entry.S or by way of the table, with
 * interrupts on.
 */
#include <abi/errno.h>
#include <core/log.h>
#include <core/process.h>
#include <core/syscall.h>
#include <x86/arch.h>
#include <x86/percpu.h>

/* Numbers from here on share one byte; Linux's are below for long. */
#define NUMBERS 1024

/* Linux's, of calls that will never be there. */
#define FORK	 57
#define VFORK	 58
#define EXECVE	 59
#define EXECVEAT 322

static uint8_t told[NUMBERS + 1];

_Static_assert(SYSCALL_COUNT <= NUMBERS, "a number of the table has a byte of its own");

/* The number is the low half. Read as such, for a load of all of it is cut in one instruction more. */
static inline uint32_t number(const struct regs *r)
{
	return *(const volatile uint32_t *)&r->orig_ax;
}

/* Of these who asks is told why. */
static const char *reason(uint32_t nr)
{
	if (nr == FORK || nr == VFORK)
		return ": an image runs one process; use threads";
	return nr == EXECVE || nr == EXECVEAT ? ": an image runs one program" : "";
}

static __noinline long report(const struct regs *r)
{
	uint32_t nr = number(r);
	char place[EXEC_PLACE_SIZE];

	if (__atomic_exchange_n(&told[min(nr, (uint32_t)NUMBERS)], true, __ATOMIC_RELAXED))
		return -ENOSYS;
	log_warn("app: system call %d is not known (ENOSYS), called at %#llx%s%s", (int32_t)nr,
		 (unsigned long long)r->ip, exec_place(r->ip, place, sizeof(place)), reason(nr));
	return -ENOSYS;
}

/* A number outside the table, counted by the caller. */
long syscall_outside(const struct regs *r)
{
	uint32_t nr = number(r);

	return likely(nr < NUMBERS && told[nr]) ? -ENOSYS : report(r);
}

/* The frame of the running thread's call; percpu() would cost one instruction more. */
static inline const struct regs *frame(void)
{
	uintptr_t top;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(top) : "i"(offsetof(struct percpu, stack_top)));
	return (const struct regs *)top - 1;
}

/* A number inside the table that names no call. */
long sys_unknown(void)
{
	const struct regs *r = frame();

	return likely(told[number(r)]) ? -ENOSYS : report(r);
}
