/* SPDX-License-Identifier: MIT */
/*
 * System calls that are cancellation points. The test for a cancellation and the SYSCALL instruction
 * make a window: a thread whose signal of cancellation comes inside it has not entered the core yet
 * (or was sent back there to call again), so the handler (pthread_cancel.c) lets it leave by the
 * window's way out, with CANCELLED as the result. One that comes later finds a finished call. Two
 * instructions more than an ordinary call. Private to libc-glue.
 */
#ifndef LIBC_GLUE_CANCEL_H
#define LIBC_GLUE_CANCEL_H

#include "syscall.h"
#include "tls.h"

/* Bits of thread_control.cancel. */
#define CANCEL_DISABLED 1 /* PTHREAD_CANCEL_DISABLE */
#define CANCEL_ASYNC	2 /* PTHREAD_CANCEL_ASYNCHRONOUS */
#define CANCEL_PENDING	4
#define CANCEL_EXITING	8 /* too late */

#define SIGCANCEL 32

/* The result of a call that was left: none of the core's, which end at -MAX_ERRNO. */
#define CANCELLED (-4094L)

/* Numbers the assembler can read. */
#define CANCEL_WORD_AT	   "0x44"
#define NO_CANCEL_AT	   "0x48"
#define CANCEL_PENDING_BIT "4"
#define CANCEL_OFF_BITS	   "9"
#define CANCELLED_TEXT	   "-4094"
_Static_assert(offsetof(struct thread_control, cancel) == 0x44, "CANCEL_WORD_AT");
_Static_assert(offsetof(struct thread_control, no_cancel) == 0x48, "NO_CANCEL_AT");
_Static_assert((CANCEL_DISABLED | CANCEL_EXITING) == 9, "CANCEL_OFF_BITS");

/* An entry of the section cancel_windows: offsets from each field itself. */
struct cancel_window {
	int32_t start, end, way_out;
};

#define CANCEL_WINDOW                                                     \
	"1:	testl $" CANCEL_PENDING_BIT ", %%fs:" CANCEL_WORD_AT "\n" \
	"	jnz 4f\n"                                                       \
	"2:	syscall\n"                                                    \
	"3:\n"                                                            \
	"	.subsection 1\n"                                                \
	"4:	testl $" CANCEL_OFF_BITS ", %%fs:" CANCEL_WORD_AT "\n"    \
	"	jnz 2b\n"                                                       \
	"	cmpl $0, %%fs:" NO_CANCEL_AT "\n"                         \
	"	jne 2b\n"                                                       \
	"5:	movq $" CANCELLED_TEXT ", %%rax\n"                        \
	"	jmp 3b\n"                                                       \
	"	.previous\n"                                                    \
	"	.pushsection cancel_windows, \"a\", @progbits\n"                \
	"	.balign 4\n"                                                    \
	"	.long 1b - ., 3b - ., 5b - .\n"                                 \
	"	.popsection"

static inline long cancellable6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile(CANCEL_WINDOW
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline long cancellable5(long n, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile(CANCEL_WINDOW
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline long cancellable4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile(CANCEL_WINDOW
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static inline long cancellable3(long n, long a, long b, long c)
{
	long ret;

	__asm__ volatile(CANCEL_WINDOW
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/* The call's result, or -1 and errno; a thread that is to be cancelled ends here. */
long cancellable_result(long raw);

/* As SYSCALL(), for calls of one to six arguments that are cancellation points. */
#define SYSCALL_CANCEL(...) \
	cancellable_result( \
		SYSCALL_PICK(__VA_ARGS__, CAN6, CAN5, CAN4, CAN3, CAN2, CAN1, CAN0)(__VA_ARGS__))
#define CAN0(n)		    cancellable3(n, 0, 0, 0)
#define CAN1(n, a)	    cancellable3(n, (long)(a), 0, 0)
#define CAN2(n, a, b)	    cancellable3(n, (long)(a), (long)(b), 0)
#define CAN3(n, a, b, c)    cancellable3(n, (long)(a), (long)(b), (long)(c))
#define CAN4(n, a, b, c, d) cancellable4(n, (long)(a), (long)(b), (long)(c), (long)(d))
#define CAN5(n, a, b, c, d, e) \
	cancellable5(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define CAN6(n, a, b, c, d, e, f) \
	cancellable6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Ends the thread as cancelled if that is due. pthread_cancel.c: linked only where one cancels. */
__attribute__((weak)) void __ringlet_test_cancel(void);

#endif
